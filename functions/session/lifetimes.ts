/** How long a session lasts, and how often its use is written down. */
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import type { Grant } from './grant.ts';
import type { Identity } from './identity.ts';

/** A session that may be used. */
export interface LiveSession {
  readonly identity: Identity;
  readonly grant: Grant;
  readonly lastActiveAt: EpochSeconds;
}

/** Without a refresh token the session lasts as long as the last of its tokens; where it has none, until its absolute end. */
export function grantEndsAt({ refreshToken, tokenEndsAt }: Grant, { endsAt }: Identity): EpochSeconds {
  if (refreshToken !== undefined || tokenEndsAt.size === 0) return endsAt;
  return Math.min(endsAt, Math.max(...tokenEndsAt.values())) as EpochSeconds;
}

/**
 * @param session a live one; after a request that prolonged it, with `lastActiveAt` now
 * @returns when it ends unless something prolongs it
 */
export const sessionEndsAt = ({ identity, grant, lastActiveAt }: LiveSession, idleSeconds: Seconds): EpochSeconds =>
  Math.min(grantEndsAt(grant, identity), lastActiveAt + idleSeconds) as EpochSeconds;

/** Activity is written down at most this often within the idle time. */
const partsOfIdle = 10;

/** Whether so much time has passed since the last activity that another one must be written down. */
export const isSeenDue = (lastActiveAt: EpochSeconds, now: EpochSeconds, idleSeconds: Seconds): boolean =>
  (now - lastActiveAt) * partsOfIdle >= idleSeconds;
