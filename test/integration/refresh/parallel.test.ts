/** Many calls at once, each in a process of its own, when a token has ended: one redemption, and everybody is answered. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import {
  answerRefresh,
  assertCookiesUntouched,
  assertLater,
  assertRefreshed,
  assertWorks,
  audienceOf,
  call,
  holdBefore,
  intoMargin,
  isRefresh,
  lifetimeSeconds,
  names,
  pastEnd,
  refreshAll,
  setNames,
  shortLived,
  tally,
  trafficOf,
  type ApiName,
} from './usage.ts';

const crowd = 100;
const mostTries = 4;

const clock = startClock();
const broker = running(shortLived);

/** Sends all of them with the cookies of this moment. */
const together = async (count: number, browsers: readonly Browser[], apis: readonly ApiName[]): Promise<Response[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [browser, api] = [browsers[index % browsers.length], apis[index % apis.length]];
      assert.ok(browser && api);
      return callPatiently(browser, api);
    }),
  );

/** Repeats a call that is answered 503, as a page does. */
async function callPatiently(browser: Browser, api: ApiName): Promise<Response> {
  const jar = browser.copy();
  for (let tries = 1; ; tries += 1) {
    const answer = await call(broker, tries === 1 ? browser : jar, api);
    if (answer.status !== 503 || tries === mostTries) return answer;
    await setTimeout(Number(answer.headers.get('retry-after')) * 1000);
  }
}

/** Has every process load and compile what a refresh needs; a hundred that do so at once leave no time to a machine of two processors. */
async function warmUp(browser: Browser): Promise<void> {
  clock.advance(pastEnd);
  await together(crowd, [browser], ['orders']);
}

const busy = (): number => broker.stack.lambda.processes().filter(({ state }) => state === 'busy').length;

/** @returns how many processes are busy, once all of the crowd has come or a second has passed */
async function crowded(): Promise<number> {
  let [most, looks] = [0, 0];
  while (most < crowd && looks < 100) {
    await setTimeout(10);
    looks += 1;
    most = Math.max(most, busy());
  }
  return most;
}

/** How many redemptions were under way at the same time, at most. */
function watchOverlap(): () => number {
  let [underWay, most] = [0, 0];
  const { faults } = broker.provider;
  faults.before = (request) => {
    if (isRefresh(request)) underWay += 1;
    most = Math.max(most, underWay);
    return undefined;
  };
  faults.token = (answer, request) => {
    if (isRefresh(request)) underWay -= 1;
    return answer;
  };
  return () => most;
}

describe('a hundred calls with a token that has ended', () => {
  let browser: Browser;

  before(async () => {
    await broker.stack.lambda.provision('token-broker-local-api', crowd);
    await warmUp(await loggedIn(broker.origin, 'bob'));
    browser = await loggedIn(broker.origin);
  });

  it('cost one redemption, are all answered, and leave a jar that works', async () => {
    clock.advance(pastEnd);
    const gate = holdBefore(broker.provider);
    const traffic = trafficOf(broker);
    const answering = together(crowd, [browser], ['orders']);
    await gate.arrived();
    const mostAtOnce = await crowded();
    gate.open();
    const answers = await answering;
    assert.deepEqual(tally(answers), { 200: crowd });
    assert.ok(mostAtOnce > crowd / 2, `only ${mostAtOnce} came at once`);
    assert.deepEqual(traffic.redeemed(), [audienceOf('orders')]);
    assert.deepEqual(new Set(traffic.arrivals('orders')), new Set([`${audienceOf('orders')} auth0|alice`]));
    for (const answer of answers) assert.deepEqual(setNames(answer), [names.grant, names.orders]);
    await assertWorks(broker, browser);
    assert.equal(traffic.redemptions().length, 2, 'the other API was not asked for before');
  });

  it('from jars of several generations cost one redemption, of the newest refresh token', async () => {
    const jars = [browser.copy()];
    for (let generation = 0; generation < 3; generation += 1) {
      clock.advance(pastEnd);
      assert.equal((await call(broker, browser)).status, 200);
      jars.push(browser.copy());
    }
    clock.advance(pastEnd);
    const traffic = trafficOf(broker);
    const answers = await together(crowd, jars, ['orders']);
    assert.deepEqual(tally(answers), { 200: crowd });
    assert.deepEqual(traffic.redeemed(), [audienceOf('orders')]);
    assert.equal(traffic.redemptions()[0]?.status, 200);
    for (const jar of jars) await assertWorks(broker, jar);
  });

  it('for two audiences, from fresh and stale jars, cost one redemption each, one after the other', async () => {
    const jars = [browser.copy(), browser];
    clock.advance(pastEnd);
    await call(broker, browser);
    clock.advance(pastEnd);
    const mostAtOnce = watchOverlap();
    const traffic = trafficOf(broker);
    const answers = await together(crowd, jars, ['orders', 'orders', 'profile', 'profile']);
    assert.deepEqual(tally(answers), { 200: crowd });
    assert.deepEqual(traffic.redeemed().toSorted(), [audienceOf('orders'), audienceOf('profile')]);
    assert.equal(mostAtOnce(), 1);
    for (const api of ['orders', 'profile'] as const) {
      assert.deepEqual(new Set(traffic.arrivals(api)), new Set([`${audienceOf(api)} auth0|alice`]));
    }
    const presented = traffic.redemptions().map(({ parameters }) => parameters['refresh_token']);
    assert.equal(new Set(presented).size, presented.length, 'a refresh token was presented twice');
  });

  it('of two tabs, one of which renews everything itself, cost one redemption for each audience', async () => {
    clock.advance(pastEnd);
    const traffic = trafficOf(broker);
    const [first, second, ...answers] = await Promise.all([
      refreshAll(broker, browser),
      refreshAll(broker, browser),
      ...Array.from({ length: 10 }, async (_, index) => call(broker, browser, index % 2 ? 'orders' : 'profile')),
    ]);
    assert.deepEqual(tally(answers), { 200: 10 });
    for (const refreshed of [first, second]) {
      await assertRefreshed(refreshed, lifetimeSeconds);
    }
    assert.deepEqual(traffic.redeemed().toSorted(), [audienceOf('orders'), audienceOf('profile')]);
    await assertWorks(broker, browser);
  });
});

describe('a late call', () => {
  let browser: Browser;

  before(async () => {
    browser = await loggedIn(broker.origin);
  });

  it('with the cookies from before a refresh is answered without a redemption, and brings the jar up to date', async () => {
    clock.advance(pastEnd);
    const late = browser.copy();
    await call(broker, browser);
    const traffic = trafficOf(broker);
    const answer = await call(broker, late);
    assert.equal(answer.status, 200);
    assert.deepEqual(setNames(answer), [names.grant, names.orders]);
    await call(broker, late);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('that comes while a redemption is under way waits for it, and for no other', async () => {
    clock.advance(pastEnd);
    const late = browser.copy();
    const gate = holdBefore(broker.provider);
    const traffic = trafficOf(broker);
    const first = call(broker, browser);
    await gate.arrived();
    const others = [call(broker, late), call(broker, late, 'profile')];
    gate.open();
    assert.deepEqual(tally(await Promise.all([first, ...others])), { 200: 3 });
    assert.deepEqual(traffic.redeemed(), [audienceOf('orders'), audienceOf('profile')]);
  });

  it('with cookies of the first generation works as long as the session does', async () => {
    const first = browser.copy();
    for (let generation = 0; generation < 4; generation += 1) {
      clock.advance(pastEnd);
      await call(broker, browser, generation % 2 ? 'orders' : 'profile');
    }
    clock.advance(pastEnd);
    await assertWorks(broker, first);
    await assertWorks(broker, browser);
  });
});

describe('inside the margin', () => {
  it('nobody waits but the one who renews, however slow the provider is', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(intoMargin);
    const gate = holdBefore(broker.provider);
    const traffic = trafficOf(broker);
    const paying = call(broker, browser.copy());
    await gate.arrived();
    const answers = await Promise.all(Array.from({ length: 5 }, async () => call(broker, browser)));
    assert.deepEqual(tally(answers), { 200: 5 });
    for (const answer of answers) assertCookiesUntouched(answer);
    gate.open();
    const paid = await paying;
    assert.deepEqual([paid.status, setNames(paid)], [200, [names.grant, names.orders]]);
    assert.deepEqual(traffic.redeemed(), [audienceOf('orders')]);
  });

  it('a token is good until its end, and is not sent afterwards', async () => {
    const browser = await loggedIn(broker.origin);
    answerRefresh(broker.provider, { status: 503 });
    clock.advance(lifetimeSeconds - 15);
    assert.equal((await call(broker, browser)).status, 200);
    clock.advance(16);
    assertLater(await call(broker, browser), 'refresh_failed_transient');
  });
});
