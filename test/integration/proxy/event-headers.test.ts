/**
 * Events whose headers describe another request than the one they are: no gateway on one machine would make them, and one
 * elsewhere may.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cookiesFor, header } from '../broker/raw.ts';
import { arrivedUnder, recording, takeApart } from './recording.ts';

const domainName = 'x.execute-api.us-east-1.amazonaws.com';

describe('an event that says in its headers', () => {
  const stack = recording();

  for (const [what, headers] of Object.entries<Readonly<Record<string, string>>>({
    'a smaller length': { 'content-length': '1' },
    'a larger length': { 'Content-Length': '5000' },
    'two lengths': { 'content-length': '1,5', 'Content-Length': '500' },
    'that it comes in chunks': { 'transfer-encoding': 'chunked' },
    'that it comes in chunks, under names of any case': { 'TRANSFER-ENCODING': 'chunked', 'Transfer-encoding': 'gzip' },
    'that there are trailers': { trailer: 'x-evil', te: 'trailers' },
    'that it waits for leave': { expect: '100-continue' },
    'that its connection ends': { connection: 'close', 'keep-alive': 'timeout=1', 'proxy-connection': 'close' },
    'another host': { host: 'evil.example', ':authority': 'evil.example', 'x-forwarded-host': 'evil.example' },
    'the names of pseudo headers': { ':path': '/evil', ':method': 'DELETE', ':scheme': 'evil' },
    'names that are no names': { '': 'evil', 'x evil': '1', 'x-evil\r\nx-b': '1', 'x-évil': '1', constructor: 'evil' },
    'names of a prototype': JSON.parse('{"__proto__":"evil","toString":"evil"}') as Record<string, string>,
  })) {
    it(`${what} is forwarded as what it is`, async () => {
      const earlier = stack.api.requests.length;
      const outcome = await stack.broker.stack.lambda.invoke('token-broker-local-api', {
        version: '2.0',
        routeKey: '$default',
        rawPath: '/api/orders/1',
        rawQueryString: '',
        cookies: header(cookiesFor(stack.alice, '/api/orders')).split('; '),
        headers: { 'x-csrf': '1', 'content-type': 'text/plain', ...headers },
        requestContext: {
          domainName,
          http: { method: 'POST', path: '/api/orders/1', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'x' },
          requestId: 'r',
          timeEpoch: Date.now(),
        },
        body: 'hello',
        isBase64Encoded: false,
      });
      assert.equal(outcome.kind, 'result');
      const received = stack.api.requests.slice(earlier);
      assert.equal(received.length, 1, JSON.stringify(outcome));
      const arrived = takeApart((received[0] ?? '').replace(/Bearer [\w.-]+/, 'Bearer TOKEN'));
      assert.equal(arrived.line, 'POST /v1/1 HTTP/1.1');
      assert.equal(arrived.body, 'hello');
      assert.deepEqual(arrivedUnder(arrived, 'content-length'), ['5']);
      assert.deepEqual(arrivedUnder(arrived, 'host'), [`127.0.0.1:${stack.api.port}`]);
      assert.deepEqual(arrivedUnder(arrived, 'connection'), ['keep-alive']);
      assert.deepEqual(arrivedUnder(arrived, 'x-forwarded-for'), ['192.0.2.1']);
      const others = arrived.headers.filter(([name]) =>
        /^(?:te|trailer|expect|transfer-.*|keep-alive|proxy-.*)$/.test(name),
      );
      assert.deepEqual(others, []);
      assert.doesNotMatch(JSON.stringify(arrived), /evil/i);
    });
  }
});
