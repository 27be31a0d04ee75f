/** The two APIs on one machine refuse what a real API refuses, say why, and show what arrived. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startApis } from '../../../infra/local/apis.ts';
import type { Apis } from '../../../infra/local/apis.ts';
import { startProvider } from '../../../infra/local/provider/provider.ts';
import type { Provider, Signer } from '../../../infra/local/provider/provider.ts';

const orders = 'https://orders.example.com';
const profile = 'https://profile.example.com';

let provider: Provider;
let apis: Apis;

before(async () => {
  provider = await startProvider();
});
after(() => provider.close());
beforeEach(async () => {
  const { issuer, jwksUri } = provider;
  apis = await startApis({ issuer, jwksUri, orders: { audience: orders }, profile: { audience: profile } });
});
afterEach(() => apis.close());

const tokenFor = (audience: string | string[], more: Record<string, unknown> = {}, signer?: Signer) =>
  provider.sign({ sub: 'auth0|alice', aud: audience, scope: 'read:orders', ...more }, {}, signer);

async function call(path: string, init: RequestInit = {}, api: 'orders' | 'profile' = 'orders'): Promise<Response> {
  const token = await tokenFor(api === 'orders' ? orders : profile);
  const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string> | undefined) };
  return fetch(`${apis[api].origin}${path}`, { redirect: 'manual', ...init, headers });
}

type Json = Record<string, unknown>;
const jsonOf = async (response: Response) => (await response.json()) as Json;

describe('a valid token', () => {
  test('is answered with what the API accepts and what it saw of it', async () => {
    const { accepts, aud, iss, sub, scope, exp, token } = await jsonOf(await call('/'));
    assert.deepEqual(
      { accepts, aud, iss, sub, scope, exp: typeof exp, token },
      {
        accepts: orders,
        aud: orders,
        iss: provider.issuer,
        sub: 'auth0|alice',
        scope: 'read:orders',
        exp: 'number',
        token: { scheme: 'Bearer', typ: 'JWT', alg: 'RS256' },
      },
    );
  });

  test('never appears in an answer', async () => {
    const token = await tokenFor(orders);
    const headers = { authorization: `Bearer ${token}` };
    const text = await (await fetch(`${apis.orders.origin}/`, { headers })).text();
    assert.equal(text.includes(token.slice(0, 20)), false);
  });

  test('opens the sample data of its API', async () => {
    const [first, second] = [await jsonOf(await call('/')), await jsonOf(await call('/', {}, 'profile'))];
    assert.equal((first['orders'] as unknown[]).length, 3);
    assert.equal(typeof second['profile'], 'object');
  });

  test('may be for further audiences as well', async () => {
    const token = await tokenFor([orders, `${provider.issuer}userinfo`]);
    const { status } = await fetch(`${apis.orders.origin}/`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(status, 200);
  });

  test('signed with a new key of the provider is accepted', async () => {
    await call('/');
    await provider.rotateKeys();
    assert.equal((await call('/')).status, 200);
  });
});

describe('a request', () => {
  test('is shown with method, path, query, headers and body', async () => {
    const init = { method: 'PUT', body: Buffer.from([0, 255]), headers: { 'x-team': 'blue' } };
    const { method, path, query, headers, body } = await jsonOf(await call('/a/b?c=d%20e', init));
    assert.deepEqual(
      { method, path, query, team: (headers as Json)['x-team'], body },
      { method: 'PUT', path: '/a/b', query: 'c=d%20e', team: 'blue', body: { base64: 'AP8=', length: 2 } },
    );
  });

  test('is recorded as sent', async () => {
    await call('/a%2Fb?c', { method: 'POST', body: 'hello', headers: { 'X-Team': 'blue' } });
    const [request] = apis.orders.requests;
    assert.deepEqual([request?.method, request?.target, request?.body.toString()], ['POST', '/a%2Fb?c', 'hello']);
    assert.ok(request?.rawHeaders.includes('blue'));
    assert.deepEqual(apis.profile.requests, []);
  });
});

describe('a token is refused', () => {
  const cases: [why: string, token: () => Promise<string>, description: RegExp][] = [
    [
      'for another API',
      () => tokenFor(profile),
      /is for https:\/\/profile\.example\.com, this API is https:\/\/orders/,
    ],
    ['for nobody', () => tokenFor([]), /is for/],
    ['of another issuer', () => tokenFor(orders, { iss: 'https://evil.example.com/' }), /issued by https:\/\/evil/],
    ['that has expired', () => tokenFor(orders, { exp: 1 }), /has expired/],
    ['without an end', () => tokenFor(orders, { exp: undefined }), /exp/],
    ['signed with a foreign key', () => tokenFor(orders, {}, 'foreign'), /signature of the token is wrong/],
    ['signed with nothing', () => tokenFor(orders, {}, 'none'), /./],
    ['signed with a secret', () => tokenFor(orders, {}, { secret: 'x'.repeat(32) }), /./],
    ['that is opaque', async () => 'opaque', /not a JWT/],
    ['that is garbage', async () => 'a.b.c', /not a JWT/],
  ];
  for (const [why, token, description] of cases) {
    test(why, async () => {
      const headers = { authorization: `Bearer ${await token()}` };
      const response = await fetch(`${apis.orders.origin}/`, { headers });
      const challenge = response.headers.get('www-authenticate') ?? '';
      assert.equal(response.status, 401);
      assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+"$/);
      assert.match(challenge, description);
    });
  }

  test('when the API was told to', async () => {
    apis.orders.refuseNext = 1;
    assert.deepEqual([(await call('/')).status, (await call('/')).status], [401, 200]);
  });
});

test('a missing token is refused without an error code', async () => {
  const response = await fetch(`${apis.orders.origin}/`);
  assert.deepEqual([response.status, response.headers.get('www-authenticate')], [401, 'Bearer']);
});

describe('below /no-auth', () => {
  test('no token is needed', async () => {
    const answer = await jsonOf(await fetch(`${apis.orders.origin}/no-auth/catalogue`));
    assert.deepEqual([answer['path'], answer['token']], ['/no-auth/catalogue', null]);
  });

  test('a token that came is told, and not looked at', async () => {
    const headers = { authorization: 'Bearer opaque' };
    const answer = await jsonOf(await fetch(`${apis.orders.origin}/no-auth/catalogue`, { headers }));
    assert.deepEqual(answer['token'], { scheme: 'Bearer' });
  });

  test('the special paths answer too', async () => {
    assert.equal((await fetch(`${apis.orders.origin}/no-auth/status/418`)).status, 418);
  });
});

describe('special paths', () => {
  test('/echo returns the body with its type', async () => {
    const body = Buffer.from([0, 1, 254, 255]);
    const response = await call('/echo', { method: 'POST', body, headers: { 'content-type': 'image/x-test' } });
    assert.equal(response.headers.get('content-type'), 'image/x-test');
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  });

  for (const status of [201, 204, 304, 404, 503]) {
    test(`/status/${status} answers ${status}`, async () => {
      assert.equal((await call(`/status/${status}`)).status, status);
    });
  }

  test('/set-cookie sets two cookies', async () => {
    assert.equal((await call('/set-cookie')).headers.getSetCookie().length, 2);
  });

  test('/bytes returns every byte', async () => {
    const bytes = Buffer.from(await (await call('/bytes?n=300')).arrayBuffer());
    assert.deepEqual([bytes.length, bytes[255], bytes[256]], [300, 255, 0]);
  });

  test('/redirect redirects', async () => {
    const response = await call('/redirect?to=https%3A%2F%2Felsewhere.example%2Fx');
    assert.deepEqual([response.status, response.headers.get('location')], [302, 'https://elsewhere.example/x']);
  });

  test('/headers sets the headers of its query', async () => {
    assert.equal((await call('/headers?x-rate-limit=7')).headers.get('x-rate-limit'), '7');
  });

  test('/empty has no body', async () => {
    const response = await call('/empty');
    assert.deepEqual([response.headers.get('content-length'), await response.text()], ['0', '']);
  });

  test('/gzip is compressed', async () => {
    const response = await call('/gzip');
    assert.deepEqual([response.headers.get('content-encoding'), await response.json()], ['gzip', { compressed: true }]);
  });

  test('/slow takes its time, and is cut off when the APIs end', async () => {
    assert.deepEqual(await jsonOf(await call('/slow?ms=5')), { ms: 5 });
    const pending = assert.rejects(call('/slow?ms=600000'));
    while (apis.orders.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await apis.close();
    await pending;
  });

  const documents: [path: string, type: string, start: string][] = [
    ['/invoices/1.pdf', 'application/pdf', '%PDF-1.4'],
    ['/images/1.svg', 'image/svg+xml', '<svg '],
  ];
  for (const [path, type, start] of documents) {
    test(`${path} is ${type}`, async () => {
      const response = await call(path);
      assert.equal(response.headers.get('content-type'), type);
      assert.equal((await response.text()).startsWith(start), true);
    });
  }
});

/** The numbers of the next events. */
async function numbers(response: Response, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const chunk of response.body ?? []) {
    for (const [, id] of new TextDecoder().decode(chunk).matchAll(/^id: (\d+)$/gm)) found.push(Number(id));
    if (found.length >= count) return found;
  }
  return found;
}

describe('a stream', () => {
  test('tells of events in turn, and does not end by itself', async () => {
    const response = await call('/events');
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.deepEqual(await numbers(response, 2), [1, 2]);
  });

  for (const [last, first] of [
    ['41', 42],
    ['0', 1],
    ['none of ours', 1],
    ['', 1],
  ] as const) {
    test(`goes on with ${first} after ${JSON.stringify(last)}`, async () => {
      assert.deepEqual(await numbers(await call('/events', { headers: { 'last-event-id': last } }), 1), [first]);
    });
  }

  test('is over at once where only its head is asked for', async () => {
    assert.equal((await call('/events', { method: 'HEAD' })).status, 200);
  });

  test('needs a token', async () => {
    assert.equal((await fetch(`${apis.orders.origin}/events`)).status, 401);
  });
});
