/** Where a request ends: nothing a client writes about it makes an API see two, or half of one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { cookiesFor, header } from '../broker/raw.ts';
import { arrivedUnder, codeIn, recording, takeApart } from './recording.ts';

const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n';

/** Each can be read in two ways by two servers in a row. */
const ambiguous: Readonly<Record<string, { readonly headers: readonly string[]; readonly body: string }>> = {
  'two lengths': { headers: ['Content-Length: 1', `Content-Length: ${smuggled.length}`], body: smuggled },
  'a list of lengths': { headers: [`Content-Length: 1, ${smuggled.length}`], body: smuggled },
  'a length and chunks': {
    headers: [`Content-Length: ${smuggled.length + 5}`, 'Transfer-Encoding: chunked'],
    body: `0\r\n\r\n${smuggled}`,
  },
  'chunks under a name with a space': {
    headers: ['Content-Length: 4', 'Transfer-Encoding : chunked'],
    body: `5c\r\n${smuggled}0\r\n\r\n`,
  },
  'a coding that is not chunks': { headers: ['Transfer-Encoding: xchunked'], body: `0\r\n\r\n${smuggled}` },
  'chunks that are not the last coding': {
    headers: ['Transfer-Encoding: chunked, identity'],
    body: `0\r\n\r\n${smuggled}`,
  },
  'a signed length': { headers: [`Content-Length: +${smuggled.length}`], body: smuggled },
  'a hexadecimal length': { headers: ['Content-Length: 0x10'], body: smuggled },
  'a negative length': { headers: ['Content-Length: -1'], body: smuggled },
  'a chunk size that is none': {
    headers: ['Transfer-Encoding: chunked'],
    body: `0_1\r\nx\r\n0\r\n\r\n${smuggled}`,
  },
  'a bare line feed in a header': { headers: [`X-Request-Id: a\nContent-Length: ${smuggled.length}`], body: smuggled },
  'a bare carriage return in a header': { headers: ['X-Request-Id: a\rX-Evil: 1'], body: '' },
  'a zero byte in a header': { headers: ['X-Request-Id: a\0b'], body: '' },
  'a header without a name': { headers: [': evil'], body: '' },
  'a folded header': { headers: ['X-Request-Id: a', ' Transfer-Encoding: chunked'], body: '' },
};

describe('a request that two servers could cut differently', () => {
  const { isStopped } = recording();

  for (const [what, { headers, body }] of Object.entries(ambiguous)) {
    for (const pastEdge of [false, true]) {
      it(`because of ${what} is refused${pastEdge ? ' by the gateway alone' : ''}`, async () => {
        const answer = await isStopped('/api/orders/1', { method: 'POST', headers, body, pastEdge });
        assert.equal(answer.status, 400);
      });
    }
  }
});

describe('a request to an API', () => {
  const stack = recording({ api: { requestHeaders: ['x-tenant'] } });
  const { arrives, isStopped, send } = stack;

  it('that came in chunks goes on with its length', async () => {
    const headers = ['Content-Type: text/plain', 'Transfer-Encoding: chunked', 'Trailer: X-Tenant'];
    const body = '5\r\nhello\r\n1;ext=evil\r\n \r\n5\r\nworld\r\n0\r\nX-Tenant: evil\r\n\r\n';
    const arrived = await arrives('/api/orders/1', { method: 'POST', headers, body });
    assert.equal(arrived.body, 'hello world');
    assert.deepEqual(arrivedUnder(arrived, 'content-length'), ['11']);
    for (const name of ['transfer-encoding', 'trailer', 'x-tenant']) {
      assert.deepEqual(arrivedUnder(arrived, name), [], name);
    }
  });

  it('that has a request for its body carries it as a body', async () => {
    const headers = [`Content-Length: ${smuggled.length}`, 'Content-Type: application/http'];
    const arrived = await arrives('/api/orders/1', { method: 'POST', headers, body: smuggled });
    assert.equal(arrived.body, smuggled);
    assert.deepEqual(arrivedUnder(arrived, 'content-length'), [String(smuggled.length)]);
  });

  it('by GET or HEAD leaves its body here, and every word about it', async () => {
    for (const method of ['GET', 'HEAD']) {
      const headers = [`Content-Length: ${smuggled.length}`, 'Content-Type: a/b', 'Content-Encoding: gzip'];
      const arrived = await arrives('/api/orders/1', { method, headers, body: smuggled });
      assert.equal(arrived.body, '');
      assert.deepEqual(
        arrived.headers.filter(([name]) => /^content-|^transfer-/.test(name)),
        [],
      );
    }
  });

  it('without a body says that it has none where the method could have one', async () => {
    for (const [method, lengths] of [
      ['POST', ['0']],
      ['PUT', ['0']],
      ['PATCH', ['0']],
      ['DELETE', []],
    ] as const) {
      const arrived = await arrives('/api/orders/1', { method, headers: ['Content-Type: application/json'] });
      assert.deepEqual(arrivedUnder(arrived, 'content-length'), lengths, method);
      assert.equal(arrived.body, '');
    }
  });

  it('that waits for leave to send its body gets it from the gateway, and the API is not asked for any', async () => {
    const { received } = await send('/api/orders/1', {
      method: 'POST',
      headers: ['Expect: 100-continue', 'Content-Length: 2'],
      body: 'ab',
      pastEdge: true,
    });
    const arrived = takeApart(received[0] ?? '');
    assert.equal(arrived.body, 'ab');
    assert.deepEqual(arrivedUnder(arrived, 'expect'), []);
  });

  it('that offers to change the protocol goes on without the offer', async () => {
    for (const headers of [
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
      ['Connection: upgrade', 'Upgrade: TLS/1.0'],
    ]) {
      const { received } = await send('/api/orders/1', { headers, pastEdge: true });
      for (const text of received) {
        const arrived = takeApart(text);
        assert.deepEqual(arrivedUnder(arrived, 'upgrade'), []);
        assert.deepEqual(arrivedUnder(arrived, 'http2-settings'), []);
        assert.deepEqual(arrivedUnder(arrived, 'connection'), ['keep-alive']);
      }
    }
  });

  it('that wants a WebSocket is refused with a code', async () => {
    for (const upgrade of ['websocket', 'WebSocket']) {
      for (const pastEdge of [false, true]) {
        const headers = ['Connection: Upgrade', `Upgrade: ${upgrade}`, 'Sec-WebSocket-Version: 13'];
        const answer = await isStopped('/api/orders/1', { headers, pastEdge });
        assert.equal(answer.status, 501);
        assert.equal(codeIn(answer), 'websocket_unsupported');
      }
    }
  });

  it('that wants no method but a tunnel is not heard', async () => {
    const { status } = await isStopped('evil.example:443', { method: 'CONNECT' });
    assert.ok(Number.isNaN(status) || status >= 400);
  });

  it('to two hosts reaches the one of the configuration, if any', async () => {
    for (const pastEdge of [false, true]) {
      const { answer, received } = await send('/api/orders/1', { headers: ['Host: evil.example'], pastEdge });
      for (const text of received) {
        assert.deepEqual(arrivedUnder(takeApart(text), 'host'), [`127.0.0.1:${stack.api.port}`]);
        assert.doesNotMatch(text, /evil/);
      }
      assert.ok(received.length === 1 || answer.status === 400);
    }
  });

  it('that is followed by another on its connection is one of two', async () => {
    const { port, host } = new URL(stack.broker.origin);
    const cookie = header(cookiesFor(stack.alice, '/api/orders'));
    const request = (path: string, last: boolean): string =>
      `GET /api/orders/${path} HTTP/1.1\r\nHost: ${host}\r\nX-Csrf: 1\r\nCookie: ${cookie}\r\n` +
      `Connection: ${last ? 'close' : 'keep-alive'}\r\n\r\n`;
    const earlier = stack.api.requests.length;
    const socket = connect(Number(port), '127.0.0.1');
    socket.resume();
    socket.write(request('first', false) + request('second', true));
    await once(socket, 'close');
    const lines = stack.api.requests.slice(earlier).map((text) => takeApart(text).line);
    assert.deepEqual(lines.toSorted(), ['GET /v1/first HTTP/1.1', 'GET /v1/second HTTP/1.1']);
  });

  it('that ends before its body does is not heard', async () => {
    const earlier = stack.api.requests.length;
    const { port, host } = new URL(stack.broker.origin);
    const cookie = header(cookiesFor(stack.alice, '/api/orders'));
    const head = ['POST /api/orders/1 HTTP/1.1', `Host: ${host}`, 'X-Csrf: 1', `Cookie: ${cookie}`];
    const socket = connect(Number(port), '127.0.0.1');
    socket.resume();
    socket.end([...head, 'Content-Length: 100', '', 'half'].join('\r\n'));
    await once(socket, 'close');
    await arrives('/api/orders/after');
    assert.equal(stack.api.requests.length, earlier + 1);
  });
});
