/** Scenarios and schedules by chance; what fails is made smaller until nothing can be left out. */
import * as fc from 'fast-check';
import type { Deed } from './actions.ts';
import { check, type Scenario } from './check.ts';
import { choosing, mostDrawn } from './choices.ts';
import type { Allowance } from './scheduler.ts';
import { apiNames } from './settings.ts';
import type { WorldSettings } from './truth.ts';
import type { Mutant } from './world.ts';

export interface Drawn {
  readonly settings: WorldSettings;
  readonly deeds: readonly Deed[];
  readonly numbers: readonly number[];
}

const jar = fc.nat(2);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('call'), jar, api: fc.constantFrom(...apiNames) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('refresh', 'user'), jar }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('login'), jar, user: fc.constantFrom('ann', 'bob'), alone: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('logout'), jar, everywhere: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('backchannel'), session: fc.nat(2), by: fc.constantFrom('sid', 'sub') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy'), jar }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass'), seconds: fc.constantFrom(5, 45, 250, 301) }) },
);

const settings: fc.Arbitrary<WorldSettings> = fc.record({
  rotation: fc.constantFrom('strict', 'strict', 'overlap', 'none'),
  issuesRefreshTokens: fc.constantFrom(true, true, true, false),
  further: fc.constantFrom('granted', 'granted', 'substituted', 'invalid_target', 'invalid_grant'),
  tokenSeconds: fc.constantFrom(300, 300, 5),
  hasTable: fc.constant(true),
  revocation: fc.constantFrom('refresh', 'refresh', 'immediate'),
});

const drawn: fc.Arbitrary<Drawn> = fc.record({
  settings,
  deeds: fc.array(deed, { minLength: 1, maxLength: 10, size: 'max' }),
  numbers: fc.array(fc.nat(mostDrawn - 1), { maxLength: 150, size: 'max' }),
});

export const allowance: Allowance = { switch: Number.POSITIVE_INFINITY, delay: 5, fault: 3 };

export const scenarioOf = ({ settings: of, deeds }: Drawn, mutant?: Mutant): Scenario => ({
  settings: of,
  before: [
    { kind: 'login', jar: 0, user: 'ann' },
    { kind: 'pass', seconds: of.tokenSeconds + 1 },
  ],
  deeds,
  allowance,
  ...(mutant === undefined ? {} : { mutant }),
});

/** @throws with the smallest scenario and schedule that were found, and its trace */
export async function tryBy(chance: { readonly seed: number; readonly runs: number }, mutant?: Mutant): Promise<void> {
  const property = fc.asyncProperty(drawn, async (one) => {
    await check(scenarioOf(one, mutant), choosing(one.numbers));
  });
  await fc.assert(property, {
    seed: chance.seed,
    numRuns: chance.runs,
  });
}
