/** Who may redeem: the lease, giving it back, and the generation that ends it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Unknown } from '../../../../functions/refresh/store.ts';
import { endsAt, leaseMs, leaseOf, logout, refused, startMs, taken } from './setting.ts';
import type { Setting } from './setting.ts';

export function leaseBehaviour(at: Setting): void {
  describe('the lease', () => {
    test('is taken on a row without one, which is returned as it was', async () => {
      await at.store.create(at.ref, endsAt);
      assert.deepEqual(await at.take('a'), taken({ generation: 1 }));
      assert.deepEqual(await at.rowNow(), { generation: 1, lease: leaseOf('a') });
    });

    test('creates an absent row with the generation of the grant', async () => {
      assert.deepEqual(await at.take('a', { generation: 7 }), taken(undefined));
      assert.deepEqual(await at.rowNow(), { generation: 7, lease: leaseOf('a') });
    });

    test('brings a row that is behind the grant to its generation', async () => {
      await at.store.create(at.ref, endsAt);
      assert.deepEqual(await at.take('a', { generation: 3 }), taken({ generation: 1 }));
      assert.equal((await at.rowNow())?.generation, 3);
    });

    test('is refused for a grant that is behind the row', async () => {
      await at.take('a', { generation: 3 });
      await at.store.release(at.ref, 'a', undefined);
      assert.deepEqual(await at.take('b', { generation: 2 }), refused);
      assert.deepEqual(await at.rowNow(), { generation: 3 });
    });

    test('is refused while another holds it', async () => {
      await at.take('a');
      at.clock.moveBy(1);
      assert.deepEqual(await at.take('b'), refused);
      assert.deepEqual((await at.rowNow())?.lease, leaseOf('a'));
    });

    test('still belongs to its holder in the millisecond in which it ends', async () => {
      await at.take('a');
      at.clock.moveBy(leaseMs);
      assert.deepEqual(await at.take('b'), refused);
    });

    test('is taken over a millisecond after its end, and the unfinished one is told', async () => {
      await at.take('a');
      at.clock.moveBy(leaseMs + 1);
      assert.deepEqual(await at.take('b'), taken({ generation: 1, lease: leaseOf('a') }));
      assert.equal((await at.rowNow())?.lease?.holder, 'b');
    });

    test('that is asked for again by its holder is taken', async () => {
      await at.store.create(at.ref, endsAt);
      const same = at.wish('a');
      await at.store.takeLease(at.ref, same);
      assert.deepEqual(await at.store.takeLease(at.ref, same), taken({ generation: 1, lease: leaseOf('a') }));
    });

    test('is refused to a session with a tombstone', async () => {
      await at.store.bury(at.ref, logout, endsAt);
      assert.deepEqual(await at.take('a'), refused);
    });

    test('goes to exactly one of many who ask at the same time', async () => {
      await at.store.create(at.ref, endsAt);
      const asked = Array.from({ length: 20 }, (_, nth) =>
        (nth % 2 === 0 ? at.store : at.other).takeLease(at.ref, at.wish(`holder-${nth}`)),
      );
      const results = await Promise.all(asked);
      assert.equal(results.filter((result) => result.kind === 'taken').length, 1);
      const winner = results.findIndex((result) => result.kind === 'taken');
      assert.equal((await at.rowNow())?.lease?.holder, `holder-${winner}`);
    });

    test('over an absent row goes to exactly one of two', async () => {
      const both = await Promise.all([
        at.store.takeLease(at.ref, at.wish('a')),
        at.other.takeLease(at.ref, at.wish('b')),
      ]);
      assert.deepEqual(both.map(({ kind }) => kind).sort(), ['refused', 'taken']);
    });
  });

  describe('giving the lease back', () => {
    const unknown: Unknown = { count: 1, notBeforeMs: startMs + 1000 };

    test('without an open outcome leaves the row free', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', undefined);
      assert.deepEqual(await at.rowNow(), { generation: 1 });
      assert.deepEqual(await at.take('b'), taken({ generation: 1 }));
    });

    test('with an unknown outcome says so', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', unknown);
      assert.deepEqual(await at.rowNow(), { generation: 1, unknown });
    });

    test('with an unknown outcome keeps everybody away until its time', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', unknown);
      at.clock.moveTo(unknown.notBeforeMs - 1);
      assert.deepEqual(await at.take('b'), refused);
      at.clock.moveBy(1);
      assert.deepEqual(await at.take('b'), taken({ generation: 1, unknown }));
    });

    test('an unknown outcome is counted on while the next holder is at work', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', unknown);
      at.clock.moveTo(unknown.notBeforeMs);
      await at.take('b');
      assert.deepEqual((await at.rowNow())?.unknown, unknown);
    });

    test('after a known outcome forgets the unknown ones', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', unknown);
      at.clock.moveTo(unknown.notBeforeMs);
      await at.take('b');
      await at.store.release(at.ref, 'b', undefined);
      assert.deepEqual(await at.rowNow(), { generation: 1 });
    });

    for (const why of [undefined, unknown]) {
      test(`by somebody else has no effect, ${why ? 'outcome unknown' : 'outcome known'}`, async () => {
        await at.take('a');
        await at.store.release(at.ref, 'b', why);
        assert.deepEqual(await at.rowNow(), { generation: 1, lease: leaseOf('a') });
      });

      test(`of a session without a row makes none, ${why ? 'outcome unknown' : 'outcome known'}`, async () => {
        await at.store.release(at.ref, 'a', why);
        assert.equal(await at.rowNow(), undefined);
      });
    }

    test('twice is the same as once', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', unknown);
      await at.store.release(at.ref, 'a', unknown);
      assert.deepEqual(await at.rowNow(), { generation: 1, unknown });
    });
  });

  describe('the next generation', () => {
    test('ends the lease', async () => {
      await at.take('a');
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'advanced');
      assert.deepEqual(await at.rowNow(), { generation: 2 });
    });

    test('forgets unknown outcomes', async () => {
      await at.take('a');
      await at.store.release(at.ref, 'a', { count: 3, notBeforeMs: startMs });
      await at.take('b');
      await at.store.advance(at.ref, 'b', 1);
      assert.deepEqual(await at.rowNow(), { generation: 2 });
    });

    test('may come late as long as nobody else has taken the lease', async () => {
      await at.take('a');
      at.clock.moveBy(10 * leaseMs);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'advanced');
    });

    test('is refused without a row', async () => {
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
      assert.equal(await at.rowNow(), undefined);
    });

    test('is refused without the lease', async () => {
      await at.store.create(at.ref, endsAt);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
    });

    test('is refused once the lease is somebody else’s', async () => {
      await at.take('a');
      at.clock.moveBy(leaseMs + 1);
      await at.take('b');
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
      assert.deepEqual((await at.rowNow())?.lease?.holder, 'b');
    });

    for (const generation of [1, 3]) {
      test(`is refused from generation ${generation} where the row has 2`, async () => {
        await at.take('a', { generation: 2 });
        assert.equal(await at.store.advance(at.ref, 'a', generation), 'refused');
        assert.equal((await at.rowNow())?.generation, 2);
      });
    }

    test('is refused by a tombstone', async () => {
      await at.take('a');
      await at.store.bury(at.ref, logout, endsAt);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
      assert.deepEqual(await at.rowNow(), { generation: 1, tombstone: logout });
    });

    test('that is asked for again by its holder is the one that was made', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'advanced');
      assert.deepEqual(await at.rowNow(), { generation: 2 });
    });

    test('that is asked for again leaves the lease of the next holder alone', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      await at.take('b', { generation: 2 });
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'advanced');
      assert.deepEqual(await at.rowNow(), { generation: 2, lease: leaseOf('b') });
    });

    test('that is asked for again after a tombstone is refused', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      await at.store.bury(at.ref, logout, endsAt);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
    });

    for (const generation of [0, 2, 3]) {
      test(`asked for from generation ${generation} by who has just made it from 1 is refused`, async () => {
        await at.take('a');
        await at.store.advance(at.ref, 'a', 1);
        assert.equal(await at.store.advance(at.ref, 'a', generation), 'refused');
      });
    }

    test('that somebody else has made is refused', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      assert.equal(await at.store.advance(at.ref, 'b', 1), 'refused');
    });

    test('can be followed by another one', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      await at.take('b', { generation: 2 });
      assert.equal(await at.store.advance(at.ref, 'b', 2), 'advanced');
      assert.deepEqual(await at.rowNow(), { generation: 3 });
    });

    test('or a tombstone: of both at the same time, the tombstone always stays', async () => {
      await at.take('a');
      const [advanced] = await Promise.all([at.store.advance(at.ref, 'a', 1), at.other.bury(at.ref, logout, endsAt)]);
      assert.deepEqual(await at.rowNow(), { generation: advanced === 'advanced' ? 2 : 1, tombstone: logout });
    });
  });
}
