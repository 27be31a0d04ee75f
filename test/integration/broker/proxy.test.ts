/** What an API gets of a call, and the browser of its answer: tokens, headers, bodies and paths, byte for byte. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodeJwt } from 'jose';
import type { Api } from '../../../infra/local/apis.ts';
import type { Browser } from './browser.ts';
import { loggedIn } from './person.ts';
import { ask, codeOf, cookiesFor, header } from './raw.ts';
import { events, receivedHeader, running, usual } from './running.ts';

const apis = {
  orders: { ...usual.apis.orders, anonymous: ['/no-auth/*'], requestHeaders: ['x-tenant'] },
  // A base path, so that every segment of it and of the call can be seen to arrive.
  profile: { ...usual.apis.profile, upstream: 'http://127.0.0.1:3003/v1/api', methods: ['GET', 'POST'] },
};

/** Everything an API received of one name, however often. */
const received = ({ requests }: Api, name: string): readonly string[] =>
  (requests.at(-1)?.rawHeaders ?? []).filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === name);

const namesReceived = ({ requests }: Api): readonly string[] =>
  (requests.at(-1)?.rawHeaders ?? []).filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());

describe('a forwarded call', () => {
  const broker = running({ table: false, configuration: { value: { ...usual, apis } } });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  const call = async (target: string, headers: Record<string, string> = {}, body?: Uint8Array, method = 'GET') =>
    ask(broker.origin, target, {
      method,
      headers: { 'x-csrf': '1', ...headers },
      cookie: header(cookiesFor(alice, target.split('?', 1)[0] ?? '')),
      ...(body && { body }),
    });

  describe('carries a token', () => {
    it('of its own API, once, and of no other', async () => {
      for (const name of ['orders', 'profile'] as const) {
        await alice.fetch(`${broker.origin}/api/${name}/1`);
        const [authorization = '', ...others] = received(broker.apis[name], 'authorization');
        assert.deepEqual(others, []);
        const { aud } = decodeJwt(authorization.slice('Bearer '.length));
        assert.ok([aud].flat().includes(`https://${name}.example.com`));
        assert.ok(!String(aud).includes(name === 'orders' ? 'profile' : 'orders'));
      }
    });

    it('of its own API although the cookies of all APIs come along', async () => {
      const cookie = header(alice.jar.filter(({ host }) => host === 'localhost'));
      await ask(broker.origin, '/api/orders/1', { headers: { 'x-csrf': '1' }, cookie });
      const { aud } = decodeJwt(receivedHeader(broker.apis.orders, 'authorization')?.slice(7) ?? '');
      assert.ok([aud].flat().includes('https://orders.example.com'));
    });

    it('and no cookie, neither of the broker nor of anybody else', async () => {
      await ask(broker.origin, '/api/orders/1', {
        headers: { 'x-csrf': '1' },
        cookie: `other=1; ${header(cookiesFor(alice, '/api/orders'))}; theme=dark`,
      });
      assert.deepEqual(received(broker.apis.orders, 'cookie'), []);
      const sealed = cookiesFor(alice, '/api/orders').map(({ value }) => value);
      const all = broker.apis.orders.requests.at(-1)?.rawHeaders.join('\n') ?? '';
      for (const value of sealed) assert.ok(!all.includes(value));
    });
  });

  describe('passes on of the request headers', () => {
    it('those on the list', async () => {
      const listed = {
        accept: 'application/vnd.orders+json',
        'accept-language': 'de-CH, de;q=0.5',
        'idempotency-key': 'a1b2',
        'if-none-match': 'W/"17"',
        'x-request-id': 'r-1',
        'x-tenant': 'blue',
        range: 'bytes=0-9',
        'user-agent': 'Browser/1.0 (x)',
      };
      await call('/api/orders/1', listed);
      for (const [name, value] of Object.entries(listed)) {
        assert.deepEqual(received(broker.apis.orders, name), [value], name);
      }
    });

    it('nothing that is not on it', async () => {
      const unlisted = {
        'proxy-authorization': 'Basic x',
        'x-api-key': 'k',
        x_tenant: 'green',
        'x-tenant-id': 'green',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-proto': 'gopher',
        forwarded: 'for=6.6.6.6;host=evil.example',
        'x-real-ip': '6.6.6.6',
        'x-amzn-oidc-data': 'x',
        'x-original-url': '/admin',
        'x-rewrite-url': '/admin',
        'cloudfront-viewer-country': 'XX',
        'x-http-method-override': 'DELETE',
        origin: broker.origin,
        referer: 'https://app.example.com/secret?token=1',
        'sec-fetch-mode': 'cors',
        te: 'trailers',
        'x-csrf': '1',
      };
      await call('/api/orders/1', unlisted);
      const api = broker.apis.orders;
      for (const name of Object.keys(unlisted)) {
        if (!name.startsWith('x-forwarded')) assert.deepEqual(received(api, name), [], name);
      }
      assert.deepEqual(received(api, 'x-forwarded-host'), [new URL(broker.origin).host]);
      assert.deepEqual(received(api, 'x-forwarded-proto'), ['http']);
      assert.ok(!received(api, 'x-forwarded-for').join().includes('6.6.6.6'));
      assert.equal(received(api, 'host')[0], new URL(api.origin).host);
      assert.equal(new Set(namesReceived(api)).size, namesReceived(api).length, 'a header came twice');
    });
  });

  describe('keeps of its target', () => {
    const rebuilt = ['a=&b=', '%20x=%20y', 'a=b%3Fc%3Dd&e=f%2Fg'];
    for (const query of [
      'q=a%26b%3Dc%20d',
      'a=1&a=2',
      'a=%2F..%2F',
      'ü=1'.replace('ü', '%C3%BC'),
      '',
      // What has no other spelling, and what a REST API does not hand over as it was sent.
      ...rebuilt,
      ...(events === 'rest' ? [] : ['a=&b', '+x=+y', 'a=b?c=d&e=f/g']),
      "x='%22%3Cscript%3E",
    ]) {
      it(`the query ${query || 'that is empty'}`, async () => {
        await call(`/api/orders/1${query === '' ? '' : `?${query}`}`);
        assert.equal(broker.apis.orders.requests.at(-1)?.target, `/1${query === '' ? '' : `?${query}`}`);
      });
    }

    it('every segment, below the base path of the API', async () => {
      for (const [target, arrived] of [
        ['/api/profile', '/v1/api'],
        ['/api/profile/', '/v1/api/'],
        ['/api/profile/api/v1/api/x', '/v1/api/api/v1/api/x'],
        ['/api/profile/a%20b/c,d', '/v1/api/a%20b/c,d'],
        ['/api/profile/%C3%A9', '/v1/api/%C3%A9'],
      ] as const) {
        await call(target);
        assert.equal(broker.apis.profile.requests.at(-1)?.target, arrived);
      }
    });

    for (const target of [
      '/api/profile/../orders',
      '/api/profile/%2e%2e/secret',
      '/api/profile/..%2fsecret',
      '/api/profile/%2e%2e%2fsecret',
      '/api/profile/a/..%5c..%5csecret',
      '/api/profile\\..\\secret',
      '/api/profile/%252e%252e/secret',
      '/api/profile/./x',
      '/api/profile//x',
      '/api/profile/..;/secret',
      '/api/profile/%00',
      '/api/profile/a%0d%0aX-Injected:1',
      '/api/profile/%ff',
    ]) {
      it(`nothing that could lead out of its base: ${target}`, async () => {
        const [orders, profile] = [broker.apis.orders.requests.length, broker.apis.profile.requests.length];
        const answer = await call(target);
        assert.ok([400, 404].includes(answer.status), String(answer.status));
        assert.deepEqual([broker.apis.orders.requests.length, broker.apis.profile.requests.length], [orders, profile]);
      });
    }

    for (const target of [
      '/api/ordersx',
      '/api/orders-admin',
      '/api/order',
      '/API/ORDERS',
      '/api/Orders/1',
      '/api',
      '/api/',
      '/api/http://evil.example/',
      '/api//evil.example/',
      '/api/__proto__',
      '/api/constructor/x',
    ]) {
      it(`is not found where no API is: ${target}`, async () => {
        const [orders, profile] = [broker.apis.orders.requests.length, broker.apis.profile.requests.length];
        const answer = await call(target);
        assert.ok([400, 404].includes(answer.status), String(answer.status));
        assert.deepEqual([broker.apis.orders.requests.length, broker.apis.profile.requests.length], [orders, profile]);
      });
    }

    it('the method, if the API takes it', async () => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        assert.equal((await call('/api/orders/1', {}, undefined, method)).status, 200, method);
        assert.equal(broker.apis.orders.requests.at(-1)?.method, method);
      }
      const calls = broker.apis.profile.requests.length;
      for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD']) {
        const answer = await call('/api/profile/1', {}, undefined, method);
        assert.equal(answer.status, 405, method);
        assert.equal(answer.headers.get('allow'), 'GET, POST');
      }
      assert.equal(broker.apis.profile.requests.length, calls);
    });

    it('no method that only machines on the way use', async () => {
      const calls = broker.apis.orders.requests.length;
      for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'LINK']) {
        const answer = await call('/api/orders/1', {}, undefined, method);
        assert.ok([404, 405].includes(answer.status), `${method} ${answer.status}`);
      }
      assert.equal(broker.apis.orders.requests.length, calls);
    });
  });

  describe('carries a body byte for byte, there and back:', () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (const [what, type, body] of [
      ['JSON', 'application/json', Buffer.from('{"a": "é€😀", "b":[1,2 ]}\n')],
      ['a form', 'application/x-www-form-urlencoded', Buffer.from('a=1&a=2&b=c+d%26')],
      ['binary', 'application/octet-stream', everyByte],
      ['binary that calls itself text', 'text/plain', everyByte],
      [
        'multipart',
        'multipart/form-data; boundary=b',
        Buffer.concat([Buffer.from('--b\r\n\r\n'), everyByte, Buffer.from('\r\n--b--\r\n')]),
      ],
      ['one byte', 'application/octet-stream', Buffer.from([0])],
      ['nothing', 'application/json', Buffer.alloc(0)],
      ['a megabyte', 'image/png', randomBytes(1_048_576)],
      ['text with a mark', 'text/csv; charset=utf-8', Buffer.from('\uFEFFa;b\r\n')],
    ] as const) {
      it(what, async () => {
        for (const method of ['POST', 'PUT']) {
          const answer = await call('/api/orders/echo', { 'content-type': type }, body, method);
          assert.equal(answer.status, 200);
          assert.deepEqual(broker.apis.orders.requests.at(-1)?.body, Buffer.from(body));
          if (body.length > 0) assert.deepEqual(received(broker.apis.orders, 'content-type'), [type]);
          assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from(body));
          if (body.length > 0) assert.equal(answer.headers.get('content-type'), type);
        }
      });
    }

    it('as a download of a megabyte', async () => {
      const answer = await call('/api/orders/bytes?n=1048576');
      const bytes = Buffer.from(await answer.arrayBuffer());
      assert.equal(bytes.length, 1_048_576);
      assert.ok(bytes.every((byte, at) => byte === at % 256));
      assert.equal(answer.headers.get('content-length'), '1048576');
    });

    it('compressed as the client asked for it', async () => {
      const answer = await call('/api/orders/gzip', { 'accept-encoding': 'gzip' });
      assert.deepEqual(received(broker.apis.orders, 'accept-encoding'), ['gzip']);
      assert.equal(answer.headers.get('content-encoding'), 'gzip');
      assert.equal(gunzipSync(await answer.arrayBuffer()).toString(), '{"compressed":true}\n');
    });

    it('but none with GET', async () => {
      const answer = await call('/api/orders/1', { 'content-type': 'application/json' }, Buffer.from('{"a":1}'));
      assert.equal(answer.status, 200);
      assert.equal(broker.apis.orders.requests.at(-1)?.body.length, 0);
    });
  });

  it('that is too large is refused before the API is asked', async () => {
    const calls = broker.apis.orders.requests.length;
    const large = await call(
      '/api/orders/echo',
      { 'content-type': 'text/plain' },
      Buffer.alloc(4_500_001, 'a'),
      'POST',
    );
    assert.equal(large.status, 413);
    assert.equal(codeOf(large), 'body_too_large');
    const huge = await call('/api/orders/echo', {}, Buffer.alloc(7_000_000, 'a'), 'POST');
    assert.equal(huge.status, 413);
    assert.equal(broker.apis.orders.requests.length, calls);
  });
});
