/** The ring of keys that seal and open cookies: which key opens a value, which one seals the next, and what is derived from each. */
import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../contract/units.ts';

/** One key of the ring. */
export interface RingKey {
  readonly kid: string;
  readonly createdAt: EpochSeconds;
  /**
   * The key that seals one kind of value (HKDF-SHA256, RFC 5869). It is made once and kept, so labels must come from a
   * small set and never from a request.
   *
   * @param label says what the derived key is for; another label gives an unrelated key
   */
  derive(label: string): KeyObject;
}

/** The keys that are known at the moment. */
export interface KeyRing {
  /** @returns the key of that id, whatever its age */
  find(kid: string): RingKey | undefined;
  /** @returns the newest key that every instance has had the time to read; the oldest one while there is none */
  sealingAt(now: EpochSeconds): RingKey;
}

/** A ring, or why there is none. The reason names a position and a rule, never a part of the value. */
export type ParsedKeyRing =
  { readonly kind: 'ring'; readonly ring: KeyRing } | { readonly kind: 'invalid'; readonly reason: string };

const keyBytes = 32;
/** A ring may hold no more. */
export const mostKeys = 12;
/** Instances re-read their parameters within minutes; after an hour a new key can be opened everywhere. */
export const openableEverywhereAfterSeconds = 3600;
/** 32 random bytes hold about 30 different values; fewer than 17 is a word, a pattern or hexadecimal text. */
const fewestDistinctBytes = 17;
const kidPattern = /^[\w.-]{1,32}$/;
const keyPattern = /^[\w-]{43}$/;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const looksRandom = (bytes: Buffer): boolean => new Set(bytes).size >= fewestDistinctBytes;

function readKeyBytes(text: unknown): Buffer | string {
  if (typeof text !== 'string' || !keyPattern.test(text)) {
    return `"key" must be the base64url text of exactly ${keyBytes} bytes (43 characters, no padding)`;
  }
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return '"key" is not canonical base64url';
  return looksRandom(bytes) ? bytes : '"key" is not random';
}

function makeKey(kid: string, createdAt: number, bytes: Buffer): RingKey {
  const secret = createSecretKey(bytes);
  const derived = new Map<string, KeyObject>();
  return {
    kid,
    createdAt: createdAt as EpochSeconds,
    derive(label) {
      const known = derived.get(label);
      if (known) return known;
      const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', label, keyBytes)));
      derived.set(label, key);
      return key;
    },
  };
}

function readKey(entry: unknown): RingKey | string {
  if (!isRecord(entry)) return 'must be an object with "kid", "key" and "createdAt"';
  const { kid, key, createdAt } = entry;
  if (typeof kid !== 'string' || !kidPattern.test(kid))
    return '"kid" must be 1 to 32 of the characters A-Z a-z 0-9 _ . -';
  if (!Number.isSafeInteger(createdAt) || (createdAt as number) < 0)
    return '"createdAt" must be whole seconds since 1970';
  const bytes = readKeyBytes(key);
  return typeof bytes === 'string' ? bytes : makeKey(kid, createdAt as number, bytes);
}

function makeRing(oldestFirst: readonly [RingKey, ...RingKey[]]): KeyRing {
  const byKid = new Map(oldestFirst.map((key) => [key.kid, key]));
  return {
    find: (kid) => byKid.get(kid),
    sealingAt: (now) =>
      oldestFirst.findLast((key) => now - key.createdAt >= openableEverywhereAfterSeconds) ?? oldestFirst[0],
  };
}

const invalid = (reason: string): ParsedKeyRing => ({ kind: 'invalid', reason });

/**
 * Reads the `cookie-keys` parameter.
 *
 * @param text JSON: `{"keys":[{"kid":"20261122","key":"<base64url of 32 bytes>","createdAt":1795305600}]}`, one to
 *   twelve keys, each `kid` once
 */
export function parseKeyRing(text: string): ParsedKeyRing {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return invalid('not JSON');
  }
  const entries: unknown = isRecord(parsed) ? parsed['keys'] : undefined;
  if (!Array.isArray(entries)) return invalid('must be an object with the list "keys"');
  if (entries.length === 0) return invalid('"keys" is empty');
  if (entries.length > mostKeys) return invalid(`"keys" holds more than ${mostKeys} keys`);
  const keys: RingKey[] = [];
  for (const [index, entry] of entries.entries()) {
    const key = readKey(entry);
    if (typeof key === 'string') return invalid(`keys[${index}]: ${key}`);
    if (keys.some(({ kid }) => kid === key.kid)) return invalid(`keys[${index}]: "kid" occurs twice`);
    keys.push(key);
  }
  const [oldest, ...newer] = keys.sort((a, b) => a.createdAt - b.createdAt);
  return oldest ? { kind: 'ring', ring: makeRing([oldest, ...newer]) } : invalid('"keys" is empty');
}
