/** The table has done what was asked, and the answer is lost: the store asks again and says what is true. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { SessionRef, SessionStore } from '../../../functions/refresh/store.ts';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table } from '../../../infra/local/aws/table.ts';
import { newSession, standingClock } from '../../unit/refresh/suite/setting.ts';
import { lossyNetwork, storeIn, tableName } from './fixture.ts';
import type { LossyNetwork } from './fixture.ts';

let table: Table;
let network: LossyNetwork;
/** Its answers can be lost. */
let store: SessionStore;
/** Its answers are not. */
let other: SessionStore;
let ref: SessionRef;
const clock = standingClock();
const endsAt = epochSeconds(clock.nowMs() / 1000 + 3600);
const logout = { why: 'logout', at: epochSeconds(clock.nowMs() / 1000) } as const;

before(async () => {
  table = await startTable({ name: tableName });
  network = await lossyNetwork(table.endpoint);
  store = storeIn(network.endpoint, clock.nowMs);
  other = storeIn(table.endpoint, clock.nowMs);
});
after(async () => {
  await network.close();
  await table.close();
});
beforeEach(() => {
  ref = newSession();
  network.passed.length = 0;
});

const wish = (holder: string, generation = 1) => ({
  holder,
  generation,
  nowMs: clock.nowMs(),
  endsAtMs: clock.nowMs() + 12_000,
  expiresAt: endsAt,
});

async function losing<T>(ask: () => Promise<T>, meanwhile?: () => Promise<unknown>): Promise<T> {
  network.passed.length = 0;
  network.loseNext(meanwhile);
  const result = await ask();
  assert.ok(network.passed.length >= 2, 'nothing was lost');
  return result;
}

const rowNow = async () => (await other.read(ref)).row;

describe('when the answer is lost', () => {
  test('a read is repeated', async () => {
    await other.create(ref, endsAt);
    assert.deepEqual((await losing(() => store.read(ref))).row, { generation: 1 });
    assert.deepEqual(network.passed, ['BatchGetItem', 'BatchGetItem']);
  });

  test('a session is created', async () => {
    await losing(() => store.create(ref, endsAt));
    assert.deepEqual(await rowNow(), { generation: 1 });
  });

  test('a lease is taken', async () => {
    await other.create(ref, endsAt);
    assert.equal((await losing(() => store.takeLease(ref, wish('a')))).kind, 'taken');
    assert.equal((await rowNow())?.lease?.holder, 'a');
  });

  test('a lease on an absent row is taken', async () => {
    assert.equal((await losing(() => store.takeLease(ref, wish('a')))).kind, 'taken');
  });

  test('what was before the lease is unknown, so an unfinished one is told', async () => {
    await other.create(ref, endsAt);
    const result = await losing(() => store.takeLease(ref, wish('a')));
    assert.equal(result.kind === 'taken' && result.before?.lease?.holder, 'a');
  });

  test('a lease is given back', async () => {
    await other.takeLease(ref, wish('a'));
    const unknown = { count: 2, notBeforeMs: clock.nowMs() + 2000 };
    await losing(() => store.release(ref, 'a', unknown));
    assert.deepEqual(await rowNow(), { generation: 1, unknown });
  });

  test('and another takes the lease that was given back, that one keeps it', async () => {
    await other.takeLease(ref, wish('a'));
    await losing(
      () => store.release(ref, 'a', undefined),
      () => other.takeLease(ref, wish('b')),
    );
    assert.equal((await rowNow())?.lease?.holder, 'b');
  });

  test('the next generation is advanced to', async () => {
    await other.takeLease(ref, wish('a'));
    assert.equal(await losing(() => store.advance(ref, 'a', 1)), 'advanced');
    assert.deepEqual(await rowNow(), { generation: 2 });
  });

  test('and another takes the lease of the next generation, both are true', async () => {
    await other.takeLease(ref, wish('a'));
    const advanced = await losing(
      () => store.advance(ref, 'a', 1),
      () => other.takeLease(ref, wish('b', 2)),
    );
    assert.equal(advanced, 'advanced');
    const row = await rowNow();
    assert.deepEqual([row?.generation, row?.lease?.holder], [2, 'b']);
  });

  test('and another has made a generation of its own since, the own answer is not used', async () => {
    await other.takeLease(ref, wish('a'));
    const advanced = await losing(
      () => store.advance(ref, 'a', 1),
      async () => {
        await other.takeLease(ref, wish('b', 2));
        await other.advance(ref, 'b', 2);
      },
    );
    assert.equal(advanced, 'refused');
    assert.deepEqual(await rowNow(), { generation: 3 });
  });

  test('and the session is buried meanwhile, it stays buried', async () => {
    await other.takeLease(ref, wish('a'));
    const advanced = await losing(
      () => store.advance(ref, 'a', 1),
      () => other.bury(ref, logout, endsAt),
    );
    assert.equal(advanced, 'refused');
    assert.deepEqual(await rowNow(), { generation: 2, tombstone: logout });
  });

  test('tokens are put', async () => {
    assert.equal(await losing(() => store.putTokens(ref, 1, 'mine', endsAt)), 'put');
    assert.equal(await other.readTokens(ref, 1), 'mine');
  });

  test('tokens of somebody else are still told', async () => {
    await other.putTokens(ref, 1, 'yours', endsAt);
    assert.equal(await losing(() => store.putTokens(ref, 1, 'mine', endsAt)), 'exists');
  });

  test('a session is buried with the first tombstone', async () => {
    await losing(() => store.bury(ref, logout, endsAt));
    assert.deepEqual((await rowNow())?.tombstone, logout);
  });

  test('a session is revoked', async () => {
    await losing(() => store.revoke({ subject: ref.subject }, logout.at, endsAt));
    assert.equal((await other.read(ref)).revokedUntil, logout.at);
  });

  test('and a later revocation comes meanwhile, the later one stays', async () => {
    const later = epochSeconds(logout.at + 5);
    await losing(
      () => store.revoke({ subject: ref.subject }, logout.at, endsAt),
      () => other.revoke({ subject: ref.subject }, later, endsAt),
    );
    assert.equal((await other.read(ref)).revokedUntil, later);
  });

  test('the first use is the first use', async () => {
    assert.equal(await losing(() => store.useOnce('login', ref.session, endsAt)), 'first');
    assert.equal(await store.useOnce('login', ref.session, endsAt), 'again');
  });

  test('a second use is a second use', async () => {
    await other.useOnce('jti', ref.session, endsAt);
    assert.equal(await losing(() => store.useOnce('jti', ref.session, endsAt)), 'again');
  });
});

test('a session whose row is made between the two steps of its burial is buried', async () => {
  network.before('PutItem', () => other.takeLease(ref, wish('a')));
  await store.bury(ref, logout, endsAt);
  assert.deepEqual(network.passed, ['UpdateItem', 'PutItem', 'UpdateItem']);
  assert.deepEqual(await rowNow(), { generation: 1, tombstone: logout });
});
