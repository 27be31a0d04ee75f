/** A table that is slow, busy, broken or gone: the store says so, in bounded time, and works again afterwards. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { StoreUnavailable } from '../../../functions/refresh/store.ts';
import type { SessionStore } from '../../../functions/refresh/store.ts';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table, TableMode } from '../../../infra/local/aws/table.ts';
import { dynamoService, signedCalls } from '../local-aws/signed.ts';
import { newSession, standingClock } from '../../unit/refresh/suite/setting.ts';
import { storeIn, tableName } from './fixture.ts';

let table: Table;
const clock = standingClock();
const endsAt = epochSeconds(clock.nowMs() / 1000 + 3600);
/** A table that answers is waited for long enough that the answer is heard on a busy machine; one that hangs is not. */
const patience = { timeoutMs: 5000, retry: { withinMs: 150 } };
const impatience = { timeoutMs: 100, retry: { withinMs: 150 } };
/** Of the last try's start and of its own time, with room for a busy machine. */
const longestMs = impatience.retry.withinMs + impatience.timeoutMs + 1000;
const ref = newSession();
const wish = { holder: 'a', generation: 1, nowMs: clock.nowMs(), endsAtMs: clock.nowMs() + 12_000, expiresAt: endsAt };

const everything: Record<string, (store: SessionStore) => Promise<unknown>> = {
  read: (store) => store.read(ref),
  create: (store) => store.create(ref, endsAt),
  takeLease: (store) => store.takeLease(ref, wish),
  release: (store) => store.release(ref, 'a', undefined),
  advance: (store) => store.advance(ref, 'a', 1),
  readTokens: (store) => store.readTokens(ref, 1),
  putTokens: (store) => store.putTokens(ref, 1, 'sealed', endsAt),
  bury: (store) => store.bury(ref, { why: 'logout', at: endsAt }, endsAt),
  revoke: (store) => store.revoke({ subject: ref.subject }, endsAt, endsAt),
  useOnce: (store) => store.useOnce('jti', ref.session, endsAt),
};

before(async () => {
  table = await startTable({ name: tableName });
});
after(() => table.close());
afterEach(() => table.switchTo('normal'));

/** @returns how long it took, in milliseconds */
async function assertUnavailable(ask: Promise<unknown>, reason: RegExp): Promise<number> {
  const startedAt = performance.now();
  await assert.rejects(ask, (error) => error instanceof StoreUnavailable && reason.test(error.message));
  return performance.now() - startedAt;
}

const modes: [mode: TableMode, reason: RegExp][] = [
  ['throttle', /ProvisionedThroughputExceededException$/],
  ['fail', /InternalServerError$/],
  ['gone', /unreachable$/],
];

for (const [mode, reason] of modes) {
  describe(`a table switched to ${mode} is unavailable`, () => {
    for (const [name, ask] of Object.entries(everything)) {
      test(`for ${name}`, async () => {
        await table.switchTo(mode);
        await assertUnavailable(ask(storeIn(table.endpoint, clock.nowMs, patience)), reason);
      });
    }
  });
}

describe('a table switched to hang is unavailable in bounded time', () => {
  for (const [name, ask] of Object.entries(everything)) {
    test(`for ${name}`, async () => {
      await table.switchTo('hang');
      const tookMs = await assertUnavailable(ask(storeIn(table.endpoint, clock.nowMs, impatience)), /timeout$/);
      assert.ok(tookMs < longestMs, `took ${tookMs} ms`);
    });
  }
});

for (const [name, ask] of Object.entries(everything)) {
  test(`a table that does not exist is unavailable for ${name}`, async () => {
    const store = storeIn(table.endpoint, clock.nowMs, { ...patience, name: 'nothing' });
    await assertUnavailable(ask(store), /ResourceNotFoundException$/);
  });
}

test('a table that is busy for a moment is waited for', async () => {
  const store = storeIn(table.endpoint, clock.nowMs, { timeoutMs: 500, retry: { withinMs: 3000 } });
  const busy = newSession();
  const refusedBefore = table.counts.refused;
  await table.switchTo('throttle');
  const taken = store.takeLease(busy, wish);
  while (table.counts.refused === refusedBefore) await new Promise((resolve) => setImmediate(resolve));
  await table.switchTo('normal');
  assert.deepEqual(await taken, { kind: 'taken', before: undefined });
});

test('credentials that cannot be had make it unavailable', async () => {
  await assertUnavailable(
    storeIn(table.endpoint, clock.nowMs, { ...patience, credentials: noCredentials }).read(ref),
    /credentials$/,
  );
});

const noCredentials = () => Promise.reject(new Error('none'));

const put = (key: string, attributes: object) =>
  signedCalls(table.endpoint, dynamoService)('PutItem', {
    TableName: tableName,
    Item: { key: { S: key }, expiresAt: { N: String(endsAt) }, ...attributes },
  });

describe('a row that something else has written is no answer', () => {
  const rows: [what: string, attributes: object][] = [
    ['without generation', {}],
    ['with a generation that is a text', { generation: { S: '1' } }],
    ['with a lease that is a text', { generation: { N: '1' }, lease: { S: 'a' } }],
    [
      'with a lease without end',
      { generation: { N: '1' }, lease: { M: { holder: { S: 'a' }, begunAtMs: { N: '1' } } } },
    ],
    ['with a tombstone without time', { generation: { N: '1' }, tombstone: { M: { why: { S: 'logout' } } } }],
  ];
  for (const [what, attributes] of rows) {
    test(what, async () => {
      const strange = newSession();
      await put(`session#${strange.session}`, attributes);
      const store = storeIn(table.endpoint, clock.nowMs, patience);
      await assertUnavailable(store.read(strange), /a row cannot be read/);
    });
  }

  test('but a tombstone for a reason that is not known still ends the session', async () => {
    const strange = newSession();
    const tombstone = { M: { why: { S: 'of-a-later-release' }, at: { N: '5' } } };
    await put(`session#${strange.session}`, { generation: { N: '1' }, tombstone });
    const { row } = await storeIn(table.endpoint, clock.nowMs).read(strange);
    assert.deepEqual(row?.tombstone, { why: 'over', at: 5 });
  });

  test('and an attribute that is not known is left alone', async () => {
    const strange = newSession();
    await put(`session#${strange.session}`, { generation: { N: '2' }, later: { BOOL: true } });
    assert.deepEqual((await storeIn(table.endpoint, clock.nowMs).read(strange)).row, { generation: 2 });
  });
});
