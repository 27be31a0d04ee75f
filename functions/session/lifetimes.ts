/** How long a session lasts, and how often its use is written down. */
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import type { Grant, NewGrant } from './grant.ts';
import type { Identity } from './identity.ts';

const earlier = (left: EpochSeconds, right: number): EpochSeconds => (right < left ? epochSeconds(right) : left);

/** A session that may be used. */
export interface LiveSession {
  readonly identity: Identity;
  readonly grant: Grant;
  readonly lastActiveAt: EpochSeconds;
}

/**
 * Without a refresh token, and where the provider lets it end, the session lasts as long as the last of its tokens; where
 * it has none, until its absolute end.
 */
export function grantEndsAt(grant: NewGrant, { endsAt }: Identity): EpochSeconds {
  const { refreshToken, refreshTokenInStore, refreshEndsAt, tokens } = grant;
  const ends = [...tokens.values()].map((token) => token.endsAt);
  if (refreshToken === undefined && refreshTokenInStore !== true)
    return ends.length === 0 ? endsAt : earlier(endsAt, Math.max(...ends));
  return refreshEndsAt === undefined ? endsAt : earlier(endsAt, Math.max(refreshEndsAt, ...ends));
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

/** A token is renewed before it ends, by a minute or by a quarter of its life, whichever is shorter. */
export const refreshAtOf = (issuedAt: EpochSeconds, expiresAt: EpochSeconds): EpochSeconds =>
  epochSeconds(expiresAt - Math.min(60, Math.max(0, expiresAt - issuedAt) / 4));
