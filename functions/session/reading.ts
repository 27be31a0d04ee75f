/** What a sealed cookie counts as once it has been opened, or could not be. */
import type { EpochSeconds } from '../contract/units.ts';
import type { Cookies } from '../http/message.ts';
import { openCookie } from './chunks.ts';
import type { KeyRing } from './keyring.ts';
import type { Opened, Purpose } from './sealing.ts';

/** A sealed value that this instance cannot open although it may be genuine: 503, and nothing is deleted. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly reason: 'unknown_key' | 'newer_format';
}

export interface ReadingRules {
  readonly ring: KeyRing;
  readonly now: EpochSeconds;
  /**
   * What a value under a key counts as that the ring lacks: `unreadable` until the ring has been read again for this
   * request, `absent` afterwards, because then the key is retired.
   */
  readonly unknownKey: 'unreadable' | 'absent';
}

/** What one cookie came to. */
export type Value<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'absent' } | Unreadable;

export const absent = { kind: 'absent' } as const;

/** @param opened undefined when there was no cookie */
export function valueOf<T>(
  opened: Opened | undefined,
  decode: (bytes: Buffer) => T | undefined,
  rules: ReadingRules,
): Value<T> {
  if (opened === undefined || opened.kind === 'invalid') return absent;
  if (opened.kind === 'newer_format') return { kind: 'unreadable', reason: 'newer_format' };
  if (opened.kind === 'unknown_key') {
    return rules.unknownKey === 'absent' ? absent : { kind: 'unreadable', reason: 'unknown_key' };
  }
  const value = decode(opened.plaintext);
  return value === undefined ? absent : { kind: 'value', value };
}

/** Reads a cookie under a name that only this host can set. @param decode undefined when the value has another shape */
export function readValue<T>(
  cookies: Cookies,
  name: string,
  purpose: Purpose,
  decode: (bytes: Buffer) => T | undefined,
  rules: ReadingRules,
): Value<T> {
  return valueOf(openCookie(cookies, name, purpose, rules.ring), decode, rules);
}
