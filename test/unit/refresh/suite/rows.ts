/** What is kept of a session, of its tokens, and of what may be used once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { epochSeconds } from '../../../../functions/contract/units.ts';
import { endsAt, leaseOf, logout, newSession, startMs } from './setting.ts';
import type { Setting } from './setting.ts';

export function rowBehaviour(at: Setting): void {
  describe('a session', () => {
    test('of which nobody has written has no row', async () => {
      assert.deepEqual(await at.store.read(at.ref), { row: undefined, revokedUntil: undefined });
    });

    test('begins with generation 1', async () => {
      await at.store.create(at.ref, endsAt);
      assert.deepEqual(await at.store.read(at.ref), { row: { generation: 1 }, revokedUntil: undefined });
    });

    test('is seen by another instance at once', async () => {
      await at.store.create(at.ref, endsAt);
      assert.deepEqual((await at.other.read(at.ref)).row, { generation: 1 });
    });

    test('that is created again keeps its row', async () => {
      await at.store.create(at.ref, endsAt);
      await at.take('a');
      await at.store.create(at.ref, endsAt);
      assert.deepEqual(await at.rowNow(), { generation: 1, lease: leaseOf('a') });
    });

    test('that was buried before it is created stays buried', async () => {
      await at.store.bury(at.ref, logout, endsAt);
      await at.store.create(at.ref, endsAt);
      assert.deepEqual((await at.rowNow())?.tombstone, logout);
    });

    test('is another one for another id', async () => {
      await at.store.create(at.ref, endsAt);
      assert.equal((await at.store.read({ ...at.ref, session: newSession().session })).row, undefined);
    });
  });

  describe('sealed tokens', () => {
    test('are read as they were put', async () => {
      assert.equal(await at.store.putTokens(at.ref, 1, 'sealed-1', endsAt), 'put');
      assert.equal(await at.other.readTokens(at.ref, 1), 'sealed-1');
    });

    test('of a generation that has none are absent', async () => {
      await at.store.putTokens(at.ref, 1, 'sealed-1', endsAt);
      assert.equal(await at.store.readTokens(at.ref, 2), undefined);
      assert.equal(await at.store.readTokens(newSession(), 1), undefined);
    });

    test('are not replaced', async () => {
      await at.store.putTokens(at.ref, 1, 'first', endsAt);
      assert.equal(await at.store.putTokens(at.ref, 1, 'second', endsAt), 'exists');
      assert.equal(await at.store.readTokens(at.ref, 1), 'first');
    });

    test('that are put again are put', async () => {
      await at.store.putTokens(at.ref, 1, 'same', endsAt);
      assert.equal(await at.store.putTokens(at.ref, 1, 'same', endsAt), 'put');
    });

    test('of one generation are those of exactly one of two who put at the same time', async () => {
      const results = await Promise.all([
        at.store.putTokens(at.ref, 2, 'mine', endsAt),
        at.other.putTokens(at.ref, 2, 'yours', endsAt),
      ]);
      assert.deepEqual(results.toSorted(), ['exists', 'put']);
      assert.equal(await at.store.readTokens(at.ref, 2), results[0] === 'put' ? 'mine' : 'yours');
    });

    test('of the generation before the newest can still be read', async () => {
      for (const generation of [1, 2, 3]) await at.store.putTokens(at.ref, generation, `sealed-${generation}`, endsAt);
      assert.equal(await at.store.readTokens(at.ref, 2), 'sealed-2');
    });

    test('may be as large as what did not fit into cookies', async () => {
      const sealed = 'x'.repeat(40_000);
      await at.store.putTokens(at.ref, 1, sealed, endsAt);
      assert.equal(await at.store.readTokens(at.ref, 1), sealed);
    });
  });

  describe('what is used once', () => {
    const usedUntil = epochSeconds(startMs / 1000 + 600);

    for (const kind of ['jti', 'login'] as const) {
      test(`a ${kind} is used for the first time once`, async () => {
        const hash = `${kind}-${at.ref.session}`;
        assert.equal(await at.store.useOnce(kind, hash, usedUntil), 'first');
        assert.equal(await at.store.useOnce(kind, hash, usedUntil), 'again');
        assert.equal(await at.other.useOnce(kind, hash, usedUntil), 'again');
      });
    }

    test('a jti and a login of the same hash are two things', async () => {
      await at.store.useOnce('jti', at.ref.session, usedUntil);
      assert.equal(await at.store.useOnce('login', at.ref.session, usedUntil), 'first');
    });

    test('is used first by exactly one of many at the same time', async () => {
      const asked = Array.from({ length: 10 }, (_, nth) =>
        (nth % 2 === 0 ? at.store : at.other).useOnce('jti', at.ref.session, usedUntil),
      );
      assert.equal((await Promise.all(asked)).filter((result) => result === 'first').length, 1);
    });
  });
}
