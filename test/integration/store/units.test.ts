/** What a login, a refresh and a look at the user cost of the table, in its units: 4 KB read, 1 KB written. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { SessionRef, SessionStore } from '../../../functions/refresh/store.ts';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table } from '../../../infra/local/aws/table.ts';
import { newSession, standingClock } from '../../unit/refresh/suite/setting.ts';
import { dynamoService, signedCalls } from '../local-aws/signed.ts';
import { storeIn, tableName } from './fixture.ts';

let table: Table;
let store: SessionStore;
let ref: SessionRef;
const clock = standingClock();
const endsAt = epochSeconds(clock.nowMs() / 1000 + 8 * 3600);

before(async () => {
  table = await startTable({ name: tableName });
  store = storeIn(table.endpoint, clock.nowMs);
});
after(() => table.close());
beforeEach(() => {
  ref = newSession();
});

async function itemsOf(ask: () => Promise<unknown>): Promise<{ reads: number; writes: number }> {
  const { reads, writes } = table.counts;
  await ask();
  return { reads: table.counts.reads - reads, writes: table.counts.writes - writes };
}

const wish = (holder: string, generation: number) => ({
  holder,
  generation,
  nowMs: clock.nowMs(),
  endsAtMs: clock.nowMs() + 12_000,
  expiresAt: endsAt,
});

async function login(): Promise<void> {
  await store.useOnce('login', ref.session, endsAt);
  await store.create(ref, endsAt);
  await store.putTokens(ref, 1, 'sealed', endsAt);
}

async function refresh(): Promise<void> {
  await store.read(ref);
  await store.takeLease(ref, wish('a', 1));
  await store.read(ref);
  await store.putTokens(ref, 2, 'sealed', endsAt);
  await store.advance(ref, 'a', 1);
}

describe('items of the table', () => {
  test('a login writes three and reads none', async () => {
    assert.deepEqual(await itemsOf(login), { reads: 0, writes: 3 });
  });

  test('a refresh reads three twice and writes three', async () => {
    await login();
    assert.deepEqual(await itemsOf(refresh), { reads: 6, writes: 3 });
  });

  test('a look for a revocation reads three, without a session of the provider two', async () => {
    await login();
    assert.deepEqual(await itemsOf(() => store.read(ref)), { reads: 3, writes: 0 });
    const { session, subject } = ref;
    assert.deepEqual(await itemsOf(() => store.read({ session, subject })), { reads: 2, writes: 0 });
  });

  test('a logout writes one, a revocation one', async () => {
    await login();
    const logout = { why: 'logout', at: endsAt } as const;
    assert.deepEqual(await itemsOf(() => store.bury(ref, logout, endsAt)), { reads: 0, writes: 1 });
    assert.deepEqual(await itemsOf(() => store.revoke({ subject: ref.subject }, endsAt, endsAt)), {
      reads: 0,
      writes: 1,
    });
  });
});

test('a session row at its fullest is one unit to write', async () => {
  const holder = 'h'.repeat(36);
  await store.takeLease(ref, wish('a', 1000));
  await store.advance(ref, 'a', 1000);
  await store.takeLease(ref, wish('b', 1001));
  await store.release(ref, 'b', { count: 100, notBeforeMs: clock.nowMs() });
  await store.takeLease(ref, wish(holder, 1001));
  const reply = await signedCalls(table.endpoint, dynamoService)('UpdateItem', {
    TableName: tableName,
    Key: { key: { S: `session#${ref.session}` } },
    UpdateExpression: 'SET filler = :filler',
    ExpressionAttributeValues: { ':filler': { S: 'x'.repeat(512) } },
    ReturnConsumedCapacity: 'TOTAL',
    ReturnValues: 'ALL_NEW',
  });
  const row = reply.body['Attributes'] as Record<string, unknown>;
  assert.deepEqual(Object.keys(row).sort(), [
    'advancedBy',
    'expiresAt',
    'filler',
    'generation',
    'key',
    'lease',
    'unknownOutcomes',
  ]);
  // Half of the kilobyte is left.
  assert.equal((reply.body['ConsumedCapacity'] as Record<string, unknown>)['CapacityUnits'], 1);
});
