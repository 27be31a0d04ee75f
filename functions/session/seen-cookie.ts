/** Writes down that a session is in use. It happens seldom, so that what seals is loaded then. */
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { Seconds } from '../contract/units.ts';
import type { SetCookie } from '../http/message.ts';
import { sealChunks } from './chunks.ts';
import { bindingOf } from './identity.ts';
import { isSeenDue } from './lifetimes.ts';
import type { LiveSession } from './lifetimes.ts';
import type { Sealer } from './sealing.ts';
import { encodeSeen } from './seen.ts';

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
