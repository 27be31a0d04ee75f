/** Several writers of one ring in every order, stopped at any point: the ring always works. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { nextRing } from '../../../functions/rotation/next-ring.ts';
import { writeRing } from '../../../functions/rotation/ring-text.ts';
import { rotateKeys, type RingParameter, type Rotation } from '../../../functions/rotation/rotate.ts';
import { anyRing, asRead, at, day, kidsOf, midnight, monthly, sealedWith, storedKey } from './samples.ts';
import { createVersions, newest, ringOf, type Versions } from './versions.ts';

/** Shortly before the day changes, so that writers give their keys the same or another name. */
const now = epochSeconds(midnight + 21 * day - 45);

interface Writer {
  readonly demand: 'when due' | 'at once';
  /** Seconds by which its clock, or its start, differs. */
  readonly late: number;
  /** After how many steps it is stopped for good. */
  readonly steps: number | undefined;
}

/** Lets all of them run in the order which the scheduler chooses. @returns how those ended that were not stopped */
async function run(versions: Versions, scheduler: fc.Scheduler, each: readonly Writer[]): Promise<Rotation[]> {
  const ended: Rotation[] = [];
  for (const { demand, late, steps = Infinity } of each) {
    let left = steps;
    const parameter = versions.writer(async () => {
      if (left <= 0) return new Promise(() => undefined);
      left -= 1;
      return scheduler.schedule(Promise.resolve());
    });
    void rotateKeys({ parameter, rules: monthly, occasion: at(now + late, demand) }).then((rotation) =>
      ended.push(rotation),
    );
  }
  await scheduler.waitIdle();
  return ended;
}

/** Does not look at the version that its write made. */
const careless = async (parameter: RingParameter, time: number): Promise<string | undefined> => {
  const found = await parameter.read();
  const { ring, added } = nextRing(ringOf(found?.text ?? ''), monthly, at(time, 'at once'));
  await parameter.overwrite(writeRing(ring));
  return added;
};

describe('several writers at once', () => {
  const anybody = fc.record({
    demand: fc.constantFrom('when due' as const, 'at once' as const),
    late: fc.integer({ min: 0, max: 90 }),
    steps: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  });
  const writers = fc.array(anybody, { minLength: 2, maxLength: 4 });
  /** Of four, one may be kept from the last word for as long as it tries, and say so. */
  const few = fc.array(anybody, { minLength: 2, maxLength: 3 });

  it('never leave a ring without a key that is needed, wherever they are stopped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), anyRing(now), writers, async (scheduler, ring, each) => {
        const versions = ring.length === 0 ? createVersions() : createVersions(writeRing(ring));
        await run(versions, scheduler, each);
        const first = versions.texts[0];
        const before = first === undefined ? [] : ringOf(first);
        const needed = before.length === 0 ? [] : sealedWith(before, now + 90 - monthly.longestSessionSeconds, now);
        for (const text of versions.texts) {
          asRead(ringOf(text));
          assert.deepEqual(
            [...needed].filter((kid) => !kidsOf(ringOf(text)).includes(kid)),
            [],
          );
        }
      }),
    );
  });

  it('end, if they are three at most and nobody is stopped, with the keys of all of them, each with one value', async () => {
    const unstopped = few.map((each) => each.map((writer) => ({ ...writer, steps: undefined })));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), anyRing(now), unstopped, async (scheduler, ring, each) => {
        fc.pre(ring.length <= 12 - each.length);
        const versions = ring.length === 0 ? createVersions() : createVersions(writeRing(ring));
        const ended = await run(versions, scheduler, each);
        assert.equal(ended.length, each.length);
        const last = newest(versions);
        for (const rotation of ended) {
          assert.ok(rotation.kind === 'rotated' || rotation.kind === 'unchanged', rotation.kind);
          if (rotation.added !== undefined) assert.ok(kidsOf(last).includes(rotation.added), rotation.added);
        }
        for (const { kid, key } of ring) {
          const kept = last.find((found) => found.kid === kid);
          assert.ok(kept === undefined || kept.key === key);
        }
      }),
    );
  });

  it('make one key together where it is due for all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, count) => {
        const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
        await run(
          versions,
          scheduler,
          Array.from({ length: count }, () => ({ demand: 'when due' as const, late: 0, steps: undefined })),
        );
        assert.deepEqual(kidsOf(newest(versions)), ['old', '20261212']);
      }),
    );
  });

  it('would lose keys if nobody looked at the version of his write', async () => {
    const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
      const pause = async () => scheduler.schedule(Promise.resolve());
      const added = [now, now + 60].map((time) => careless(versions.writer(pause), time));
      await scheduler.waitIdle();
      for (const kid of await Promise.all(added)) assert.ok(kidsOf(newest(versions)).includes(kid ?? ''));
    });
    await assert.rejects(async () => fc.assert(property), /Property failed/);
  });
});
