/** What an API receives, byte for byte, behind each kind of gateway, whatever a client sends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { gatewayKinds, type Events } from '../../../infra/local/gateway/kinds.ts';
import { cookiesFor, header } from '../broker/raw.ts';
import { valuesOf } from '../local-lambda/raw-http.ts';
import { arrivedUnder, codeIn, recording, type Arrived } from './recording.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const tokenOf = /Bearer ([\w.-]+)/;

/** Lines that a client may send and an API never gets to see. */
const unseen = [
  'Proxy-Authorization: Basic evil',
  'Proxy-Connection: keep-alive',
  'Keep-Alive: timeout=evil',
  'TE: trailers, evil',
  'Forwarded: for=6.6.6.6;host=evil.example;proto=gopher',
  'Via: 1.1 evil',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Uri: /evil',
  'X-Forwarded-User: evil',
  'X-Forwarded-Port: evil',
  'X-Forwarded-Server: evil.example',
  'X-Real-IP: 6.6.6.6',
  'X-Client-IP: 6.6.6.6',
  'True-Client-IP: 6.6.6.6',
  'X-Original-URL: /evil',
  'X-Rewrite-URL: /evil',
  'X-Amzn-Oidc-Data: evil',
  'X-Amz-Security-Token: evil',
  'CloudFront-Viewer-Country: EVIL',
  'X-HTTP-Method-Override: DELETE-evil',
  'X-Method-Override: evil',
  'X-Middleware-Subrequest: evil',
  'X-Api-Key: evil',
  'Origin-Trial: evil',
  'Sec-Fetch-User: ?evil',
];

/** Names that are the broker's own to anybody who reads `_` as `-`, or `-` as `_`, or heeds no case. */
const imitations = [
  'AUTHORIZATION: Bearer evil',
  'aUtHoRiZaTiOn: Bearer evil',
  'X_Forwarded_For: 6.6.6.6',
  'X_FORWARDED_HOST: evil.example',
  'x-forwarded_proto: evil',
  'X-FORWARDED-FOR: 6.6.6.6',
  'x-Forwarded-HOST: evil.example',
  'X_Csrf: evil',
  'TRACE_PARENT: evil',
  'Accept_Encoding: evil',
  'COOKIE: __Host-bff-session=evil',
  'Content_Length: evil',
  'Transfer_Encoding: evil',
];

/** Without the token: chance may have put any word into it. */
const everything = (arrived: Arrived): string => JSON.stringify(arrived).replace(tokenOf, 'Bearer TOKEN');

for (const events of Object.keys(gatewayKinds) as Events[]) {
  describe(`an API behind ${events}`, () => {
    const stack = recording({ events, api: { requestHeaders: ['x-tenant'], anonymous: ['/open/*'] } });
    const { arrives, isStopped } = stack;

    it('receives of a GET exactly these bytes', async () => {
      const { received } = await stack.send('/api/orders/a%20b/%C3%A9?q=a%26b%3Dc%20d&q=2&e=', {
        headers: ['X-Tenant: blue', 'Accept: text/html;q=0.5', `Traceparent: ${traceparent}`, ...unseen],
      });
      assert.deepEqual(
        received.map((text) => text.replace(tokenOf, 'Bearer TOKEN')),
        [
          [
            'GET /v1/a%20b/%C3%A9?q=a%26b%3Dc%20d&q=2&e= HTTP/1.1',
            `Host: 127.0.0.1:${stack.api.port}`,
            'x-tenant: blue',
            'accept: text/html;q=0.5',
            'accept-encoding: identity',
            `traceparent: ${traceparent}`,
            `x-forwarded-host: ${new URL(stack.broker.origin).host}`,
            'x-forwarded-proto: http',
            'x-forwarded-for: 127.0.0.1',
            'authorization: Bearer TOKEN',
            'Connection: keep-alive',
            '',
            '',
          ].join('\r\n'),
        ],
      );
    });

    it('receives of a POST exactly these bytes', async () => {
      const body = Buffer.from('{"a": 1}\r\n\r\nGET / HTTP/1.1\r\n\0\xff', 'latin1');
      const { received } = await stack.send('/api/orders', {
        method: 'POST',
        headers: [
          'Content-Type: application/octet-stream',
          `Content-Length: ${body.length}`,
          `X-Amz-Content-Sha256: ${createHash('sha256').update(body).digest('hex')}`,
          'Accept-Encoding: br;q=1, gzip',
          `traceparent: ${traceparent}`,
          'tracestate: a=1,b=2',
        ],
        body,
      });
      assert.deepEqual(
        received.map((text) => text.replace(tokenOf, 'Bearer TOKEN')),
        [
          [
            'POST /v1 HTTP/1.1',
            `Host: 127.0.0.1:${stack.api.port}`,
            'content-type: application/octet-stream',
            'accept-encoding: br;q=1, gzip',
            `traceparent: ${traceparent}`,
            'tracestate: a=1,b=2',
            `x-forwarded-host: ${new URL(stack.broker.origin).host}`,
            'x-forwarded-proto: http',
            'x-forwarded-for: 127.0.0.1',
            'authorization: Bearer TOKEN',
            `Content-Length: ${body.length}`,
            'Connection: keep-alive',
            '',
            body.toString('latin1'),
          ].join('\r\n'),
        ],
      );
    });

    for (const pastEdge of [false, true]) {
      const where = pastEdge ? ' although no edge stands before the gateway' : '';

      it(`sees nothing of the headers that are not for it${where}`, async () => {
        assert.doesNotMatch(
          everything(await arrives('/api/orders/1', { headers: unseen, pastEdge })),
          /evil|6\.6\.6\.6/i,
        );
      });

      it(`is not deceived by imitations of the broker's own headers${where}`, async () => {
        for (const imitation of imitations) {
          const arrived = await arrives('/api/orders/1', { headers: [imitation], pastEdge });
          assert.doesNotMatch(everything(arrived), /evil|6\.6\.6\.6/i, imitation);
          const names = arrived.headers.map(([name]) => name.replaceAll('_', '-'));
          assert.equal(new Set(names).size, names.length, `${imitation}: a header came twice`);
        }
      });
    }

    it('does not see the headers that the client declares to be of its connection', async () => {
      const headers = ['X-Tenant: blue', 'X-Request-Id: r-1', 'Accept: a/b', 'Connection: close, X-Tenant , ACCEPT'];
      const arrived = await arrives('/api/orders/1', { headers, pastEdge: true });
      // A REST API and the edge take the header `Connection` away, and then nothing is declared.
      const isDeclared = events !== 'rest';
      assert.deepEqual(arrivedUnder(arrived, 'x-tenant'), isDeclared ? [] : ['blue']);
      assert.deepEqual(arrivedUnder(arrived, 'accept'), isDeclared ? [] : ['a/b']);
      assert.deepEqual(arrivedUnder(arrived, 'x-request-id'), ['r-1']);
    });

    it("keeps the broker's own headers whatever the client declares to be of its connection", async () => {
      const names = [
        'authorization',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
        'traceparent',
        'host',
      ];
      const arrived = await arrives('/api/orders/1', { headers: [`Connection: ${names.join(',')}`], pastEdge: true });
      for (const name of names) assert.equal(arrivedUnder(arrived, name).length, 1, name);
    });

    it("receives one authorization, the session's token for it, in place of any the client sends", async () => {
      for (const headers of [
        [],
        ['Authorization: Bearer of-the-client'],
        ['Authorization: Basic YTpi', 'Authorization: Bearer second'],
      ]) {
        const [authorization = '', ...others] = arrivedUnder(
          await arrives('/api/orders/1', { headers }),
          'authorization',
        );
        assert.deepEqual(others, []);
        const { aud, sub } = decodeJwt(tokenOf.exec(authorization)?.[1] ?? '');
        assert.ok([aud].flat().includes('https://orders.example.com'));
        assert.ok(sub?.includes('alice'), sub);
      }
    });

    it('receives no authorization on an anonymous path, with a session or without', async () => {
      const headers = ['Authorization: Bearer of-the-client'];
      for (const cookie of ['', header(cookiesFor(stack.alice, '/api/orders'))]) {
        const arrived = await arrives('/api/orders/open/1', { headers, cookie });
        assert.deepEqual(arrivedUnder(arrived, 'authorization'), []);
      }
    });

    it("receives no cookie, neither the broker's nor another", async () => {
      const own = cookiesFor(stack.alice, '/api/orders');
      const cookie = `theme=dark; ${header(own)}; __Host-other=1`;
      const arrived = await arrives('/api/orders/1', {
        cookie,
        headers: ['Cookie: second=line', 'Cookie2: $Version=1'],
      });
      const all = everything(arrived);
      assert.doesNotMatch(all, /cookie|theme|second=|other=|version/i);
      for (const { value } of own) assert.ok(!all.includes(value));
    });

    it('is told of a new trace where the client has none that is valid', async () => {
      const seen = new Set<string>();
      for (const sent of ['', 'garbage', `${traceparent}x`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
        const headers = [...(sent === '' ? [] : [`traceparent: ${sent}`]), 'tracestate: evil=1'];
        const arrived = await arrives('/api/orders/1', { headers });
        const [started = '', ...others] = arrivedUnder(arrived, 'traceparent');
        assert.deepEqual(others, []);
        assert.match(started, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
        assert.deepEqual(arrivedUnder(arrived, 'tracestate'), []);
        seen.add(started);
      }
      assert.equal(seen.size, 4);
    });

    it('is told the address at which browsers reach the broker, whatever host the client names', async () => {
      const headers = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: gopher'];
      const arrived = await arrives('/api/orders/1', { headers, pastEdge: true });
      assert.deepEqual(arrivedUnder(arrived, 'host'), [`127.0.0.1:${stack.api.port}`]);
      assert.deepEqual(arrivedUnder(arrived, 'x-forwarded-host'), [new URL(stack.broker.origin).host]);
      assert.deepEqual(arrivedUnder(arrived, 'x-forwarded-proto'), ['http']);
    });

    it('is told the address that the gateway saw, whatever the client says of itself', async () => {
      for (const sent of ['6.6.6.6', '6.6.6.6, 127.0.0.1', '127.0.0.1, 6.6.6.6', '::1', "'; DROP"]) {
        const arrived = await arrives('/api/orders/1', { headers: [`X-Forwarded-For: ${sent}`] });
        assert.deepEqual(arrivedUnder(arrived, 'x-forwarded-for'), ['127.0.0.1'], sent);
      }
    });

    it('hears nothing of somebody who is not logged in, whoever they say they are', async () => {
      for (const line of ['User-Agent: ELB-HealthChecker/2.0', 'X-Forwarded-Uri: /open/1', 'X-Original-URL: /open/1']) {
        const answer = await isStopped('/api/orders/1?path=/open/1', { cookie: '', headers: [line] });
        assert.equal(answer.status, 401, line);
        assert.equal(codeIn(answer), 'login_required');
        assert.deepEqual(valuesOf(answer, 'location'), []);
      }
    });

    it('hears nothing of methods that it has not', async () => {
      for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'LINK', 'REPORT']) {
        const answer = await isStopped('/api/orders/1', { method });
        assert.ok([404, 405].includes(answer.status), `${method} ${answer.status}`);
      }
    });
  });
}
