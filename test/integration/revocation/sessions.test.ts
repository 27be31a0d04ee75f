/** Which sessions a logout elsewhere ends, and when each endpoint knows of it. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createBrowser, type Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { sessionCookies } from '../broker/outcome.ts';
import { logIn, loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import { createGate } from '../refresh/gate.ts';
import {
  askUser,
  assertOver,
  assertWorks,
  call,
  holdAfter,
  lifetimeSeconds,
  outcomeOf,
  pastEnd,
  refreshAll,
  setNames,
  shortLived,
  trafficOf,
} from '../refresh/usage.ts';
import { deliver, loggedInWithSid, logoutToken } from './logout-tokens.ts';

const clock = startClock();
const broker = running(shortLived);

// A revocation counts for logins of the same second as well.
beforeEach(() => clock.advance(2));

/** The provider says that alice, or one session of hers, has logged out. */
async function revoke(claims: Readonly<Record<string, unknown>> = {}): Promise<void> {
  clock.advance(2);
  assert.equal((await deliver(broker, await logoutToken(broker, { claims }))).status, 200);
}

/** What is known at the next refresh. */
async function assertEnded(browser: Browser): Promise<void> {
  clock.advance(pastEnd);
  await assertOver(await call(broker, browser));
}

describe('a session that the provider has ended', () => {
  it('works as long as its tokens, and then is over everywhere, without a redemption', async () => {
    const browser = await loggedIn(broker.origin);
    await revoke();
    await assertWorks(broker, browser);
    assert.equal((await askUser(broker, browser)).status, 200);
    clock.advance(lifetimeSeconds);
    const traffic = trafficOf(broker);
    for (const api of ['orders', 'profile'] as const) await assertOver(await call(broker, browser, api));
    await assertOver(await refreshAll(broker, browser));
    const user = await askUser(broker, browser);
    assert.deepEqual([user.status, await user.text(), setNames(user)], [401, '', []]);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('is found out by the user endpoint although nobody calls an API', async () => {
    const browser = await loggedIn(broker.origin);
    await revoke();
    clock.advance(lifetimeSeconds);
    assert.equal((await askUser(broker, browser)).status, 401);
  });

  it('is not revived by a refresh that is under way', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const gate = holdAfter(broker.provider);
    const late = call(broker, browser);
    await gate.arrived();
    await revoke();
    gate.open();
    await assertOver(await late);
    delete broker.provider.faults.token;
    await assertOver(await call(broker, browser.copy()));
  });

  it('leaves a login after it alone', async () => {
    const earlier = await loggedIn(broker.origin);
    await revoke();
    clock.advance(2);
    const later = await loggedIn(broker.origin);
    await assertEnded(earlier);
    await assertWorks(broker, later);
  });

  it('is ended although its login is not complete yet', async () => {
    const gate = createGate();
    broker.provider.faults.token = async (answer, { parameters }) => {
      if (parameters['grant_type'] === 'authorization_code') await gate.pass();
      return answer;
    };
    const browser = createBrowser();
    const login = logIn(browser, broker.origin);
    await gate.arrived();
    await revoke();
    gate.open();
    await login;
    await assertEnded(browser);
  });
});

describe('a logout token with', () => {
  it('sub ends every session of that user, and nobody else’s', async () => {
    const [one, other, bob] = [
      await loggedIn(broker.origin),
      await loggedIn(broker.origin),
      await loggedIn(broker.origin, 'bob'),
    ];
    await revoke();
    await assertEnded(one);
    await assertOver(await call(broker, other));
    await assertWorks(broker, bob, 'auth0|bob');
  });

  for (const [what, more] of Object.entries({ sid: { sub: undefined }, 'sid and sub': {} })) {
    it(`${what} ends that session alone`, async () => {
      const [one, other] = [await loggedInWithSid(broker), await loggedInWithSid(broker)];
      assert.notEqual(one.sid, other.sid);
      await revoke({ sid: one.sid, ...more });
      await assertEnded(one.browser);
      await assertWorks(broker, other.browser);
    });
  }

  it('the sub of another issuer’s user of the same name ends nothing', async () => {
    const browser = await loggedIn(broker.origin);
    const answer = await deliver(
      broker,
      await logoutToken(broker, { claims: { iss: 'https://elsewhere.example.com/' } }),
    );
    assert.equal(answer.status, 400);
    clock.advance(pastEnd);
    await assertWorks(broker, browser);
  });
});

describe('a logout in one tab', () => {
  it('ends the other one, and every copy of the jar, at their next refresh', async () => {
    const browser = await loggedIn(broker.origin);
    const copy = browser.copy();
    await leave(browser, broker);
    assert.equal(outcomeOf(await call(broker, browser)), '401 login_required');
    assert.equal((await askUser(broker, browser)).status, 401);
    clock.advance(pastEnd);
    const traffic = trafficOf(broker);
    await assertOver(await call(broker, copy));
    await assertOver(await refreshAll(broker, copy));
    assert.equal((await askUser(broker, copy)).status, 401);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('revokes the newest refresh token at the provider, from an old jar as well', async () => {
    const browser = await loggedIn(broker.origin);
    const old = browser.copy();
    clock.advance(pastEnd);
    await assertWorks(broker, browser);
    await leave(old, broker);
    const { parameters } = broker.provider.requestsTo('revoke').at(-1) ?? {};
    const presented = broker.provider.requestsTo('token').map((request) => request.parameters['refresh_token']);
    assert.ok(parameters && !presented.includes(parameters['token']), 'an older token was revoked');
    await assertEnded(browser);
  });
});

describe('a logout everywhere', () => {
  it('ends the sessions of this user in every browser, and of nobody else', async () => {
    const [here, there, bob] = [
      await loggedIn(broker.origin),
      await loggedIn(broker.origin),
      await loggedIn(broker.origin, 'bob'),
    ];
    clock.advance(2);
    const answer = await here.fetch(`${broker.origin}/bff/logout?scope=all`, { method: 'POST' });
    assert.equal(answer.status, 200);
    assert.match(((await answer.json()) as { logout_url: string }).logout_url, /^http:\/\/127\.0\.0\.1/);
    assert.deepEqual(sessionCookies(here), []);
    await assertEnded(there);
    assert.equal((await askUser(broker, there)).status, 401);
    await assertWorks(broker, bob, 'auth0|bob');
    await assertWorks(broker, await loggedIn(broker.origin));
    await broker.logged(({ event, everywhere }) => event === 'logout' && everywhere === true);
  });

  it('needs the header', async () => {
    const browser = await loggedIn(broker.origin);
    const answer = await browser.fetch(`${broker.origin}/bff/logout?scope=all`, { method: 'POST', csrf: false });
    assert.equal(outcomeOf(answer), '403 csrf_rejected');
    clock.advance(pastEnd);
    await assertWorks(broker, browser);
  });
});
