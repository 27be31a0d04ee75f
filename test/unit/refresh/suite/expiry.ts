/** A row that has expired counts as absent, to reads and to conditions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { epochSeconds } from '../../../../functions/contract/units.ts';
import { endsAt, leaseMs, logout, refused, startMs, taken } from './setting.ts';
import type { Setting } from './setting.ts';

export function expiryBehaviour(at: Setting): void {
  describe('in the second in which it ends', () => {
    const lastMs = 1000 * endsAt - 1;
    const endMs = 1000 * endsAt;
    /** What is written now lasts longer. */
    const nextEnd = epochSeconds(endsAt + 60);

    test('a session has no row any more; a millisecond earlier it has', async () => {
      await at.store.create(at.ref, endsAt);
      at.clock.moveTo(lastMs);
      assert.deepEqual(await at.rowNow(), { generation: 1 });
      at.clock.moveTo(endMs);
      assert.equal(await at.rowNow(), undefined);
    });

    test('a session can be created', async () => {
      await at.take('a', { generation: 5 });
      at.clock.moveTo(endMs);
      await at.store.create(at.ref, nextEnd);
      assert.deepEqual(await at.rowNow(), { generation: 1 });
    });

    test('a row further on, with a lease, does not refuse the lease', async () => {
      at.clock.moveTo(lastMs);
      await at.take('a', { generation: 5 });
      at.clock.moveTo(endMs);
      assert.deepEqual(await at.take('b', { expiresAt: nextEnd }), taken(undefined));
      const lease = { holder: 'b', begunAtMs: endMs, endsAtMs: endMs + leaseMs };
      assert.deepEqual(await at.rowNow(), { generation: 1, lease });
    });

    test('a tombstone does not refuse the lease', async () => {
      await at.store.bury(at.ref, logout, endsAt);
      at.clock.moveTo(lastMs);
      assert.deepEqual(await at.take('a', { expiresAt: nextEnd }), refused);
      at.clock.moveTo(endMs);
      assert.deepEqual(await at.take('a', { expiresAt: nextEnd }), taken(undefined));
      assert.equal((await at.rowNow())?.tombstone, undefined);
    });

    test('a holder can neither advance nor release', async () => {
      at.clock.moveTo(lastMs);
      await at.take('a');
      at.clock.moveTo(endMs);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
      await at.store.release(at.ref, 'a', { count: 1, notBeforeMs: endMs });
      assert.equal(await at.rowNow(), undefined);
    });

    test('a holder that has advanced is not told so again', async () => {
      await at.take('a');
      await at.store.advance(at.ref, 'a', 1);
      at.clock.moveTo(endMs);
      assert.equal(await at.store.advance(at.ref, 'a', 1), 'refused');
    });

    test('tokens are absent and can be put', async () => {
      await at.store.putTokens(at.ref, 1, 'old', endsAt);
      at.clock.moveTo(lastMs);
      assert.equal(await at.store.readTokens(at.ref, 1), 'old');
      at.clock.moveTo(endMs);
      assert.equal(await at.store.readTokens(at.ref, 1), undefined);
      assert.equal(await at.store.putTokens(at.ref, 1, 'new', nextEnd), 'put');
      assert.equal(await at.store.readTokens(at.ref, 1), 'new');
    });

    test('a session can be buried afresh', async () => {
      await at.take('a', { generation: 5 });
      at.clock.moveTo(endMs);
      await at.store.bury(at.ref, logout, nextEnd);
      assert.deepEqual(await at.rowNow(), { generation: 1, tombstone: logout });
    });

    test('a revocation is over, and an earlier time can be set', async () => {
      const until = epochSeconds(startMs / 1000);
      await at.store.revoke({ subject: at.ref.subject }, until, endsAt);
      at.clock.moveTo(endMs);
      assert.equal((await at.store.read(at.ref)).revokedUntil, undefined);
      await at.store.revoke({ subject: at.ref.subject }, epochSeconds(until - 1), nextEnd);
      assert.equal((await at.store.read(at.ref)).revokedUntil, until - 1);
    });

    test('what was used counts as unused', async () => {
      await at.store.useOnce('jti', at.ref.session, endsAt);
      at.clock.moveTo(lastMs);
      assert.equal(await at.store.useOnce('jti', at.ref.session, nextEnd), 'again');
      at.clock.moveTo(endMs);
      assert.equal(await at.store.useOnce('jti', at.ref.session, nextEnd), 'first');
    });
  });
}
