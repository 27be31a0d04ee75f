/** `GET /bff/callback`: what may come back from the provider, and that nothing else starts a session. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { assertLoggedIn, assertRefused, readable, sessionCookies, transactions } from './outcome.ts';
import { loggedIn, logIn } from './person.ts';
import { events, receivedHeader, running } from './running.ts';
import { authorize, callBack, startLogin } from './starting.ts';
import { errorResponse, otherResponse } from './tampering.ts';

const broker = running();

const tokenRequests = (): number => broker.provider.requestsTo('token').length;

/** A browser on the way back from the provider, and the address that it was sent to. */
async function onTheWayBack(browser: Browser = createBrowser()): Promise<{ browser: Browser; response: URL }> {
  return { browser, response: await authorize(broker, browser, await startLogin(broker, browser)) };
}

describe('a response that answers no login of this browser is refused before any token request:', () => {
  const changes: Readonly<Record<string, (query: URLSearchParams) => void>> = {
    'without a state': (query) => query.delete('state'),
    'with an empty state': (query) => query.set('state', ''),
    'with another state': (query) => query.set('state', 'A'.repeat(22)),
    'with a state that goes on': (query) => query.append('state', `${query.get('state') ?? ''}x`),
    'with the state twice': (query) => query.append('state', query.get('state') ?? ''),
    'with two states': (query) => query.append('state', 'A'.repeat(22)),
    'with the code twice': (query) => query.append('code', query.get('code') ?? ''),
    'with two codes': (query) => query.append('code', 'another'),
    'with two issuers': (query) => query.append('iss', 'https://evil.example/'),
    'with two errors': (query) => ['a', 'b'].forEach((error) => query.append('error', error)),
    'with neither code nor error': (query) => query.delete('code'),
    'with an empty code': (query) => query.set('code', ''),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(what, async () => {
      const { browser, response } = await onTheWayBack();
      const before = tokenRequests();
      change(response.searchParams);
      const page = await callBack(broker, browser, response);
      assert.deepEqual([page.status, page.headers.get('bff-error')], [400, 'login_state_mismatch']);
      assert.equal(tokenRequests(), before);
      assert.deepEqual(sessionCookies(browser), []);
    });
  }

  for (const query of [
    '',
    '?',
    '?%',
    '?state=%ff',
    '?state',
    '?=&=',
    '?state=__proto__&code=x',
    `?${'a=1&'.repeat(200)}`,
  ]) {
    test(`with the query ${JSON.stringify(query.slice(0, 24))}`, async () => {
      const page = await callBack(broker, createBrowser(), new URL(`${broker.origin}/bff/callback${query}`));
      // A REST API has decoded the query, so that what is no UTF-8 has been lost on the way.
      const code = events === 'rest' && query.includes('%ff') ? 'request_malformed' : 'login_state_mismatch';
      assert.deepEqual([page.status, page.headers.get('bff-error')], [400, code]);
    });
  }
});

describe('the issuer of the response (RFC 9207)', () => {
  const wrong = {
    'is somebody else': 'https://evil.example/',
    'is missing although the provider always names it': undefined,
    'lacks its slash': (issuer: string) => issuer.replace(/\/$/, ''),
    'is written in other letters': (issuer: string) => issuer.toUpperCase(),
  };
  for (const [what, iss] of Object.entries(wrong)) {
    test(`ends the login before any token request when it ${what}`, async () => {
      const { provider } = broker;
      provider.faults.authorization = otherResponse({ iss: typeof iss === 'function' ? iss(provider.issuer) : iss });
      const before = tokenRequests();
      const browser = createBrowser();
      await assertRefused(broker, browser, await logIn(browser, broker.origin), { code: 'login_state_mismatch' });
      assert.equal(tokenRequests(), before);
    });
  }
});

describe('an error in place of a code', () => {
  const script = '<script>alert(document.domain)</script>';
  const errors: Readonly<Record<string, [error: string, description: string | undefined, code: string, says: RegExp]>> =
    {
      access_denied: ['access_denied', 'User did not authorize', 'login_refused', /did not let this user in/],
      login_required: ['login_required', undefined, 'login_refused', /did not allow/],
      interaction_required: ['interaction_required', undefined, 'login_refused', /did not allow/],
      consent_required: ['consent_required', undefined, 'login_refused', /consent/],
      invalid_scope: ['invalid_scope', undefined, 'login_refused', /one of the scopes/],
      server_error: ['server_error', undefined, 'provider_unavailable', /cannot be reached/],
      temporarily_unavailable: ['temporarily_unavailable', undefined, 'provider_unavailable', /cannot be reached/],
      'an unknown one': ['very_own_error', 'x', 'login_refused', /not known here/],
      'a script': [script, script, 'login_refused', /not known here/],
      'a name that objects have': ['constructor', '__proto__', 'login_refused', /not known here/],
      'an attribute': ['" onmouseover="alert(1)', "'><img src=x onerror=alert(1)>", 'login_refused', /not known here/],
      'another line': ['x\r\nSet-Cookie: a=b', 'y\nSet-Cookie: c=d', 'login_refused', /not known here/],
    };
  for (const [what, [error, description, code, says]] of Object.entries(errors)) {
    test(`is told by a code of our own and never shown: ${what}`, async () => {
      broker.provider.faults.authorization = errorResponse(error, description);
      const before = tokenRequests();
      const browser = createBrowser();
      const page = await logIn(browser, broker.origin);
      await assertRefused(broker, browser, page, { code: code as 'login_refused', cause: says });
      for (const raw of [error, description]) {
        if (raw !== undefined && !/^[a-z_]+$/.test(raw)) assert.ok(!page.text.includes(raw), 'it was shown');
      }
      assert.doesNotMatch(page.text, /<script|onerror|onmouseover/i);
      assert.equal(tokenRequests(), before);
    });
  }

  test('counts even where there is a code as well', async () => {
    broker.provider.faults.authorization = otherResponse({ error: 'access_denied' });
    const before = tokenRequests();
    const browser = createBrowser();
    await assertRefused(broker, browser, await logIn(browser, broker.origin), { code: 'login_refused' });
    assert.equal(tokenRequests(), before);
  });

  test('comes back from a login without a prompt while nobody is logged in at the provider', async () => {
    const browser = createBrowser();
    const page = await logIn(browser, broker.origin, { query: '?prompt=none' });
    await assertRefused(broker, browser, page, { code: 'login_refused', cause: /did not allow/ });
  });
});

describe('what else a response may carry', () => {
  test('is ignored: tokens of the front channel reach nobody', async () => {
    const { browser, response } = await onTheWayBack();
    for (const name of ['access_token', 'id_token', 'token_type', 'expires_in', 'refresh_token', 'scope']) {
      response.searchParams.set(name, 'evil-from-the-front-channel');
    }
    await callBack(broker, browser, response);
    await assertLoggedIn(broker, browser);
    await browser.fetch(`${broker.origin}/api/orders/1`);
    assert.doesNotMatch(receivedHeader(broker.apis.orders, 'authorization') ?? '', /evil/);
  });

  test('is no response by POST', async () => {
    const { browser, response } = await onTheWayBack();
    const before = tokenRequests();
    const form = Object.fromEntries(response.searchParams);
    const page = await callBack(broker, browser, new URL(response.pathname, response), { method: 'POST', form });
    assert.deepEqual([page.status, page.headers.get('allow')], [405, 'GET']);
    assert.equal(tokenRequests(), before);
    assert.deepEqual(sessionCookies(browser), []);
  });

  for (const name of ['sec-purpose', 'purpose']) {
    test(`has no effect in a prefetch (${name}), and still works afterwards`, async () => {
      const { browser, response } = await onTheWayBack();
      const before = tokenRequests();
      const page = await callBack(broker, browser, response, { headers: { [name]: 'prefetch' } });
      assert.deepEqual([page.status, page.headers.get('bff-error')], [503, 'prefetch_refused']);
      assert.ok(page.headers.has('retry-after'));
      assert.deepEqual([tokenRequests(), page.setCookies, transactions(browser).length], [before, [], 1]);
      await callBack(broker, browser, response);
      await assertLoggedIn(broker, browser);
    });
  }
});

describe('a completed login', () => {
  test('leaves nothing of the response in the address, and nothing to a cache or a referrer', async () => {
    const { browser, response } = await onTheWayBack();
    const page = await callBack(broker, browser, response, { stopAt: () => true });
    assert.deepEqual([page.status, page.headers.get('location')], [302, `${broker.origin}/`]);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.deepEqual(transactions(browser), []);
  });

  test('was had without any session cookie: the browser withholds them on the way back', async () => {
    const page = await logIn(await loggedIn(broker.origin), broker.origin);
    const callback = page.steps.find(({ url }) => url.pathname === '/bff/callback');
    assert.equal(callback?.sentCookies.length, 1);
    assert.match(callback.sentCookies[0] ?? '', /^__Host-Http-bff-login-/);
  });

  test('makes a session of its own each time', async () => {
    const browser = await loggedIn(broker.origin);
    const before = sessionCookies(browser);
    await logIn(browser, broker.origin);
    for (const { name, path, value } of sessionCookies(browser)) {
      assert.notEqual(before.find((one) => one.name === name && one.path === path)?.value, value, name);
    }
  });

  test('never turns a session that somebody planted into that of who logs in', async () => {
    const attacker = await loggedIn(broker.origin, 'bob');
    const victim = createBrowser();
    for (const one of sessionCookies(attacker)) victim.plant(one, 'localhost');
    await logIn(victim, broker.origin, { username: 'alice' });
    await assertLoggedIn(broker, victim);
    const response = await attacker.fetch(`${broker.origin}/bff/user`);
    assert.doesNotMatch(await response.text(), /alice/);
  });
});

describe('a login that fails', () => {
  const failures = {
    'at the provider': () => {
      broker.provider.faults.authorization = errorResponse('access_denied');
    },
    'at the token endpoint': () => {
      broker.provider.faults.token = () => ({ status: 500, headers: {} });
    },
    'at the audience': () => {
      broker.provider.faults.token = (answer) => ({ ...answer, json: { ...answer.json, access_token: 'opaque' } });
    },
  };
  for (const [where, arrange] of Object.entries(failures)) {
    test(`${where} leaves the session alone that is there`, async () => {
      const browser = await loggedIn(broker.origin);
      const before = sessionCookies(browser);
      arrange();
      assert.ok((await logIn(browser, broker.origin)).status >= 400);
      assert.deepEqual(sessionCookies(browser), before);
      await assertLoggedIn(broker, browser);
      assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
    });
  }

  test('offers ways on, and says by which reference the log line is found', async () => {
    broker.provider.faults.authorization = errorResponse('access_denied');
    const page = await logIn(createBrowser(), broker.origin);
    for (const href of ['/bff/login', '/bff/diagnostics', `${broker.origin}/`]) {
      assert.ok(page.text.includes(`href="${href}"`), href);
    }
    assert.match(readable(page.text), /Reference\s+[\w-]{10,}/);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  });
});
