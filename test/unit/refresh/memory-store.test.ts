/** The session store in memory: the behaviour of every store, within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { createMemoryStore } from '../../../functions/refresh/memory-store.ts';
import { storeSuite } from './store-suite.ts';
import { newSession, standingClock } from './suite/setting.ts';

storeSuite('the session store in memory', async (nowMs) => {
  const store = createMemoryStore(nowMs);
  return { store, other: store, close: async () => undefined };
});

const clock = standingClock();
const inSeconds = (seconds: number) => epochSeconds(clock.nowMs() / 1000 + seconds);

test('a full store forgets the sessions that end first', async () => {
  const store = createMemoryStore(clock.nowMs, { small: 10, tokens: 10 });
  const refs = Array.from({ length: 10 }, () => newSession());
  // The one in the middle of the order of writing ends first.
  for (const [nth, ref] of refs.entries()) await store.create(ref, inSeconds(nth === 5 ? 60 : 600 + nth));
  const another = newSession();
  await store.create(another, inSeconds(300));
  const rows = await Promise.all([...refs, another].map(async (ref) => (await store.read(ref)).row));
  assert.deepEqual(
    rows.map((row) => row !== undefined),
    [true, true, true, true, true, false, true, true, true, true, true],
  );
});

test('a full store forgets nothing alive where something has ended', async () => {
  const time = standingClock();
  const store = createMemoryStore(time.nowMs, { small: 20, tokens: 20 });
  const endsIn = (seconds: number) => epochSeconds(time.nowMs() / 1000 + seconds);
  const refs = Array.from({ length: 21 }, () => newSession());
  for (const [nth, ref] of refs.entries()) {
    if (nth === 20) time.moveBy(1000);
    await store.create(ref, endsIn(nth === 0 ? 1 : 600));
  }
  const rows = await Promise.all(refs.map(async (ref) => (await store.read(ref)).row));
  assert.equal(rows.filter((row) => row !== undefined).length, 20);
});

test('a change of a row that is kept makes no room', async () => {
  const store = createMemoryStore(clock.nowMs, { small: 2, tokens: 2 });
  const [first, second] = [newSession(), newSession()];
  await store.create(first, inSeconds(60));
  await store.create(second, inSeconds(60));
  const tombstone = { why: 'logout', at: inSeconds(0) } as const;
  await store.bury(second, tombstone, inSeconds(60));
  assert.deepEqual((await store.read(first)).row, { generation: 1 });
  assert.deepEqual((await store.read(second)).row, { generation: 1, tombstone });
});

test('tokens of a session that refreshes for hours do not pile up', async () => {
  const store = createMemoryStore(clock.nowMs, { small: 10, tokens: 3 });
  const [idle, busy] = [newSession(), newSession()];
  await store.putTokens(idle, 1, 'idle', inSeconds(60));
  for (let generation = 1; generation <= 100; generation++) {
    await store.putTokens(busy, generation, `busy-${generation}`, inSeconds(3600));
  }
  assert.equal(await store.readTokens(idle, 1), 'idle');
  assert.equal(await store.readTokens(busy, 100), 'busy-100');
  assert.equal(await store.readTokens(busy, 98), undefined);
});
