/** What a browser gets of an API's answer, and of an API that gives none. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rawServer, type Answer, type RawServer } from '../../unit/outgoing/raw-server.ts';
import type { Browser } from './browser.ts';
import { loggedIn } from './person.ts';
import { ask, codeOf, cookiesFor, header } from './raw.ts';
import { events, running, usual } from './running.ts';

describe('the answer of an API', () => {
  const broker = running({ table: false });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  const get = async (target: string, method = 'GET') => alice.fetch(`${broker.origin}/api/orders${target}`, { method });

  const getWith = async (headers: Readonly<Record<string, string>>) =>
    get(`/headers?${new URLSearchParams(headers).toString()}`);

  for (const status of [201, 204, 304, 400, 402, 403, 404, 409, 410, 418, 422, 429, 500, 502, 503]) {
    it(`of status ${status} is passed on as its own`, async () => {
      const answer = await get(`/status/${status}`);
      assert.equal(answer.status, status);
      assert.equal(codeOf(answer), undefined);
      if (![204, 304].includes(status)) assert.deepEqual(await answer.json(), { status });
    });
  }

  it('that says 403 ends nothing and renews nothing', async () => {
    const redemptions = broker.provider.requestsTo('token').length;
    await get('/status/403');
    assert.equal(broker.provider.requestsTo('token').length, redemptions);
    assert.equal((await get('/1')).status, 200);
  });

  it('may be empty', async () => {
    const answer = await get('/empty');
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), '');
  });

  it('to HEAD has no body', async () => {
    const answer = await get('/bytes?n=10', 'HEAD');
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), '');
  });

  it('sets no cookie', async () => {
    const jar = alice.jar.length;
    const answer = await get('/set-cookie');
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.equal(alice.jar.length, jar);
  });

  it('keeps the headers that are about itself', async () => {
    const own = {
      etag: '"17"',
      'x-total-count': '3',
      link: '</api/orders?page=2>; rel="next"',
      'content-language': 'de',
    };
    const answer = await getWith(own);
    for (const [name, value] of Object.entries(own)) assert.equal(answer.headers.get(name), value, name);
  });

  it('loses what speaks for the whole origin or for another', async () => {
    const foreign = {
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'clear-site-data': '"*"',
      'service-worker-allowed': '/',
      refresh: '0; url=https://evil.example/',
      'strict-transport-security': 'max-age=0',
      'alt-svc': 'h3="evil.example:443"',
      nel: '{}',
      'report-to': '{}',
      'bff-error': 'session_over',
      server: 'orders/1.0',
      'x-powered-by': 'secrets',
      'x-hop': '1',
      connection: 'x-hop',
    };
    const answer = await getWith(foreign);
    for (const name of Object.keys(foreign)) {
      if (name !== 'connection') assert.equal(answer.headers.get(name), null, name);
    }
  });

  it('is kept by nobody, whatever it says', async () => {
    const answer = await getWith({
      'cache-control': 'public, s-maxage=3600',
      expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
    });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('expires'), null);
  });

  it('that asks for a password asks nobody', async () => {
    assert.equal((await getWith({ 'www-authenticate': 'Basic realm="orders"' })).headers.get('www-authenticate'), null);
    const challenge = 'Bearer error="insufficient_scope", scope="write:orders"';
    const passed = await getWith({ 'www-authenticate': `Digest realm="x", nonce="y", ${challenge}` });
    // A REST API keeps the name for itself.
    const name = events === 'rest' ? 'x-amzn-remapped-www-authenticate' : 'www-authenticate';
    assert.equal(passed.headers.get(name), challenge);
  });

  it('that redirects within the API is rewritten to the path of the browser, and not followed', async () => {
    const calls = broker.apis.orders.requests.length;
    for (const [to, location] of [
      ['/2?a=1#b', '/api/orders/2?a=1#b'],
      [`${broker.apis.orders.origin}/2`, '/api/orders/2'],
      ['next', '/api/orders/next'],
    ] as const) {
      const answer = await get(`/redirect?to=${encodeURIComponent(to)}`);
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.get('location'), location);
    }
    assert.equal(broker.apis.orders.requests.length, calls + 3);
  });

  it('that redirects elsewhere leads nowhere, and nobody is asked there', async () => {
    const calls = broker.apis.profile.requests.length;
    for (const to of [
      'https://evil.example/',
      `${broker.apis.profile.origin}/1`,
      '//evil.example/',
      'javascript:alert(1)',
    ]) {
      const answer = await get(`/redirect?to=${encodeURIComponent(to)}`);
      assert.equal(answer.headers.get('location'), null, to);
    }
    assert.equal(broker.apis.profile.requests.length, calls);
  });

  it('may be four megabytes and is refused beyond what a function can answer', async () => {
    const fits = await get('/bytes?n=4000000');
    assert.equal((await fits.arrayBuffer()).byteLength, 4_000_000);
    const large = await get('/bytes?n=5000000');
    assert.equal(large.status, 502);
    assert.equal(codeOf(large), 'upstream_too_large');
  });
});

const api = (name: string, upstream: string): object => ({
  path: `/api/${name}`,
  upstream,
  anonymous: ['/*'],
  timeouts: { connect: '1s', response: '1s' },
});

describe('an API that does not answer', () => {
  /** By name, what it does once a whole request has arrived. */
  const behaviours: Readonly<Record<string, Answer>> = {
    silent: () => {},
    resetting: (socket) => socket.resetAndDestroy(),
    closing: (socket) => socket.end(),
    babbling: (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
    stopping: (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
  };
  const servers = new Map<string, RawServer>();
  const value: Record<string, unknown> = { ...usual };
  before(async () => {
    for (const [name, answer] of Object.entries(behaviours)) servers.set(name, await rawServer(answer));
    const rude = [...servers].map(([name, { origin }]) => [name, api(name, origin)]);
    const refusing = api('refusing', 'http://127.0.0.1:1');
    value['apis'] = { ...usual.apis, ...Object.fromEntries(rude), refusing };
  });
  after(async () => {
    for (const server of servers.values()) await server.close();
  });

  const broker = running({ table: false, configuration: { value } });
  let alice: Browser;
  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  for (const [name, status, code] of [
    ['silent', 504, 'upstream_timeout'],
    ['resetting', 502, 'upstream_unreachable'],
    ['closing', 502, 'upstream_unreachable'],
    ['babbling', 502, 'upstream_invalid'],
    ['stopping', 502, 'upstream_unreachable'],
    ['refusing', 502, 'upstream_unreachable'],
  ] as const) {
    it(`because it is ${name} is a problem with a code, and the session goes on`, async () => {
      const answer = await alice.fetch(`${broker.origin}/api/${name}/1`);
      assert.equal(answer.status, status);
      assert.equal(codeOf(answer), code);
      const { ref } = (await answer.json()) as { ref: string };
      assert.equal((await broker.logged((line) => line.ref === ref)).event, 'proxy_failed');
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
    });
  }

  it('is asked once with a call that must not be repeated', async () => {
    const server = servers.get('resetting');
    const earlier = server?.connections() ?? 0;
    const cookie = header(cookiesFor(alice, '/api/resetting'));
    await ask(broker.origin, '/api/resetting/1', { method: 'POST', headers: { 'x-csrf': '1' }, cookie, body: 'x' });
    assert.equal(server?.connections(), earlier + 1);
  });

  it('in time has its call ended', async () => {
    const started = performance.now();
    const answer = await alice.fetch(`${broker.origin}/api/silent/1`);
    assert.equal(answer.status, 504);
    assert.ok(performance.now() - started < 6000);
  });
});
