/** How a session ends before its time: tombstones and revocations. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { epochSeconds } from '../../../../functions/contract/units.ts';
import type { SessionRef, SessionStore } from '../../../../functions/refresh/store.ts';
import { endsAt, logout, newSession, refused, startMs } from './setting.ts';
import type { Setting } from './setting.ts';

const sidOf = ({ sid }: SessionRef) => ({ sid: sid ?? '' });

const revokedUntil = async (store: SessionStore, ref: SessionRef) => (await store.read(ref)).revokedUntil;

export function endingBehaviour(at: Setting): void {
  describe('a tombstone', () => {
    test('stays on the row', async () => {
      await at.store.create(at.ref, endsAt);
      await at.store.bury(at.ref, logout, endsAt);
      assert.deepEqual(await at.rowNow(), { generation: 1, tombstone: logout });
    });

    test('ends the lease and keeps the generation', async () => {
      await at.take('a', { generation: 4 });
      await at.store.bury(at.ref, logout, endsAt);
      assert.deepEqual(await at.rowNow(), { generation: 4, tombstone: logout });
    });

    test('makes a row where there is none', async () => {
      await at.store.bury(at.ref, logout, endsAt);
      assert.deepEqual((await at.rowNow())?.tombstone, logout);
    });

    test('is not replaced by a later one', async () => {
      await at.store.bury(at.ref, logout, endsAt);
      await at.store.bury(at.ref, { why: 'superseded', at: epochSeconds(logout.at + 5) }, endsAt);
      assert.deepEqual((await at.rowNow())?.tombstone, logout);
    });

    for (const why of ['logout', 'superseded', 'over', 'mismatch'] as const) {
      test(`says ${why}`, async () => {
        await at.store.bury(at.ref, { why, at: logout.at }, endsAt);
        assert.equal((await at.rowNow())?.tombstone?.why, why);
      });
    }

    test('lasts as long as the session, even where who buries it expects it to end earlier', async () => {
      await at.store.create(at.ref, endsAt);
      await at.store.bury(at.ref, logout, epochSeconds(logout.at + 60));
      at.clock.moveTo(1000 * endsAt - 1);
      assert.deepEqual((await at.rowNow())?.tombstone, logout);
    });

    test('wins over a lease that is asked for at the same time', async () => {
      await Promise.all([at.store.bury(at.ref, logout, endsAt), at.other.takeLease(at.ref, at.wish('a'))]);
      assert.deepEqual((await at.rowNow())?.tombstone, logout);
      assert.deepEqual(await at.take('b'), refused);
    });
  });

  describe('revocation', () => {
    const until = epochSeconds(startMs / 1000 - 10);
    const later = epochSeconds(until + 5);

    test('of a subject reaches its sessions', async () => {
      await at.store.revoke({ subject: at.ref.subject }, until, endsAt);
      assert.equal(await revokedUntil(at.store, at.ref), until);
    });

    test('of a session of the provider reaches the sessions that came from it', async () => {
      await at.store.revoke(sidOf(at.ref), until, endsAt);
      assert.equal(await revokedUntil(at.store, at.ref), until);
    });

    test('reaches nobody else', async () => {
      await at.store.revoke({ subject: at.ref.subject }, until, endsAt);
      await at.store.revoke(sidOf(at.ref), until, endsAt);
      assert.equal(await revokedUntil(at.store, newSession()), undefined);
    });

    test('of a subject is no revocation of a provider’s session of the same hash', async () => {
      await at.store.revoke({ subject: sidOf(at.ref).sid }, until, endsAt);
      assert.equal(await revokedUntil(at.store, at.ref), undefined);
    });

    test('of a provider’s session does not reach one that came without', async () => {
      await at.store.revoke(sidOf(at.ref), until, endsAt);
      assert.equal(await revokedUntil(at.store, { session: at.ref.session, subject: at.ref.subject }), undefined);
    });

    test('is read together with the row', async () => {
      await at.store.create(at.ref, endsAt);
      await at.store.revoke(sidOf(at.ref), until, endsAt);
      assert.deepEqual(await at.store.read(at.ref), { row: { generation: 1 }, revokedUntil: until });
    });

    for (const [first, second] of [
      [until, later],
      [later, until],
    ] as const) {
      const order = first < second ? 'rising' : 'falling';
      test(`twice, in ${order} order, keeps the latest time`, async () => {
        await at.store.revoke({ subject: at.ref.subject }, first, endsAt);
        await at.store.revoke({ subject: at.ref.subject }, second, endsAt);
        assert.equal(await revokedUntil(at.store, at.ref), later);
      });

      test(`by subject and by session, in ${order} order, counts with the latest time`, async () => {
        await at.store.revoke({ subject: at.ref.subject }, first, endsAt);
        await at.store.revoke(sidOf(at.ref), second, endsAt);
        assert.equal(await revokedUntil(at.store, at.ref), later);
      });
    }

    test('lasts as long as the longest that was asked for', async () => {
      await at.store.revoke({ subject: at.ref.subject }, until, endsAt);
      await at.store.revoke({ subject: at.ref.subject }, later, epochSeconds(startMs / 1000 + 60));
      at.clock.moveTo(1000 * endsAt - 1);
      assert.equal(await revokedUntil(at.store, at.ref), later);
    });

    test('by two at the same time keeps the latest time', async () => {
      await Promise.all([
        at.store.revoke({ subject: at.ref.subject }, later, endsAt),
        at.other.revoke({ subject: at.ref.subject }, until, endsAt),
      ]);
      assert.equal(await revokedUntil(at.store, at.ref), later);
    });
  });
}
