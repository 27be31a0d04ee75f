/** The provider's part in a logout: the refresh token is revoked there, the session there is ended, and the way leads home. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { isLoggedIn, leave, ownCookies } from './leaving.ts';
import { logIn, loggedIn } from './person.ts';
import { ask, cookiesSet, header } from './raw.ts';
import { running, usual } from './running.ts';
import { otherIdToken } from './tampering.ts';

const clock = startClock();

describe('a logout at the provider', () => {
  const broker = running({ table: false });

  it('revokes the refresh token, with the credentials of the client', async () => {
    const browser = await loggedIn(broker.origin);
    const refreshes = broker.provider.requestsTo('token').length;
    await leave(browser, broker);
    const revocation = broker.provider.requestsTo('revoke').at(-1);
    assert.equal(revocation?.status, 200);
    assert.equal(revocation.clientAuth, 'basic');
    assert.equal(revocation.parameters['token_type_hint'], 'refresh_token');
    const spent = broker.provider.requestsTo('token').map(({ parameters }) => parameters['refresh_token']);
    assert.ok(!spent.includes(revocation.parameters['token'] ?? ''), 'the newest one was revoked, not a spent one');
    assert.equal(spent.length, refreshes);
  });

  it('leads to the provider with the client, the session there, a state and the one registered address', async () => {
    broker.provider.faults.token = otherIdToken(broker.provider, { claims: { sid: 'session at the provider' } });
    const location = await leave(await loggedIn(broker.origin), broker, '&returnUrl=%2Fbye');
    assert.equal(location.origin + location.pathname, `${broker.provider.origin}/oidc/logout`);
    const { state, ...others } = Object.fromEntries(location.searchParams);
    assert.deepEqual(others, {
      client_id: 'token-broker',
      logout_hint: 'session at the provider',
      post_logout_redirect_uri: `${broker.origin}/bff/logout/callback`,
    });
    assert.match(state ?? '', /^[\w-]{22}$/);
  });

  for (const [how, fault] of [
    ['fails', { status: 500, headers: {}, body: 'out of order' }],
    ['breaks the connection', { status: 200, headers: {}, reset: true }],
    ['never answers', { status: 200, headers: {}, delayMs: 20_000 }],
  ] as const) {
    it(`ends the session here although the provider's revocation ${how}`, async () => {
      const browser = await loggedIn(broker.origin);
      broker.provider.faults.revoke = () => fault;
      const started = performance.now();
      const location = await leave(browser, broker);
      assert.ok(performance.now() - started < 5000, 'the person waits for the provider');
      assert.equal(location.pathname, '/oidc/logout');
      assert.equal(await isLoggedIn(browser, broker.origin), false);
      await broker.logged(({ event }) => event === 'revocation_failed');
    });
  }

  it('ends the session here although the provider cannot be found', async () => {
    const browser = await loggedIn(broker.origin);
    await broker.forgetInstances();
    broker.provider.faults.discovery = () => ({ status: 503, headers: {}, body: '' });
    const location = await leave(browser, broker, '&returnUrl=%2Fbye');
    assert.equal(location.href, `${broker.origin}/bye`);
    assert.equal(await isLoggedIn(browser, broker.origin), false);
    await broker.forgetInstances();
  });

  it('leads to the older logout where the provider hides the newer one', async () => {
    await broker.forgetInstances();
    broker.provider.tenant.hideEndSession = true;
    const browser = await loggedIn(broker.origin);
    const location = await leave(browser, broker, '&returnUrl=%2Fbye');
    assert.equal(location.pathname, '/v2/logout');
    assert.deepEqual(Object.fromEntries(location.searchParams), {
      client_id: 'token-broker',
      returnTo: `${broker.origin}/bff/logout/callback`,
    });
    assert.equal((await browser.navigate(location)).url.href, `${broker.origin}/bye`);
    await broker.forgetInstances();
  });
});

describe('the way home from the provider', () => {
  const broker = running({ table: false });

  const returnCookie = '__Host-Http-bff-return';

  async function underWay(): Promise<Browser> {
    const browser = await loggedIn(broker.origin);
    await leave(browser, broker, '&returnUrl=%2Fbye%3Fa%3D1');
    return browser;
  }

  it('lies in a cookie for five minutes that comes along from another site', async () => {
    const found = (await underWay()).jar.find(({ name }) => name === returnCookie);
    assert.equal(found?.sameSite, 'Lax');
    assert.ok(Math.abs(found.expiresAtMs - Date.now() - 300_000) < 5000);
  });

  for (const query of [
    '',
    '?state=',
    '?state=wrong',
    '?state=a&state=b',
    '?state=%00',
    '?error=x&state=%3Cscript%3E',
  ]) {
    it(`is found whatever the provider says: ${query || 'nothing'}`, async () => {
      const browser = await underWay();
      const page = await browser.navigate(`${broker.origin}/bff/logout/callback${query}`, {
        from: broker.provider.origin,
      });
      assert.equal(page.url.href, `${broker.origin}/bye?a=1`);
      assert.deepEqual(ownCookies(browser), []);
    });
  }

  for (const [what, spoil] of [
    ['is gone', (browser: Browser) => browser.forget(({ name }) => name === returnCookie)],
    ['is too old', () => clock.advance(301)],
    [
      'was tampered with',
      (browser: Browser) => {
        const { value = '' } = browser.jar.find(({ name }) => name === returnCookie) ?? {};
        browser.forget(({ name }) => name === returnCookie);
        browser.plant({ name: returnCookie, value: `${value.slice(0, -3)}AAA`, path: '/' }, 'localhost');
      },
    ],
    [
      'comes twice',
      (browser: Browser) => browser.plant({ name: returnCookie, value: 'other', path: '/' }, 'localhost'),
    ],
  ] as const) {
    it(`is the front page when the cookie ${what}`, async () => {
      const browser = await underWay();
      const cookie = header(browser.jar.filter(({ name }) => name === returnCookie));
      spoil(browser);
      const sent = what === 'is too old' ? cookie : header(browser.jar.filter(({ name }) => name === returnCookie));
      const answer = await ask(broker.origin, '/bff/logout/callback', sent === '' ? {} : { cookie: sent });
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.get('location'), `${broker.origin}/`);
      assert.deepEqual(cookiesSet(answer), { set: [], deleted: [returnCookie] });
    });
  }
});

describe('a provider that wants its ID token back', () => {
  const provider = { ...usual.provider, logout: { dialect: 'end_session', hint: 'id_token' } };
  const broker = running({
    table: false,
    configuration: { value: { ...usual, provider } },
  });

  it('gets it, from a cookie that only the logout sees', async () => {
    const browser = await loggedIn(broker.origin);
    const kept = browser.jar.find(({ name }) => name === '__Secure-bff-idt');
    assert.equal(kept?.path, '/bff/logout');
    assert.equal(kept.sameSite, 'Strict');
    const location = await leave(browser, broker);
    assert.match(location.searchParams.get('id_token_hint') ?? '', /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal((await browser.navigate(location)).url.href, `${broker.origin}/`);
    assert.deepEqual(ownCookies(browser), []);
  });

  it('does without where the cookie is of another session', async () => {
    const [alice, bob] = [await loggedIn(broker.origin), await loggedIn(broker.origin, 'bob')];
    const stranger = bob.jar.find(({ name }) => name === '__Secure-bff-idt');
    assert.ok(stranger);
    alice.forget(({ name }) => name === '__Secure-bff-idt');
    alice.plant(stranger, 'localhost');
    assert.equal((await leave(alice, broker)).searchParams.get('id_token_hint'), null);
  });
});

describe('a provider without a logout', () => {
  const broker = running({
    table: false,
    configuration: { value: { ...usual, provider: { ...usual.provider, logout: { dialect: 'local' } } } },
  });

  it('is not visited, and the refresh token is revoked all the same', async () => {
    const browser = await loggedIn(broker.origin);
    const location = await leave(browser, broker, '&returnUrl=%2Fbye');
    assert.equal(location.href, `${broker.origin}/bye`);
    assert.deepEqual(ownCookies(browser), []);
    assert.equal(broker.provider.requestsTo('revoke').at(-1)?.status, 200);
    assert.equal(broker.provider.requestsTo('logout').length, 0);
  });
});

describe('a provider with a logout address of its own', () => {
  const template = 'https://login.example.com/out?client={clientId}&next={returnUrl}';
  const broker = running({
    table: false,
    configuration: { value: { ...usual, provider: { ...usual.provider, logout: { dialect: 'template', template } } } },
  });

  it('is asked at that address', async () => {
    const location = await leave(await loggedIn(broker.origin), broker);
    assert.equal(location.origin + location.pathname, 'https://login.example.com/out');
    assert.equal(location.searchParams.get('next'), `${broker.origin}/bff/logout/callback`);
  });
});

describe('an application on another origin of the same site', () => {
  const app = 'http://localhost:4200';
  const broker = running({
    table: false,
    configuration: { value: { ...usual, appOrigins: [app] } },
  });

  it('gets absolute addresses, and is returned to', async () => {
    const browser = createBrowser();
    const login = await logIn(browser, broker.origin, { stopAt: (url) => url.origin === app });
    assert.equal(login.headers.get('location'), `${app}/`);
    const answer = await browser.fetch(`${broker.origin}/bff/user`, { from: app });
    assert.equal(answer.headers.get('access-control-allow-origin'), app);
    const claims = (await answer.json()) as readonly { type: string; value: unknown }[];
    const link = String(claims.find(({ type }) => type === 'bff:logout_url')?.value);
    assert.ok(link.startsWith(`${broker.origin}/bff/logout?sid=`), link);
    const home = await browser.navigate(link, { from: app, stopAt: (url) => url.origin === app });
    assert.equal(home.headers.get('location'), `${app}/`);
  });
});
