/** How often the keys of a stage change, and how often that is looked after. */
import { longestSessionOf } from '../../functions/configuration/rotation.ts';
import type { Packaged } from '../../functions/configuration/schema.ts';
import type { Seconds } from '../../functions/contract/units.ts';
import { keptAfterSuccessorSeconds } from '../../functions/rotation/next-ring.ts';
import { mostKeys } from '../../functions/session/keyring.ts';
import type { StageParameters } from './parameters.ts';
import { PackagingError } from './problems.ts';

const hourSeconds = 3600;
const weekSeconds = 7 * 24 * hourSeconds;

/**
 * A run that finds the key of its period changes nothing, so that there can be many of them: the first one of a period
 * makes the key, and one that fails is made up for.
 *
 * @returns a schedule expression of EventBridge
 */
export const checksEvery = (periodSeconds: number): string =>
  periodSeconds < weekSeconds ? 'rate(1 hour)' : 'rate(1 day)';

/**
 * With a period as long as this there is always room for its key: all the others but two are made while the sessions of
 * the oldest one last, one in each period. The two are the oldest one and the new one.
 *
 * @returns whole hours
 */
export function shortestPeriodHours(longestSessionSeconds: Seconds): number {
  const keptSeconds = keptAfterSuccessorSeconds({ longestSessionSeconds });
  return Math.ceil(keptSeconds / (mostKeys - 2) / hourSeconds);
}

/** @throws PackagingError where the ring would be full before the sessions of its oldest key have ended */
export function checkRotation(stage: string, { keyRotation }: StageParameters, packaged: Packaged): void {
  const hours = shortestPeriodHours(longestSessionOf(packaged));
  if (keyRotation.period >= hours * hourSeconds) return;
  throw new PackagingError([
    `config/${stage}.params.yml: keyRotation.period: must be at least "${String(hours)}h", so that the ${String(mostKeys)} keys of a ring outlast the longest session (session.absolute).`,
  ]);
}
