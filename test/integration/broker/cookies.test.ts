/** The cookies of a session as a browser gets them: names, attributes, what can be seen in them, how large they may be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser, type Browser, type JarCookie } from './browser.ts';
import { startClock } from './clock.ts';
import { logIn, loggedIn } from './person.ts';
import { sessionCookies } from './outcome.ts';
import { cookiesFor } from './raw.ts';
import { receivedHeader, running } from './running.ts';
import { cookieOf, decoded, headerOf, partsOf } from './sealed.ts';
import { onGrant, type Members } from './tampering.ts';

const clock = startClock();

const own = ({ jar }: Browser): readonly JarCookie[] => jar.filter(({ host }) => host === 'localhost');

const hoursOf = ({ expiresAtMs }: JarCookie): number => Math.ceil((expiresAtMs - Date.now()) / 3_600_000);

describe('the cookies of a session', () => {
  const broker = running({ table: false });

  it('lie each at its own path and end with the session', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(200);
    await browser.fetch(`${broker.origin}/bff/user`);
    assert.deepEqual(
      own(browser).map((cookie) => [
        cookie.name,
        cookie.path,
        cookie.sameSite,
        cookie.httpOnly,
        cookie.secure,
        hoursOf(cookie),
      ]),
      [
        ['__Host-Http-bff', '/', 'Strict', true, true, 8],
        ['__Host-Http-bff-grant', '/', 'Strict', true, true, 8],
        ['__Secure-bff-orders', '/api/orders', 'Strict', true, true, 8],
        ['__Secure-bff-profile', '/api/profile', 'Strict', true, true, 8],
        ['__Secure-bff-report', '/bff/diagnostics', 'Strict', true, true, 1],
        ['__Host-Http-bff-seen', '/', 'Strict', true, true, 8],
      ],
    );
  });

  it('are sent to an API without those of another API', async () => {
    const browser = await loggedIn(broker.origin);
    assert.deepEqual(
      cookiesFor(browser, '/api/orders/1').map(({ name }) => name),
      ['__Host-Http-bff', '__Host-Http-bff-grant', '__Secure-bff-orders'],
    );
  });

  it('of a login under way come along from the provider and live for ten minutes', async () => {
    const browser = createBrowser();
    await browser.navigate(`${broker.origin}/bff/login`, { from: `${broker.origin}/`, stopAt: () => true });
    const [transaction, ...others] = own(browser);
    assert.deepEqual(others, []);
    assert.match(transaction?.name ?? '', /^__Host-Http-bff-login-[0-9a-z]{6,7}-[\w-]{11}$/);
    assert.equal(transaction?.sameSite, 'Lax');
    assert.ok(Math.abs(transaction.expiresAtMs - Date.now() - 600_000) < 5000);
  });

  it('show nothing but how they are sealed', async () => {
    const browser = await loggedIn(broker.origin);
    await browser.navigate(`${broker.origin}/bff/login`, { from: `${broker.origin}/`, stopAt: () => true });
    await browser.fetch(`${broker.origin}/api/orders`);
    const bearer = receivedHeader(broker.apis.orders, 'authorization')?.slice('Bearer '.length) ?? '';
    const tokens = [bearer, ...bearer.split('.')];
    const markers = [
      'auth0|alice',
      'alice@example.com',
      'Alice',
      'orders.example.com',
      broker.provider.issuer,
      ...tokens,
    ];
    for (const { name, value } of own(browser)) {
      const header = headerOf(value);
      assert.deepEqual(Object.keys(header).sort(), ['alg', 'enc', 'kid', 'p', 'v'], name);
      assert.equal(header['alg'], 'dir');
      assert.equal(header['enc'], 'A256GCM');
      const texts = [value, ...partsOf(value), ...partsOf(value).map(decoded), decodeURIComponent(value)];
      for (const text of texts)
        for (const marker of markers) assert.ok(!text.includes(marker), `${name} shows a value`);
      const lengths = partsOf(value).map((part) => Buffer.from(part, 'base64url').length);
      assert.deepEqual([lengths[1], lengths[2], lengths[4]], [0, 12, 16], name);
    }
  });

  it('of two logins have nothing in common', async () => {
    const [one, two] = [await loggedIn(broker.origin), await loggedIn(broker.origin)];
    for (const { name, value } of own(one)) {
      const [, , ...parts] = partsOf(value);
      const [, , ...others] = partsOf(cookieOf(two, name).value);
      for (const part of parts) assert.ok(!others.includes(part), name);
    }
  });

  it('are not written again by calls that change nothing', async () => {
    const browser = await loggedIn(broker.origin);
    for (const path of ['/bff/user', '/api/orders', '/api/profile', '/bff/user', '/api/orders/status/404']) {
      assert.deepEqual((await browser.fetch(broker.origin + path)).headers.getSetCookie(), [], path);
    }
  });
});

describe('a token that is large', () => {
  const broker = running({ table: false });

  /** A token of the orders API that has about so many bytes. */
  function enlarge(bytes: number): void {
    broker.provider.faults.token = onGrant('authorization_code', async (json: Members) => {
      const [, payload = ''] = String(json['access_token']).split('.');
      const claims = JSON.parse(decoded(payload)) as Record<string, unknown>;
      const padding = 'x'.repeat(Math.max(0, Math.floor((bytes - String(json['access_token']).length) * 0.75)));
      return { ...json, access_token: await broker.provider.sign({ ...claims, padding }, { typ: 'JWT' }) };
    });
  }

  it('of three kilobytes is kept and sent', async () => {
    enlarge(3000);
    const browser = await loggedIn(broker.origin);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
    const bearer = receivedHeader(broker.apis.orders, 'authorization') ?? '';
    assert.ok(bearer.length > 2900);
    assert.ok(cookieOf(browser, '__Secure-bff-orders').value.length <= bearer.length + 160);
  });

  it('leaves no piece behind when a smaller one takes its place', async () => {
    enlarge(3000);
    const browser = await loggedIn(broker.origin);
    for (const chunk of ['.1', '.2']) {
      for (const [name, path] of [
        ['__Secure-bff-orders', '/api/orders'],
        ['__Host-Http-bff', '/'],
        ['__Host-Http-bff-grant', '/'],
      ] as const) {
        browser.plant({ name: name + chunk, value: 'left-behind', path }, 'localhost');
      }
    }
    delete broker.provider.faults.token;
    await logIn(browser, broker.origin, { username: 'bob' });
    assert.deepEqual(
      own(browser).filter(({ name }) => name.includes('.')),
      [],
    );
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
  });

  for (const [kilobytes, code, words] of [
    [5, 'session_too_large', /would take \d+ bytes and may take \d+\. Make the tokens smaller/],
    [12, 'session_too_large', /would take \d+ bytes and may take \d+\. Make the tokens smaller/],
    [60, 'access_token_malformed', /longer than \d+ characters\. Make the access token smaller/],
  ] as const) {
    it(`of ${kilobytes} kilobytes refuses the login, and says what to do`, async () => {
      enlarge(kilobytes * 1000);
      const browser = createBrowser();
      const page = await logIn(browser, broker.origin);
      assert.equal(page.status, 502);
      assert.equal(page.headers.get('bff-error'), code);
      assert.match(page.text, words);
      assert.deepEqual(sessionCookies(browser), []);
      assert.deepEqual(
        own(browser).filter(({ name }) => name.includes('-login-')),
        [],
      );
      await broker.logged((line) => line.event === 'login_failed' && line['code'] === code);
      delete broker.provider.faults.token;
      assert.equal((await logIn(browser, broker.origin)).status, 200, 'the next login works');
    });
  }

  it('in a session that was there before leaves that one alone', async () => {
    const browser = await loggedIn(broker.origin);
    enlarge(12_000);
    await logIn(browser, broker.origin);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
  });

  it('leaves room for what the browser and the edge add to a request', async () => {
    enlarge(3000);
    const browser = await loggedIn(broker.origin);
    for (let tab = 0; tab < 4; tab += 1) {
      const query = `?returnUrl=${encodeURIComponent(`/${'a'.repeat(120)}`)}`;
      await browser.navigate(`${broker.origin}/bff/login${query}`, { from: `${broker.origin}/`, stopAt: () => true });
      clock.advance(1);
    }
    const headers = { 'user-agent': 'u'.repeat(1000), 'accept-language': 'l'.repeat(1000), referer: 'r'.repeat(500) };
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`, { headers })).status, 200);
  });
});
