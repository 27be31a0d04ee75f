/** A process that dies in the middle of a refresh: who follows takes over, and nobody hangs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import { createGate, type Gate } from './gate.ts';
import { startUpstream } from './upstream.ts';
import {
  assertLater,
  assertOver,
  assertWorks,
  call,
  holdAfter,
  holdBefore,
  outcomeOf,
  pastEnd,
  shortLived,
  tally,
  trafficOf,
} from './usage.ts';

/** Longer than a lease. */
const leaseSeconds = 13;

const clock = startClock();
const upstream = await startUpstream();
const { profile } = usual.apis;
const broker = running({
  ...shortLived,
  configuration: { value: { ...usual, apis: { ...usual.apis, profile: { ...profile, upstream: upstream.origin } } } },
});

/** Somebody whose tokens have ended. */
async function withEndedTokens(): Promise<Browser> {
  const browser = await loggedIn(broker.origin);
  clock.advance(pastEnd);
  return browser;
}

/** Ends the process that is busy with a call when the call comes to the gate. */
async function killAt(gate: Gate, calling: Promise<unknown>): Promise<void> {
  const lost = calling.then(
    () => assert.fail('the call was answered'),
    () => undefined,
  );
  await gate.arrived();
  const busy = broker.stack.lambda.processes().filter(({ state }) => state === 'busy');
  assert.equal(busy.length, 1);
  for (const one of busy) one.kill();
  await Promise.all(busy.map(async ({ ended }) => ended));
  await lost;
}

/** Stops one write of the table for ever. */
function stopWrite(isIt: (key: string, expression: string) => boolean): Gate {
  const { table } = broker.stack;
  assert.ok(table);
  const gate = createGate();
  table.before = async (_, input) => {
    const { Key, UpdateExpression = '' } = input as { Key?: { key?: { S?: string } }; UpdateExpression?: string };
    if (!isIt(Key?.key?.S ?? '', UpdateExpression)) return;
    table.before = undefined;
    await gate.pass();
  };
  return gate;
}

describe('a process that dies', () => {
  it('before the provider has seen the refresh token delays the others by its lease', async () => {
    const browser = await withEndedTokens();
    const gate = holdBefore(broker.provider);
    await killAt(gate, call(broker, browser));
    delete broker.provider.faults.before;
    const traffic = trafficOf(broker);
    clock.advance(leaseSeconds);
    await assertWorks(broker, browser);
    assert.equal(traffic.redemptions()[0]?.status, 200);
  });

  it('and holds the lease makes a call wait, which is told to come back', async () => {
    const browser = await withEndedTokens();
    const gate = holdBefore(broker.provider);
    await killAt(gate, call(broker, browser));
    const traffic = trafficOf(broker);
    const started = performance.now();
    assertLater(await call(broker, browser), 'refresh_pending');
    const waitedMs = performance.now() - started;
    assert.ok(waitedMs > 4000 && waitedMs < 12_000, `${waitedMs} ms`);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('when the provider has replaced the refresh token leads to a login, cleanly and at once', async () => {
    const browser = await withEndedTokens();
    const copy = browser.copy();
    await killAt(holdAfter(broker.provider), call(broker, browser));
    delete broker.provider.faults.token;
    const traffic = trafficOf(broker);
    clock.advance(leaseSeconds);
    await assertOver(await call(broker, browser));
    await assertOver(await call(broker, copy));
    assert.equal(traffic.redemptions().length, 1);
  });

  it('when the provider has replaced the refresh token costs nothing where the old one still works for a while', async () => {
    broker.provider.tenant.overlapSeconds = 60;
    const browser = await withEndedTokens();
    await killAt(holdAfter(broker.provider), call(broker, browser));
    delete broker.provider.faults.token;
    clock.advance(leaseSeconds);
    await assertWorks(broker, browser);
  });

  it('before it has stored what it got is as if the answer had never come', async () => {
    broker.provider.tenant.overlapSeconds = 60;
    const browser = await withEndedTokens();
    const gate = stopWrite((key) => key.startsWith('tokens#'));
    await killAt(gate, call(broker, browser));
    clock.advance(leaseSeconds);
    await assertWorks(broker, browser);
  });

  it('when it has stored what it got leaves it to the next one, who redeems nothing', async () => {
    const browser = await withEndedTokens();
    const gate = stopWrite((_, expression) => expression.includes('generation = :next'));
    await killAt(gate, call(broker, browser));
    const traffic = trafficOf(broker);
    clock.advance(leaseSeconds);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    assert.deepEqual(traffic.redemptions(), []);
    await assertWorks(broker, browser);
    assert.deepEqual(traffic.redeemed(), ['https://profile.example.com']);
  });

  it('before its answer is on the way costs nothing: the old cookies lead to the new tokens', async () => {
    const browser = await withEndedTokens();
    const gate = upstream.hold();
    await killAt(gate, call(broker, browser, 'profile'));
    gate.open();
    const traffic = trafficOf(broker);
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '200');
    assert.deepEqual(traffic.redemptions(), []);
  });
});

describe('a process that was frozen', () => {
  it('in the middle of a refresh, and goes on after its lease, does not undo what others have done', async () => {
    broker.provider.tenant.overlapSeconds = 60;
    const browser = await withEndedTokens();
    const gate = holdAfter(broker.provider);
    const slow = call(broker, browser.copy());
    await gate.arrived();
    delete broker.provider.faults.token;
    clock.advance(leaseSeconds);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    gate.open();
    assert.match(outcomeOf(await slow), /^(?:200|503 refresh_pending)$/);
    clock.advance(pastEnd);
    assert.deepEqual(tally([await call(broker, browser), await call(broker, browser.copy(), 'profile')]), { 200: 2 });
  });
});
