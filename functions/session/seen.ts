/** When a session was last used: a small cookie of its own, so that activity rewrites neither the identity nor the grant. */
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import type { SetCookie } from '../http/message.ts';
import { sealChunks } from './chunks.ts';
import { isText, isTime, parseObject } from './fields.ts';
import { bindingOf } from './identity.ts';
import { isSeenDue } from './lifetimes.ts';
import type { LiveSession } from './lifetimes.ts';
import type { Sealer } from './sealing.ts';

/** The time of the last activity, tied to its session. */
export interface Seen {
  readonly binding: string;
  readonly at: EpochSeconds;
  readonly endsAt: EpochSeconds;
}

export const encodeSeen = ({ binding, at, endsAt }: Seen): Buffer =>
  Buffer.from(JSON.stringify({ session: binding, at, exp: endsAt }));

export function decodeSeen(plaintext: Buffer): Seen | undefined {
  const { session, at, exp } = parseObject(plaintext) ?? {};
  return isText(session) && isTime(at) && isTime(exp) ? { binding: session, at, endsAt: exp } : undefined;
}

/**
 * @param session a live session that this request prolongs
 * @returns the cookie that says so; undefined while a recent one says it already
 */
export function seenCookie(session: LiveSession, idleSeconds: Seconds, sealer: Sealer): SetCookie | undefined {
  const { identity, lastActiveAt } = session;
  if (!isSeenDue(lastActiveAt, sealer.now, idleSeconds)) return undefined;
  const plaintext = encodeSeen({ binding: bindingOf(identity), at: sealer.now, endsAt: identity.endsAt });
  const [value = ''] = sealChunks(cookie.seen, 'seen', plaintext, sealer);
  const maxAgeSeconds = seconds(identity.endsAt - sealer.now);
  return { name: cookie.seen, value, path: '/', sameSite: 'Strict', maxAgeSeconds };
}
