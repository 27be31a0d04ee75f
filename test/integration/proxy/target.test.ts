/** Which paths and queries reach an API behind each kind of gateway, and as which bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatewayKinds, type Events } from '../../../infra/local/gateway/kinds.ts';
import { codeIn, recording, takeApart } from './recording.ts';

/** What was asked for → the request target at the API. */
const below: readonly (readonly [asked: string, arrived: string])[] = [
  ['/api/orders', '/v1'],
  ['/api/orders/', '/v1/'],
  ['/api/orders/x', '/v1/x'],
  ['/api/orders/x/', '/v1/x/'],
  ['/api/orders/api/orders/v1/x', '/v1/api/orders/v1/x'],
  ['/api/orders/v1/v1', '/v1/v1/v1'],
  ['/api/%6Frders/%31', '/v1/1'],
  ['/api/orders/%7Euser/%2D', '/v1/~user/-'],
  ['/api/orders/a+b', '/v1/a%2Bb'],
  ['/api/orders/a%20b', '/v1/a%20b'],
  ['/api/orders/%c3%a9', '/v1/%C3%A9'],
  ['/api/orders/a%3Bb', '/v1/a%3Bb'],
  ['/api/orders/a%3Fb%23c', '/v1/a%3Fb%23c'],
  ['/api/orders/...', '/v1/...'],
  ['/api/orders/.well-known/x', '/v1/.well-known/x'],
  ['/api/orders/a,b=c@d:e', '/v1/a,b=c@d:e'],
];

/** Neither the API's path nor below it, though it looks so to one who compares letters or decodes late. */
const outside = [
  '/api/orders-admin/x',
  '/api/ordersx',
  '/api/orders.',
  '/api/orders;x/1',
  '/api/orders%20/1',
  '/%61pi/orders/1',
  '/API/ORDERS',
  '/api/Orders',
  '/api/orders/../admin',
  '/api/orders/..',
  '/api/orders/.',
  '/api/orders/./x',
  '/api/orders/%2e%2e/admin',
  '/api/orders/%2E%2E/admin',
  '/api/orders/.%2e/admin',
  '/api/orders/..%2fadmin',
  '/api/orders/%2e%2e%2fadmin',
  '/api/orders\\..\\admin',
  '/api/orders/..\\admin',
  '/api/orders/..%5cadmin',
  '/api/orders/x%5c..%5c..%5cadmin',
  '/api/orders/%252e%252e/admin',
  '/api/orders/%252e%252e%252fadmin',
  '/api/orders/%25252e%25252e/admin',
  '/api/orders/..;/admin',
  '/api/orders/..;a=b/admin',
  '/api/orders/..%3b/admin',
  '/api/orders/..%20/admin',
  '/api/orders/%c0%ae%c0%ae/admin',
  '/api/orders/%e0%80%ae/admin',
  '/api/orders//x',
  '/api//orders/x',
  '//api/orders/x',
  '/api/orders/%00',
  '/api/orders/x%00.json',
  '/api/orders/%0d%0aX-Evil:%201',
  '/api/orders/%0a',
  '/api/orders/%09',
  '/api/orders/%7f',
  '/api/orders/%c2%85',
  '/api/orders/%ff',
  '/api/orders/%e2%82',
  '/api/http://evil.example/',
  '/api//evil.example/',
  '/api/%2F%2Fevil.example/',
  '/api/unknown',
];

/** The bytes that arrive where the gateway hands the query over as it came. */
const queries = [
  'q=a%26b%3Dc%20d',
  'a=1&a=2&b=3&a=4',
  'a=&b&=c&&',
  'p=+x+&q=%2B',
  'next=%2F..%2F..%2Fadmin',
  'u=http://evil.example/?x=y?z',
  "x='%22%3Cscript%3E",
  'ps%5B%5D=1&ps%5B%5D=2',
  'raw=%00%0d%0a%7f',
  '%61=%62',
  'a;b;c=d',
  `long=${'x'.repeat(4000)}`,
];

const pairs = (text: string): string[] => [...new URLSearchParams(text)].map(String).toSorted();

for (const events of Object.keys(gatewayKinds) as Events[]) {
  describe(`behind ${events} an API`, () => {
    const { arrives, isStopped, send } = recording({ events });

    for (const [asked, arrived] of below) {
      it(`is asked for ${arrived} by ${asked}`, async () => {
        assert.equal((await arrives(asked)).line, `GET ${arrived} HTTP/1.1`);
      });
    }

    for (const target of outside) {
      it(`is not reached by ${target}`, async () => {
        const answer = await isStopped(target);
        assert.ok([400, 404].includes(answer.status), String(answer.status));
      });
    }

    it(`is ${events === 'http-api' ? 'asked for the very signs of' : 'not reached by'} an escape that is none`, async () => {
      const { received } = await send('/api/orders/%zz');
      // An HTTP API decodes what it can, and what is left stands for itself.
      const lines = events === 'http-api' ? ['GET /v1/%25zz HTTP/1.1'] : [];
      assert.deepEqual(
        received.map((text) => takeApart(text).line),
        lines,
      );
    });

    it('is not reached by a request for another server', async () => {
      for (const target of [
        'http://evil.example/api/orders',
        'https://localhost/api/orders',
        'evil.example:443',
        '*',
      ]) {
        for (const pastEdge of [false, true]) {
          const { status } = await isStopped(target, { pastEdge });
          assert.ok(status >= 400 && status < 500, `${target}: ${status}`);
        }
      }
    });

    for (const query of queries) {
      it(`receives the query ${query.slice(0, 40)} ${events === 'rest' ? 'with its meaning' : 'byte for byte'}`, async () => {
        const { answer, received } = await send(`/api/orders/1?${query}`);
        assert.equal(received.length, 1, answer.body);
        const target = received[0]?.split(' ')[1] ?? '';
        if (events !== 'rest') return assert.equal(target, `/v1/1?${query}`);
        assert.deepEqual(pairs(target.slice('/v1/1?'.length)), pairs(query));
      });
    }

    it('receives no question mark where none was sent', async () => {
      assert.equal((await arrives('/api/orders/1')).line, 'GET /v1/1 HTTP/1.1');
    });

    it('receives no fragment', async () => {
      const { answer, received } = await send('/api/orders/1?a=b#c', { pastEdge: true });
      // A REST API hands the query over decoded, so that this sign is a part of the value to everybody behind it.
      if (events === 'rest') return assert.match(received[0] ?? '', /^GET \/v1\/1\?a=b%23c HTTP/);
      assert.deepEqual(received, []);
      assert.equal(codeIn(answer), 'path_invalid');
    });
  });
}
