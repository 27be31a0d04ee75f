/** One cookie jar, several tabs, answers in any order: nobody is logged out by it, and nobody sees another one's data. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { logIn, loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import { startUpstream } from './upstream.ts';
import {
  askUser,
  assertOver,
  assertWorks,
  call,
  holdAfter,
  names,
  outcomeOf,
  pastEnd,
  setNames,
  shortLived,
  trafficOf,
} from './usage.ts';

const clock = startClock();
const upstream = await startUpstream();
const { profile } = usual.apis;
const broker = running({
  ...shortLived,
  configuration: { value: { ...usual, apis: { ...usual.apis, profile: { ...profile, upstream: upstream.origin } } } },
});

const userOf = async (browser: Browser): Promise<unknown> => {
  const answer = await askUser(broker, browser);
  const claims = answer.status === 200 ? ((await answer.json()) as { type: string; value: unknown }[]) : [];
  return claims.find(({ type }) => type === 'sub')?.value;
};

/** Logs in once more in a tab of the same browser, with the provider's form. */
const logInAgain = async (browser: Browser, username: string): Promise<void> => {
  await logIn(browser, broker.origin, { username, query: '?prompt=login' });
};

describe('a late answer of a refresh', () => {
  for (const username of ['alice', 'bob']) {
    it(`that reaches the jar after a new login as ${username} leaves the new session as it is`, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(pastEnd);
      const gate = upstream.hold();
      const late = call(broker, browser, 'profile');
      await gate.arrived();
      await logInAgain(browser, username);
      gate.open();
      assert.deepEqual(setNames(await late), [names.grant, names.profile], 'cookies of the session before');
      await assertWorks(broker, browser, `auth0|${username}`);
      assert.equal(await userOf(browser), `auth0|${username}`);
      clock.advance(pastEnd);
      await assertWorks(broker, browser, `auth0|${username}`);
    });

    it(`under way when somebody logs in as ${username} is not used, and the call may be repeated at once`, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(pastEnd);
      const gate = holdAfter(broker.provider);
      const late = call(broker, browser);
      await gate.arrived();
      delete broker.provider.faults.token;
      await logInAgain(browser, username);
      const traffic = trafficOf(broker);
      gate.open();
      const answer = await late;
      assert.equal(outcomeOf(answer), '401 session_superseded');
      assert.equal(((await answer.json()) as { login_url?: string }).login_url, undefined);
      assert.deepEqual([setNames(answer), traffic.arrivals('orders')], [[], []]);
      await assertWorks(broker, browser, `auth0|${username}`);
    });
  }

  it('under way when somebody logs out revives nothing, and its tokens are revoked', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const gate = holdAfter(broker.provider);
    const late = call(broker, browser);
    await gate.arrived();
    await leave(browser, broker);
    const revocations = broker.provider.requestsTo('revoke').length;
    gate.open();
    await assertOver(await late);
    assert.equal(broker.provider.requestsTo('revoke').length, revocations + 1);
    assert.equal(outcomeOf(await call(broker, browser)), '401 login_required');
  });

  it('that reaches the jar after a logout revives nothing', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const gate = upstream.hold();
    const late = call(broker, browser, 'profile');
    await gate.arrived();
    await leave(browser, broker);
    gate.open();
    await late;
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '401 login_required');
    assert.equal(await userOf(browser), undefined);
    await logInAgain(browser, 'bob');
    await assertWorks(broker, browser, 'auth0|bob');
  });

  it('of an older generation that overwrites a newer one costs no redemption', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const gate = upstream.hold();
    const late = call(broker, browser, 'profile');
    await gate.arrived();
    clock.advance(pastEnd);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    gate.open();
    await late;
    const traffic = trafficOf(broker);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    assert.deepEqual(traffic.redemptions(), []);
    clock.advance(pastEnd);
    await assertWorks(broker, browser);
  });
});

describe('a new login', () => {
  it('ends the session before it, which says so without naming a login, in every jar of it', async () => {
    const browser = await loggedIn(broker.origin);
    const copy = browser.copy();
    await logInAgain(browser, 'alice');
    clock.advance(pastEnd);
    const traffic = trafficOf(broker);
    const answer = await call(broker, copy);
    assert.equal(outcomeOf(answer), '401 session_superseded');
    assert.equal(((await answer.json()) as { login_url?: string }).login_url, undefined);
    assert.equal((await askUser(broker, copy)).status, 401);
    assert.deepEqual([setNames(answer), traffic.redemptions()], [[], []]);
    await assertWorks(broker, browser);
  });

  it('of the same user leaves the refresh token before it alone, of another one revokes it', async () => {
    for (const [username, count] of [
      ['alice', 0],
      ['bob', 1],
    ] as const) {
      const browser = await loggedIn(broker.origin);
      const before = broker.provider.requestsTo('revoke').length;
      await logInAgain(browser, username);
      assert.equal(broker.provider.requestsTo('revoke').length - before, count, username);
      await assertWorks(broker, browser, `auth0|${username}`);
    }
  });
});

describe('a jar that has lost', () => {
  const lost: Readonly<Record<string, (name: string) => boolean>> = {
    'its grant': (name) => name === names.grant,
    'a token': (name) => name === names.orders,
    'every token': (name) => name === names.orders || name === names.profile,
    'everything but the session': (name) => name !== '__Host-Http-bff',
  };
  for (const [what, isLost] of Object.entries(lost)) {
    it(`${what} is mended from the table, without a redemption`, async () => {
      const browser = await loggedIn(broker.origin);
      browser.forget(({ name, host }) => host === 'localhost' && isLost(name));
      const traffic = trafficOf(broker);
      await assertWorks(broker, browser);
      assert.deepEqual(traffic.redemptions(), []);
      for (const name of [names.grant, names.orders, names.profile]) {
        assert.ok(
          browser.jar.some((one) => one.name === name),
          `${name} is missing`,
        );
      }
      const counts = { ...broker.stack.table?.counts };
      await assertWorks(broker, browser);
      assert.deepEqual(broker.stack.table?.counts, counts, 'the table is asked again');
    });
  }

  it('its grant after tokens have ended is mended and renewed', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    browser.forget(({ name }) => name === names.grant);
    assert.equal(await userOf(browser), 'auth0|alice');
    browser.forget(({ name }) => name === names.grant);
    await assertWorks(broker, browser);
  });

  it('its session is nobody', async () => {
    const browser = await loggedIn(broker.origin);
    browser.forget(({ name }) => name === '__Host-Http-bff');
    assert.equal(outcomeOf(await call(broker, browser)), '401 login_required');
  });
});
