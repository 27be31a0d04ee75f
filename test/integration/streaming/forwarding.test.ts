/** A streamed call is forwarded by the same rules as every other: what the API is asked, and what of its answer comes back. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Browser } from '../broker/browser.ts';
import { loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import { open, rest } from './client.ts';
import { startUpstream, type Asked } from './upstream.ts';

const upstream = await startUpstream();

const configuration = {
  ...usual,
  apis: {
    ...usual.apis,
    orders: { ...usual.apis.orders, upstream: `${upstream.origin}/v1/api`, stream: ['/events/*'] },
  },
};

const csrf = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };

describe('a streamed call', () => {
  const broker = running({ configuration: { value: configuration } });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  /** @returns what the API was asked next, and the head of what comes back */
  async function call(target: string, headers: Readonly<Record<string, string>> = csrf, answer?: (to: Asked) => void) {
    const head = open(broker.origin, target, alice, { headers });
    const asked = await upstream.asked('/');
    if (answer === undefined) asked.response.end();
    else answer(asked);
    return { asked, head: await head };
  }

  for (const [target, arrived] of [
    ['/api/orders/events/v1/api/1', '/v1/api/events/v1/api/1'],
    ['/api/orders/events/a%20b/%C3%A9?q=a%26b%3Dc%20d', '/v1/api/events/a%20b/%C3%A9?q=a%26b%3Dc%20d'],
    ['/api/orders/events/1?a=1&a=2&b=&c&d=+', '/v1/api/events/1?a=1&a=2&b=&c&d=+'],
  ] as const) {
    it(`by ${target} asks for ${arrived}`, async () => {
      const { asked, head } = await call(target);
      assert.equal(asked.request.url, arrived);
      await rest(head);
    });
  }

  for (const target of [
    '/api/orders-admin/events/1',
    '/api/ordersx/events/1',
    '/API/ORDERS/events/1',
    '/api/orders/events/../../admin',
    '/api/orders/events/%2e%2e/%2e%2e/admin',
    '/api/orders/events/..%2f..%2fadmin',
    '/api/orders/events\\..\\..\\admin',
    '/api/orders/events/%252e%252e/admin',
    '/api/orders/events/..;/admin',
  ]) {
    it(`by ${target} comes to no API`, async () => {
      const refused = await open(broker.origin, target, alice);
      assert.ok([400, 404].includes(refused.statusCode ?? 0), String(refused.statusCode));
      await rest(refused);
      const { asked, head } = await call('/api/orders/events/next');
      assert.equal(asked.request.url, '/v1/api/events/next');
      await rest(head);
    });
  }

  it('takes along neither cookies nor a token of the browser nor what it says of the way', async () => {
    const { asked, head } = await call('/api/orders/events/1', {
      ...csrf,
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=6.6.6.6',
      authorization: 'Bearer of-the-browser',
    });
    const { headers } = asked.request;
    assert.equal(headers.cookie, undefined);
    assert.match(headers.authorization ?? '', /^Bearer eyJ/);
    assert.doesNotMatch(JSON.stringify(asked.request.rawHeaders), /6\.6\.6\.6|evil/);
    await rest(head);
  });

  for (const [coding, body] of [
    ['gzip', gzipSync('data: 1\n\n')],
    ['br', brotliCompressSync('data: 1\n\n')],
  ] as const) {
    it(`gets an answer in ${coding} back in ${coding}, byte for byte, with the length that it has`, async () => {
      const { head } = await call('/api/orders/events/1', { ...csrf, 'accept-encoding': coding }, ({ response }) => {
        response.writeHead(200, { 'content-encoding': coding, 'content-length': body.length }).end(body);
      });
      assert.equal(head.headers['content-encoding'], coding);
      assert.equal(head.headers['content-length'], String(body.length));
      assert.deepEqual(Buffer.concat(await head.toArray()), body);
    });
  }

  it('gets no cookie, nothing of the connection and nothing that speaks for the origin back', async () => {
    const { head } = await call('/api/orders/events/1', csrf, ({ response }) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'set-cookie': ['one=1; Path=/', 'two=2; Path=/'],
        connection: 'x-secret',
        'x-secret': 'evil',
        'x-kept': 'yes',
        'access-control-allow-origin': '*',
        'strict-transport-security': 'max-age=0',
        'bff-error': 'session_over',
        refresh: '0; url=https://evil.example/',
      });
      response.end('data: 1\n\n');
    });
    const { headers } = head;
    assert.equal(headers['x-kept'], 'yes');
    assert.equal(headers['strict-transport-security'], undefined);
    for (const name of ['set-cookie', 'x-secret', 'access-control-allow-origin', 'bff-error', 'refresh'])
      assert.equal(headers[name], undefined, name);
    assert.equal(await rest(head), 9);
  });
});
