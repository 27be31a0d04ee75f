/** `POST /bff/backchannel`: which logout tokens are obeyed, and every kind that is not. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import { askUser, assertWorks, outcomeOf, shortLived } from '../refresh/usage.ts';
import {
  deliver,
  loggedInWithSid,
  logoutEvent,
  logoutToken,
  type Delivery,
  type LogoutToken,
} from './logout-tokens.ts';

const clock = startClock();
/** Where every request asks, a token that was obeyed by mistake is seen at once. */
const broker = running({
  ...shortLived,
  configuration: { value: { ...usual, session: { revocation: 'immediate' } } },
});

const seconds = (): number => Math.floor(Date.now() / 1000);

const isLoggedIn = async (browser: Browser): Promise<boolean> => (await askUser(broker, browser)).status === 200;

async function assertObeyed(token: string, delivery: Delivery = {}): Promise<void> {
  const answer = await deliver(broker, token, delivery);
  assert.deepEqual([answer.status, await answer.text()], [200, '']);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
}

async function assertRefused(token: string, delivery: Delivery = {}): Promise<void> {
  const answer = await deliver(broker, token, delivery);
  assert.equal(outcomeOf(answer), '400 logout_token_invalid');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const { ref } = (await answer.json()) as { ref: string };
  const line = await broker.logged((one) => one.ref === ref && one.event === 'backchannel_logout_failed');
  assert.equal(line['level'], 'error');
}

describe('a logout token is refused', () => {
  let browser: Browser;
  let idToken: string;
  let accessToken: string;

  before(async () => {
    ({ browser, idToken, accessToken } = await loggedInWithSid(broker));
    clock.advance(5);
  });

  const tokens: Readonly<Record<string, () => LogoutToken>> = {
    'that nobody signed': () => ({ signer: 'none' }),
    'that somebody else signed': () => ({ signer: 'foreign' }),
    'signed with a key that nobody published': () => ({ signer: 'foreign', header: { kid: 'unknown' } }),
    'signed with the secret of the client': () => ({ signer: { secret: 'secret-of-the-one-machine-stack' } }),
    'of another issuer': () => ({ claims: { iss: `${broker.provider.issuer}INVALID` } }),
    'without an issuer': () => ({ claims: { iss: undefined } }),
    'for another client': () => ({ claims: { aud: 'another-client' } }),
    'for nobody': () => ({ claims: { aud: undefined } }),
    'for a client whose name begins alike': () => ({ claims: { aud: 'token-brokerINVALID' } }),
    'without events': () => ({ claims: { events: undefined } }),
    'about another event': () => ({ claims: { events: { 'http://schemas.openid.net/event/foobar': {} } } }),
    'with events in a list': () => ({ claims: { events: [logoutEvent] } }),
    'with events as a text': () => ({ claims: { events: logoutEvent } }),
    'whose event is no object': () => ({ claims: { events: { [logoutEvent]: true } } }),
    'with a nonce': () => ({ claims: { nonce: 'n' } }),
    'without iat': () => ({ claims: { iat: undefined } }),
    'whose iat is a text': () => ({ claims: { iat: String(seconds()) } }),
    'issued an hour ago': () => ({ claims: { iat: seconds() - 3600 } }),
    'issued three minutes ago': () => ({ claims: { iat: seconds() - 180 } }),
    'issued in an hour': () => ({ claims: { iat: seconds() + 3600, exp: seconds() + 7200 } }),
    'without exp': () => ({ claims: { exp: undefined } }),
    'that has ended': () => ({ claims: { iat: seconds() - 100, exp: seconds() - 60 } }),
    'without jti': () => ({ claims: { jti: undefined } }),
    'whose jti is empty': () => ({ claims: { jti: '' } }),
    'whose jti is a number': () => ({ claims: { jti: 1 } }),
    'whose jti is endless': () => ({ claims: { jti: 'x'.repeat(300) } }),
    'that names neither sub nor sid': () => ({ claims: { sub: undefined } }),
    'whose sub is a number': () => ({ claims: { sub: 1 } }),
    'whose sid is a list': () => ({ claims: { sid: ['s'] } }),
    'whose typ is that of an access token': () => ({ header: { typ: 'at+jwt' } }),
    'whose typ is something else': () => ({ header: { typ: 'secevent+jwt' } }),
    'without typ': () => ({ header: { typ: undefined } }),
  };
  for (const [what, token] of Object.entries(tokens)) {
    it(what, async () => assertRefused(await logoutToken(broker, token())));
  }

  it('that was changed on the way', async () => {
    const [header, payload, signature] = (await logoutToken(broker)).split('.');
    await assertRefused([header, payload?.replace(/.$/, 'A'), signature].join('.'));
    await assertRefused([header, payload].join('.'));
    await assertRefused('not.a.token');
  });

  it('that is an ID token or an access token', async () => {
    await assertRefused(idToken);
    await assertRefused(accessToken);
  });

  const deliveries: Readonly<Record<string, (token: string) => Delivery>> = {
    'that comes twice in one request': (token) => ({ body: `logout_token=${token}&logout_token=${token}` }),
    'that comes as JSON': (token) => ({
      contentType: 'application/json',
      body: JSON.stringify({ logout_token: token }),
    }),
    'that comes as text': (token) => ({ contentType: 'text/plain', body: `logout_token=${token}` }),
    'that is not there': () => ({ body: '' }),
    'that is empty': () => ({ body: 'logout_token=' }),
    'under another name': (token) => ({ body: `token=${token}` }),
  };
  for (const [what, delivery] of Object.entries(deliveries)) {
    it(what, async () => {
      const token = await logoutToken(broker);
      await assertRefused(token, delivery(token));
    });
  }

  it('that does not come by POST', async () => {
    const token = await logoutToken(broker);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assert.equal(outcomeOf(await deliver(broker, token, { method, body: '' })), '405 method_not_allowed');
    }
  });

  it('that is larger than any logout token, before it is looked into', async () => {
    const requests = broker.provider.requests.length;
    for (const length of [16_400, 1_000_000]) {
      assert.equal(outcomeOf(await deliver(broker, 'x'.repeat(length))), '413 body_too_large');
    }
    assert.equal(broker.provider.requests.length, requests);
  });

  it('and the session goes on through all of that', async () => {
    await assertWorks(broker, browser);
  });
});

describe('a logout token is obeyed', () => {
  const variants: Readonly<Record<string, () => LogoutToken & { readonly delivery?: Delivery }>> = {
    'that is as the standard has it': () => ({}),
    'of the type that this provider also uses': () => ({ header: { typ: 'JWT' } }),
    'whose type is written out': () => ({ header: { typ: 'application/logout+jwt' } }),
    'for several clients, this one among them': () => ({ claims: { aud: ['another', 'token-broker'] } }),
    'that took a minute and a half to come': () => ({ claims: { iat: seconds() - 90, exp: seconds() + 30 } }),
    'of a clock that is a little ahead': () => ({ claims: { iat: seconds() + 20 } }),
    'in a form that names its charset': () => ({
      delivery: { contentType: 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
    }),
  };
  for (const [what, variant] of Object.entries(variants)) {
    it(what, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(100);
      const { delivery, ...token } = variant();
      await assertObeyed(await logoutToken(broker, token), delivery);
      assert.equal(await isLoggedIn(browser), false);
      await broker.logged(({ event }) => event === 'backchannel_logout');
    });
  }

  it('where nobody is logged in', async () => {
    await assertObeyed(await logoutToken(broker, { claims: { sub: 'auth0|nobody' } }));
    await assertObeyed(await logoutToken(broker, { claims: { sub: undefined, sid: 'no-such-session' } }));
  });

  it('once: whoever sends it again ends nothing', async () => {
    const token = await logoutToken(broker, { claims: { exp: seconds() + 300 } });
    await assertObeyed(token);
    clock.advance(30);
    const browser = await loggedIn(broker.origin);
    await assertRefused(token);
    await assertWorks(broker, browser);
  });

  it('when the table, which failed at first, is back and it is sent again', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(5);
    const token = await logoutToken(broker);
    await broker.stack.table?.switchTo('fail');
    const failed = await deliver(broker, token);
    await broker.stack.table?.switchTo('normal');
    assert.equal(outcomeOf(failed), '503 store_unavailable');
    assert.equal(await isLoggedIn(browser), true);
    await assertObeyed(token);
    assert.equal(await isLoggedIn(browser), false);
  });

  it("when the provider's keys, which were away at first, are back and it is sent again", async () => {
    await broker.forgetInstances();
    const token = await logoutToken(broker);
    broker.provider.faults.jwks = () => ({ status: 500, headers: {} });
    assert.equal(outcomeOf(await deliver(broker, token)), '503 provider_unavailable');
    delete broker.provider.faults.jwks;
    await assertObeyed(token);
  });
});

describe('a flood of tokens with unknown keys', () => {
  it('asks for the keys once or twice', async () => {
    await broker.forgetInstances();
    const asked = broker.provider.requestsTo('jwks').length;
    const [, ...rest] = (await logoutToken(broker, { signer: 'foreign' })).split('.');
    for (let count = 0; count < 40; count += 1) {
      const header = Buffer.from(JSON.stringify({ typ: 'logout+jwt', alg: 'RS256', kid: `unknown-${count}` }));
      const answer = await deliver(broker, [header.toString('base64url'), ...rest].join('.'));
      assert.equal(answer.status, 400);
    }
    assert.ok(broker.provider.requestsTo('jwks').length - asked <= 2);
  });
});
