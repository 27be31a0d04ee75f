/** Rows as they have been written since the first release can be read and go on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { SessionRef, SessionStore } from '../../../functions/refresh/store.ts';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table } from '../../../infra/local/aws/table.ts';
import { dynamoService, signedCalls } from '../local-aws/signed.ts';
import { storeIn, tableName } from './fixture.ts';

const nowMs = 1_795_348_800_000;
const expiresAt = { N: '1795377600' };
const lease = { M: { holder: { S: 'a' }, begunAtMs: { N: '1795348790000' }, endsAtMs: { N: '1795348802000' } } };
const unknownOutcomes = { M: { count: { N: '2' }, notBeforeMs: { N: '1795348790000' } } };

const rows: readonly Record<string, object>[] = [
  { key: { S: 'session#held' }, generation: { N: '3' }, lease, unknownOutcomes, advancedBy: { S: 'z' }, expiresAt },
  {
    key: { S: 'session#ended' },
    generation: { N: '2' },
    tombstone: { M: { why: { S: 'superseded' }, at: { N: '1795348700' } } },
    expiresAt,
  },
  {
    key: { S: 'session#both' },
    generation: { N: '3' },
    lease,
    tombstone: { M: { why: { S: 'logout' }, at: { N: '1795348700' } } },
    expiresAt,
  },
  { key: { S: 'tokens#held#3' }, sealed: { S: 'sealed-3' }, expiresAt },
  { key: { S: 'subject#user' }, revokedUntil: { N: '1795340000' }, expiresAt },
  { key: { S: 'sid#provider' }, revokedUntil: { N: '1795340001' }, expiresAt },
  { key: { S: 'jti#used' }, usedBy: { S: 'nonce' }, expiresAt },
  { key: { S: 'login#used' }, usedBy: { S: 'nonce' }, expiresAt },
];

let table: Table;
let store: SessionStore;
const held: SessionRef = { session: 'held', subject: 'user', sid: 'provider' };

before(async () => {
  table = await startTable({ name: tableName });
  const call = signedCalls(table.endpoint, dynamoService);
  for (const Item of rows) assert.equal((await call('PutItem', { TableName: tableName, Item })).status, 200);
  store = storeIn(table.endpoint, () => nowMs);
});
after(() => table.close());

test('a session with a lease and what revokes it', async () => {
  assert.deepEqual(await store.read(held), {
    row: {
      generation: 3,
      lease: { holder: 'a', begunAtMs: 1_795_348_790_000, endsAtMs: 1_795_348_802_000 },
      unknown: { count: 2, notBeforeMs: 1_795_348_790_000 },
    },
    revokedUntil: 1_795_340_001,
  });
});

test('a session that has ended', async () => {
  const { row } = await store.read({ session: 'ended', subject: 'nobody' });
  assert.deepEqual(row, { generation: 2, tombstone: { why: 'superseded', at: 1_795_348_700 } });
});

test('a tombstone beside a lease refuses the holder', async () => {
  assert.equal(await store.advance({ session: 'both', subject: 'nobody' }, 'a', 3), 'refused');
});

test('sealed tokens', async () => {
  assert.equal(await store.readTokens(held, 3), 'sealed-3');
});

test('a logout token and a login that were used', async () => {
  assert.equal(await store.useOnce('jti', 'used', epochSeconds(1_795_377_600)), 'again');
  assert.equal(await store.useOnce('login', 'used', epochSeconds(1_795_377_600)), 'again');
});

test('the holder of the lease ends it', async () => {
  assert.equal(await store.advance(held, 'a', 3), 'advanced');
});
