/** What comes back from a refresh is looked at as closely as what came back from the login, and reaches the jar with every answer. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { cookiesSet } from '../broker/raw.ts';
import { running } from '../broker/running.ts';
import { both, onGrant, otherAccessToken } from '../broker/tampering.ts';
import {
  assertCookiesUntouched,
  assertOver,
  assertRefreshed,
  assertWorks,
  call,
  intoMargin,
  lifetimeSeconds,
  names,
  outcomeOf,
  pastEnd,
  refreshAll,
  setNames,
  shortLived,
  trafficOf,
  withMembers,
} from './usage.ts';

const clock = startClock();
const broker = running(shortLived);

describe('an access token of another audience that comes with a refresh', () => {
  it('is neither sent nor stored; the refresh token that came with it is kept', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const { provider } = broker;
    const kept: unknown[] = [];
    provider.faults.token = both(
      otherAccessToken(provider, { claims: { aud: 'https://elsewhere.example.com' } }, 'refresh_token'),
      onGrant('refresh_token', (members) => {
        kept.push(members['refresh_token']);
        return members;
      }),
    );
    const traffic = trafficOf(broker);
    const refused = await call(broker, browser);
    assert.equal(outcomeOf(refused), '502 audience_substituted');
    assert.deepEqual(cookiesSet(refused), { set: [names.grant], deleted: [] });
    assert.equal(outcomeOf(await call(broker, browser.copy())), '502 audience_substituted');
    assert.deepEqual([traffic.redemptions().length, traffic.arrivals('orders')], [1, []]);
    await broker.logged(({ event, code }) => event === 'audience_refused' && code === 'audience_substituted');
    delete provider.faults.token;
    clock.advance(61);
    await assertWorks(broker, browser);
    assert.deepEqual(traffic.redemptions()[1]?.parameters['refresh_token'], kept[0]);
  });
});

describe('an ID token that comes with a refresh', () => {
  const others: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'another user': { sub: 'auth0|bob' },
    'another issuer': { iss: 'https://elsewhere.example.com/' },
    'another client': { aud: 'another-client' },
    nobody: { sub: undefined },
  };
  for (const [who, claims] of Object.entries(others)) {
    it(`about ${who} ends the session before anything is sent`, async () => {
      const browser = await loggedIn(broker.origin);
      const copy = browser.copy();
      clock.advance(pastEnd);
      const { provider } = broker;
      provider.faults.token = onGrant('refresh_token', async (members) => ({
        ...members,
        id_token: await provider.sign({ ...decodeJwt(String(members['id_token'])), ...claims }),
      }));
      const traffic = trafficOf(broker);
      await assertOver(await call(broker, browser));
      delete provider.faults.token;
      await assertOver(await call(broker, copy));
      await assertOver(await call(broker, copy, 'profile'));
      assert.deepEqual([traffic.arrivals('orders'), traffic.redemptions().length], [[], 1]);
      await broker.logged(({ event }) => event === 'subject_mismatch');
    });
  }

  it('may be missing', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    broker.provider.faults.token = withMembers({ id_token: undefined });
    await assertWorks(broker, browser);
  });
});

describe('a refresh token', () => {
  it('that is not replaced is presented again', async () => {
    broker.provider.tenant.rotation = false;
    const browser = await loggedIn(broker.origin);
    broker.provider.faults.token = withMembers({ refresh_token: undefined });
    const traffic = trafficOf(broker);
    for (let round = 0; round < 3; round += 1) {
      clock.advance(pastEnd);
      assert.equal(outcomeOf(await call(broker, browser)), '200');
    }
    const presented = new Set(traffic.redemptions().map(({ parameters }) => parameters['refresh_token']));
    assert.deepEqual([traffic.redemptions().length, presented.size], [3, 1]);
  });

  it('that was never issued ends the session with its last token, without a redemption', async () => {
    broker.provider.faults.token = onGrant('authorization_code', (members) => ({
      ...members,
      refresh_token: undefined,
    }));
    const browser = await loggedIn(broker.origin);
    const traffic = trafficOf(broker);
    clock.advance(intoMargin);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    const refreshed = await refreshAll(broker, browser);
    await assertRefreshed(refreshed, lifetimeSeconds - intoMargin);
    assertCookiesUntouched(refreshed);
    clock.advance(lifetimeSeconds - intoMargin);
    await assertOver(await call(broker, browser));
    await assertOver(await refreshAll(broker, browser));
    assert.deepEqual(traffic.redemptions(), []);
  });
});

describe('the life of a refreshed token', () => {
  /** `expires_in` as a provider may send it, and what is left of the token then; the token itself ends after its 300 s. */
  const lives: Readonly<Record<string, readonly [value: unknown, seconds: number]>> = {
    absent: [undefined, lifetimeSeconds],
    'shorter than the token': [100, 100],
    'a text': ['100', 100],
    'no number': ['soon', lifetimeSeconds],
    null: [null, lifetimeSeconds],
    huge: [1e21, lifetimeSeconds],
    'a fraction': [99.5, 99],
  };
  for (const [what, [value, seconds]] of Object.entries(lives)) {
    it(`is ${seconds} s where expires_in is ${what}`, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(pastEnd);
      broker.provider.faults.token = withMembers({ expires_in: value });
      await assertRefreshed(await refreshAll(broker, browser), seconds);
      clock.advance(seconds - 20);
      delete broker.provider.faults.token;
      await assertWorks(broker, browser);
    });
  }

  for (const value of [0, -1, '-100']) {
    it(`is over where expires_in is ${JSON.stringify(value)}: nothing is sent, and the session goes on`, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(pastEnd);
      broker.provider.faults.token = withMembers({ expires_in: value });
      const traffic = trafficOf(broker);
      assert.equal(outcomeOf(await call(broker, browser)), '502 access_token_expired');
      assert.deepEqual(traffic.arrivals('orders'), []);
      delete broker.provider.faults.token;
      clock.advance(61);
      await assertWorks(broker, browser);
    });
  }
});

describe('new cookies reach the jar', () => {
  let browser: Browser;

  before(async () => {
    browser = await loggedIn(broker.origin);
  });

  for (const [method, path] of [
    ['GET', '/status/204'],
    ['GET', '/status/304'],
    ['GET', '/status/400'],
    ['GET', '/status/403'],
    ['GET', '/status/404'],
    ['GET', '/status/500'],
    ['GET', '/status/503'],
    ['GET', '/redirect?to=/elsewhere'],
    ['GET', '/empty'],
    ['GET', '/bytes?n=7000000'],
    ['HEAD', '/'],
    ['POST', '/'],
    ['DELETE', '/'],
  ] as const) {
    it(`with the answer to ${method} ${path}`, async () => {
      clock.advance(pastEnd);
      const answer = await call(broker, browser, 'orders', path, { method });
      assert.deepEqual([setNames(answer), cookiesSet(answer).deleted], [[names.grant, names.orders], []]);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      const traffic = trafficOf(broker);
      assert.equal(outcomeOf(await call(broker, browser)), '200');
      assert.deepEqual(traffic.redemptions(), []);
    });
  }
});

describe('POST /bff/refresh', () => {
  it('does nothing where nothing is due', async () => {
    const browser = await loggedIn(broker.origin);
    const traffic = trafficOf(broker);
    clock.advance(lifetimeSeconds - 90);
    const answer = await refreshAll(broker, browser);
    await assertRefreshed(answer, 90);
    assertCookiesUntouched(answer);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('renews every token inside its margin, one after the other', async () => {
    const browser = await loggedIn(broker.origin);
    const traffic = trafficOf(broker);
    clock.advance(intoMargin);
    const answer = await refreshAll(broker, browser);
    await assertRefreshed(answer, lifetimeSeconds);
    assert.deepEqual(setNames(answer), [names.grant, names.orders, names.profile]);
    assert.deepEqual(traffic.redeemed(), ['https://orders.example.com', 'https://profile.example.com']);
    await assertWorks(broker, browser);
    assert.equal(traffic.redemptions().length, 2);
  });

  it('asks for no API that has failed just now', async () => {
    broker.provider.tenant.mrrt = false;
    const browser = await loggedIn(broker.origin);
    const traffic = trafficOf(broker);
    const answer = await refreshAll(broker, browser);
    await assertRefreshed(answer, lifetimeSeconds);
    assert.deepEqual(traffic.redemptions(), []);
    clock.advance(61);
    assert.equal((await refreshAll(broker, browser)).status, 200);
    assert.deepEqual(traffic.redeemed(), ['https://profile.example.com']);
    assert.equal((await refreshAll(broker, browser)).status, 200);
    assert.equal(traffic.redemptions().length, 1);
  });

  it('needs the header, a session, and POST', async () => {
    const browser = await loggedIn(broker.origin);
    const url = `${broker.origin}/bff/refresh`;
    assert.equal(outcomeOf(await browser.fetch(url, { method: 'POST', csrf: false })), '403 csrf_rejected');
    assert.equal(outcomeOf(await browser.fetch(url)), '405 method_not_allowed');
    browser.forget(() => true);
    assert.equal(outcomeOf(await browser.fetch(url, { method: 'POST' })), '401 login_required');
  });
});
