/** When an access token ends, from what the provider says in two places and in many ways. */
import { epochSeconds, type EpochSeconds } from '../contract/units.ts';
import type { Members } from './token.ts';

/** A token that cannot be read and whose provider does not say how long it lives. */
const assumedLifeSeconds = 300;

/** No session lasts as long; keeps absurd values out of cookie lifetimes and sums. */
const longestLifeSeconds = 31_536_000;

const isFinite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** `expires_in` (RFC 6749, section 5.1); some providers send it as a string. What is no number counts as absent. */
function lifeSeconds(expiresIn: unknown): number | undefined {
  if (typeof expiresIn === 'string') return /^-?\d{1,15}$/.test(expiresIn) ? Number(expiresIn) : undefined;
  return isFinite(expiresIn) ? expiresIn : undefined;
}

/**
 * The earlier of both ends counts.
 *
 * @param claims of the token, whose `exp` counts (RFC 7519, section 4.1.4); `undefined` where they cannot be read
 * @param expiresIn the member `expires_in` of the token answer as received, `undefined` where absent
 * @returns a time that is not after `now` when the token has ended; 0 when its claims can be read and hold no usable `exp`
 */
export function endOf(claims: Members | undefined, expiresIn: unknown, now: EpochSeconds): EpochSeconds {
  const life = lifeSeconds(expiresIn);
  const end = claims === undefined ? now + (life ?? assumedLifeSeconds) : claims['exp'];
  if (!isFinite(end)) return epochSeconds(0);
  return epochSeconds(Math.max(0, Math.min(end, now + (life ?? longestLifeSeconds), now + longestLifeSeconds)));
}
