/** Scenarios by chance: several jars and users, and whatever can happen to them, in any order, with faults and delays. */
import { test } from 'node:test';
import { tryBy } from './chance.ts';
import { isLong, seed } from './effort.ts';

const runs = isLong ? 200_000 : 2000;

test(`nothing goes wrong in ${runs} schedules by chance`, async (context) => {
  context.diagnostic(`seed ${seed}`);
  await tryBy({ seed, runs });
});
