/** How hard the properties are tried: a fixed number of runs with every `npm test`, as many as wanted with `npm run fuzz`. */
import { test } from 'node:test';
import * as fc from 'fast-check';

/** Runs of each property in an ordinary test run. */
const ordinaryRuns = 1000;

const runs = Number(process.env['FUZZ_RUNS'] ?? ordinaryRuns);
const seed = process.env['FUZZ_SEED'];

/** A property that hardly ever gets to what it is about shows nothing; this share of its runs has to. */
const leastShare = 0.01;

/**
 * One test of one property. When it fails, the message has the smallest example found and the seed with which
 * `npm run fuzz -- <runs> <seed>` finds it again.
 */
export function holds<Ts>(title: string, property: fc.IProperty<Ts> | fc.IAsyncProperty<Ts>): void {
  test(`${title} (${String(runs)} runs)`, async () => {
    await fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) });
  });
}

/** Counts the runs that got to what a property is about; says at the end whether they were enough. */
export function counted(what: string): { readonly reached: () => void } {
  let count = 0;
  test.after(() => {
    if (count < runs * leastShare)
      throw new Error(`Only ${String(count)} of ${String(runs)} runs got as far as: ${what}`);
  });
  return { reached: () => void (count += 1) };
}
