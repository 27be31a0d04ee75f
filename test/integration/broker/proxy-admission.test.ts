/** Who may call an API through the broker: CSRF, links and images, people without a session. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { callsDuring } from './calls.ts';
import { startClock } from './clock.ts';
import { loggedIn } from './person.ts';
import { ask, codeOf, cookiesFor, header } from './raw.ts';
import { receivedHeader, running, usual } from './running.ts';

const clock = startClock();

const configuration = {
  value: {
    ...usual,
    apis: {
      orders: {
        ...usual.apis.orders,
        headerless: ['/invoices/*', '/images/*'],
        anonymous: ['/no-auth/*'],
      },
      profile: usual.apis.profile,
    },
  },
};

describe('a call of an API', () => {
  const broker = running({ table: false, configuration });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  const call = async (target: string, headers: Readonly<Record<string, string>>, method = 'GET') =>
    ask(broker.origin, target, { method, headers, cookie: header(cookiesFor(alice, '/api/orders')) });

  for (const [why, headers] of [
    ['without the header', { 'sec-fetch-site': 'same-origin' }],
    ['with an empty header', { 'x-csrf': '' }],
    ['with another value', { 'x-csrf': '2' }],
    ['with a list', { 'x-csrf': '1, 1' }],
    ['from another site', { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' }],
    ['from the same site elsewhere', { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }],
    ['from a site no browser names', { 'x-csrf': '1', 'sec-fetch-site': 'anything' }],
    ['from another origin', { 'x-csrf': '1', origin: 'https://evil.example' }],
    ['from an origin that ends alike', { 'x-csrf': '1', origin: 'http://evil-localhost' }],
    ['from an opaque origin', { 'x-csrf': '1', origin: 'null' }],
    ['from two origins', { 'x-csrf': '1', origin: 'http://localhost, http://localhost' }],
  ] as const) {
    it(`${why} is refused with every method, before anything is asked of the API`, async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const calls = await callsDuring(broker, async () => {
          const answer = await call('/api/orders/1', headers, method);
          assert.equal(answer.status, 403, method);
          assert.equal(codeOf(answer), 'csrf_rejected');
        });
        assert.equal(calls, 0, method);
      }
    });
  }

  it('with the wrong port in its origin is refused', async () => {
    const { port } = new URL(broker.origin);
    for (const origin of [
      `http://localhost:${Number(port) + 1}`,
      `https://localhost:${port}`,
      `http://127.0.0.1:${port}`,
    ]) {
      assert.equal((await call('/api/orders/1', { 'x-csrf': '1', origin })).status, 403, origin);
    }
    assert.equal((await call('/api/orders/1', { 'x-csrf': '1', origin: broker.origin })).status, 200);
  });

  it('is refused whatever its body claims to be', async () => {
    for (const type of [
      'text/plain',
      'Text/PLAIN',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'application/json',
    ]) {
      const calls = await callsDuring(broker, async () => {
        assert.equal((await call('/api/orders', { 'content-type': type }, 'POST')).status, 403);
      });
      assert.equal(calls, 0);
    }
  });

  it('has the method it was sent with', async () => {
    const disguised = { 'x-csrf': '1', 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' };
    assert.equal((await call('/api/orders/1?_method=DELETE', disguised, 'POST')).status, 200);
    assert.equal(broker.apis.orders.requests.at(-1)?.method, 'POST');
    assert.equal(receivedHeader(broker.apis.orders, 'x-http-method-override'), undefined);
  });

  it('that is refused is logged with its reason', async () => {
    const answer = await call('/api/orders', {});
    const { ref } = (await answer.json()) as { ref: string };
    const line = await broker.logged((one) => one.ref === ref);
    assert.equal(line.event, 'csrf_rejected');
    assert.equal(line['why'], 'header_missing');
  });

  it('without a session is a 401 that names a login, and never a redirect', async () => {
    const calls = await callsDuring(broker, async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await createBrowser().fetch(`${broker.origin}/api/orders/1`, { method });
        assert.equal(answer.status, 401, method);
        assert.equal(codeOf(answer), 'login_required');
        assert.equal(answer.headers.get('location'), null);
        assert.equal(answer.headers.get('www-authenticate'), null);
        if (method === 'HEAD') continue;
        assert.equal(((await answer.json()) as { login_url: string }).login_url, '/bff/login');
      }
    });
    assert.equal(calls, 0);
  });

  it('with a bearer token of its own is no session, and that token goes nowhere', async () => {
    const authorization = 'Bearer of-the-client';
    const calls = await callsDuring(broker, async () => {
      const answer = await createBrowser().fetch(`${broker.origin}/api/orders/1`, { headers: { authorization } });
      assert.equal(answer.status, 401);
    });
    assert.equal(calls, 0);
    await call('/api/orders/1', { 'x-csrf': '1', authorization });
    assert.notEqual(receivedHeader(broker.apis.orders, 'authorization'), authorization);
    assert.equal((await call('/api/orders/no-auth/1', { 'x-csrf': '1', authorization })).status, 200);
    assert.equal(receivedHeader(broker.apis.orders, 'authorization'), undefined);
  });

  it('on an anonymous path needs no session and carries no token, with a session or without', async () => {
    assert.equal((await createBrowser().fetch(`${broker.origin}/api/orders/no-auth/empty`)).status, 200);
    assert.equal(receivedHeader(broker.apis.orders, 'authorization'), undefined);
    assert.equal((await alice.fetch(`${broker.origin}/api/orders/no-auth/empty`)).status, 200);
    assert.equal(receivedHeader(broker.apis.orders, 'authorization'), undefined);
    assert.equal((await call('/api/orders/no-auth/empty', {})).status, 403, 'the header is needed all the same');
  });
});

describe('a token that has ended', () => {
  const provider = { accessTokenLifetimeSeconds: 300 };

  describe('where there is a refresh token', () => {
    const broker = running({ table: false, provider });

    it('is renewed before the API is asked, and nobody notices', async () => {
      const alice = await loggedIn(broker.origin);
      await alice.fetch(`${broker.origin}/api/orders`);
      const earlier = receivedHeader(broker.apis.orders, 'authorization');
      clock.advance(301);
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
      assert.notEqual(receivedHeader(broker.apis.orders, 'authorization'), earlier);
    });
  });

  describe('where there is none', () => {
    const scopes = ['openid', 'profile', 'email'];
    const broker = running({ table: false, provider, configuration: { value: { ...usual, scopes } } });

    it('ends the session, and the answer names a login', async () => {
      const alice = await loggedIn(broker.origin);
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
      clock.advance(301);
      const calls = await callsDuring(broker, async () => {
        const answer = await alice.fetch(`${broker.origin}/api/orders`);
        assert.equal(answer.status, 401);
        assert.equal(codeOf(answer), 'session_over');
        assert.equal(((await answer.json()) as { login_url: string }).login_url, '/bff/login');
      });
      assert.equal(calls, 0);
      assert.equal((await alice.fetch(`${broker.origin}/bff/user`)).status, 401);
    });
  });
});

describe('a link or an image of the application', () => {
  const broker = running({ table: false, configuration });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  const open = async (target: string, headers: Readonly<Record<string, string>>, method = 'GET') =>
    ask(broker.origin, target, { method, headers, cookie: header(cookiesFor(alice, '/api/orders')) });

  const link = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const image = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };

  it('opens without the header, in a sandbox', async () => {
    for (const [target, type] of [
      ['/api/orders/invoices/1.pdf', 'application/pdf'],
      ['/api/orders/images/1.svg', 'image/svg+xml'],
    ] as const) {
      for (const headers of [link, image]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await open(target, headers, method);
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.get('content-type'), type);
          assert.equal(answer.headers.get('content-security-policy'), 'sandbox');
          assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        }
      }
    }
  });

  for (const [why, target, headers, method] of [
    ['below another path', '/api/orders/1', link, 'GET'],
    ['at the path itself', '/api/orders/invoices', link, 'GET'],
    ['at a path that only begins alike', '/api/orders/invoices-all/1', link, 'GET'],
    ['of another API', '/api/profile/invoices/1.pdf', link, 'GET'],
    ['that changes something', '/api/orders/invoices/1.pdf', link, 'POST'],
    ['that deletes something', '/api/orders/invoices/1.pdf', image, 'DELETE'],
    ['on the same site elsewhere', '/api/orders/invoices/1.pdf', { ...link, 'sec-fetch-site': 'same-site' }, 'GET'],
    ['on another site', '/api/orders/invoices/1.pdf', { ...link, 'sec-fetch-site': 'cross-site' }, 'GET'],
    ['typed in', '/api/orders/invoices/1.pdf', { ...link, 'sec-fetch-site': 'none' }, 'GET'],
    ['in a browser that says nothing', '/api/orders/invoices/1.pdf', {}, 'GET'],
    ['with a wrong header', '/api/orders/invoices/1.pdf', { ...link, 'x-csrf': '0' }, 'GET'],
  ] as const) {
    it(`is refused ${why}`, async () => {
      const calls = await callsDuring(broker, async () => {
        assert.equal((await open(target, headers, method)).status, 403);
      });
      assert.equal(calls, 0);
    });
  }

  it('with the header is a call like any other', async () => {
    const answer = await open('/api/orders/invoices/1.pdf', { ...link, 'x-csrf': '1' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-security-policy'), null);
  });

  it('shows a person a page, not a document, where it fails', async () => {
    const answer = await ask(broker.origin, '/api/orders/invoices/1.pdf', {
      headers: { ...link, accept: 'text/html' },
    });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(await answer.text(), /href="\/bff\/login"/);
  });
});
