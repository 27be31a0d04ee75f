import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { open, send } from '../../../functions/outgoing/send.ts';
import type { Call } from '../../../functions/outgoing/send.ts';
import { answerOf, rawServer } from './raw-server.ts';
import type { Answer } from './raw-server.ts';

const limits = { connectMs: 1000, headersMs: 1000, totalMs: 2000, idleMs: 1000, maxBytes: 1000 };

const get = (url: string, more: Partial<Call> = {}): Call => ({
  url,
  method: 'GET',
  headers: { accept: '*/*' },
  limits,
  kept: 'repeatable',
  ...more,
});

async function served(answer: Answer, run: (server: Awaited<ReturnType<typeof rawServer>>) => Promise<void>) {
  const server = await rawServer(answer);
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

const always =
  (text: string): Answer =>
  (socket) =>
    socket.write(text, 'latin1');

test('the request line and the headers arrive byte for byte', () =>
  served(always(answerOf('hi')), async (server) => {
    const result = await send(
      get(`${server.origin}/a/%2e%2E/b|c?x=1&x=%20+&y`, { headers: { 'X-One': 'é', two: '' } }),
    );
    assert.equal(result.kind, 'answered');
    assert.deepEqual(server.requests, [
      `GET /a/%2e%2E/b|c?x=1&x=%20+&y HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX-One: é\r\ntwo: \r\n` +
        'Connection: keep-alive\r\n\r\n',
    ]);
  }));

test('a body is sent with its length', () =>
  served(always(answerOf()), async (server) => {
    await send(get(`${server.origin}/`, { method: 'POST', body: Buffer.from([0, 255, 10]) }));
    assert.match(server.requests[0] ?? '', /\r\nContent-Length: 3\r\n[^]*\r\n\r\n\0\xff\n$/);
  }));

test('a POST without a body says that its length is 0', () =>
  served(always(answerOf()), async (server) => {
    await send(get(`${server.origin}/`, { method: 'POST' }));
    assert.match(server.requests[0] ?? '', /\r\nContent-Length: 0\r\n/);
  }));

test('an answer comes back with its status, its headers as sent, and its bytes', () =>
  served(
    always(
      'HTTP/1.1 302 Found\r\nLocation: /else\r\nX-A: 1\r\nx-a: 2\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\0',
    ),
    async (server) => {
      assert.deepEqual(await send(get(`${server.origin}/`)), {
        kind: 'answered',
        status: 302,
        rawHeaders: ['Location', '/else', 'X-A', '1', 'x-a', '2', 'Content-Encoding', 'gzip', 'Content-Length', '3'],
        body: Buffer.from([0x1f, 0x8b, 0]),
      });
      assert.equal(server.requests.length, 1);
    },
  ));

test('a chunked body is put together', () =>
  served(
    always('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n'),
    async (server) => {
      const result = await send(get(`${server.origin}/`));
      assert.equal(result.kind === 'answered' && result.body.toString(), 'abc');
    },
  ));

test('informational answers are skipped', () =>
  served(always(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answerOf('x')}`), async (server) => {
    const result = await send(get(`${server.origin}/`));
    assert.equal(result.kind === 'answered' && result.status, 200);
  }));

test('the answer to HEAD, a 204 and a 304 have no body', async () => {
  await served(always('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'), async (server) => {
    const result = await send(get(`${server.origin}/`, { method: 'HEAD' }));
    assert.equal(result.kind === 'answered' && result.body.length, 0);
  });
  for (const status of ['204 No Content', '304 Not Modified']) {
    await served(always(`HTTP/1.1 ${status}\r\n\r\n`), async (server) => {
      const result = await send(get(`${server.origin}/`));
      assert.equal(result.kind === 'answered' && result.body.length, 0);
    });
  }
});

test('a slow body is read as long as no pause in it is too long', () =>
  served(
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 60);
      socket.on('close', () => clearInterval(timer));
    },
    async (server) => {
      const result = await send(get(`${server.origin}/`, { limits: { ...limits, idleMs: 250 } }));
      assert.equal(result.kind === 'answered' && result.body.length, 6);
    },
  ));

const silent: Answer = () => {};

const failures: readonly (readonly [name: string, answer: Answer, more: Partial<Call['limits']>, expected: object])[] =
  [
    ['no headers in time', silent, { headersMs: 30 }, { reason: 'timeout', sent: true }],
    ['the time for everything is up', silent, { totalMs: 30 }, { reason: 'timeout', sent: true }],
    [
      'silence in the middle of the body',
      always('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
      { idleMs: 30 },
      { reason: 'timeout', sent: true },
    ],
    [
      'a body that trickles beyond the time for everything',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n');
        const timer = setInterval(() => socket.write('x'), 5);
        socket.on('close', () => clearInterval(timer));
      },
      { idleMs: 500, totalMs: 60 },
      { reason: 'timeout', sent: true },
    ],
    ['a body over the limit', always(answerOf('x'.repeat(1001))), {}, { reason: 'too_large', sent: true }],
    [
      'headers over the limit of Node',
      always(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
      {},
      { reason: 'too_large', sent: true },
    ],
    ['an answer that is not HTTP', always('220 mail.example ESMTP\r\n'), {}, { reason: 'malformed', sent: true }],
    [
      'two lengths',
      always('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      {},
      { reason: 'malformed', sent: true },
    ],
    [
      'a broken chunk',
      always('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
      {},
      { reason: 'reset', sent: true },
    ],
    ['a connection that closes without an answer', (socket) => socket.destroy(), {}, { reason: 'reset', sent: true }],
    [
      'a connection that closes inside the body',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
      {},
      { reason: 'reset', sent: true },
    ],
    [
      'an upgrade nobody asked for',
      always('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
      {},
      { reason: 'malformed', sent: true },
    ],
  ];

for (const [name, answer, more, expected] of failures) {
  test(`${name}: ${JSON.stringify(expected)}`, () =>
    served(answer, async (server) => {
      const result = await send(get(`${server.origin}/`, { limits: { ...limits, ...more } }));
      assert.deepEqual(result, { kind: 'failed', ...expected });
    }));
}

test('a port where nobody listens is unreachable, and nothing was sent', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  assert.deepEqual(await send(get(`http://127.0.0.1:${port}/`)), {
    kind: 'failed',
    reason: 'unreachable',
    sent: false,
  });
});

test('a name that does not exist is unreachable', async () => {
  const result = await send(get('http://nowhere.invalid/'));
  assert.deepEqual(result, { kind: 'failed', reason: 'unreachable', sent: false });
});

test('TLS towards a server that speaks none fails as tls, and nothing was sent', () =>
  served(always('no'), async (server) => {
    const talk = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    talk.listen(0, '127.0.0.1');
    await once(talk, 'listening');
    const { port } = talk.address() as AddressInfo;
    assert.deepEqual(await send(get(`https://127.0.0.1:${port}/`)), { kind: 'failed', reason: 'tls', sent: false });
    talk.close();
    assert.equal(server.requests.length, 0);
  }));

test('a TLS handshake that never ends runs into the time for connecting', async () => {
  const mute = await rawServer(silent);
  const url = `https://127.0.0.1:${mute.port}/`;
  const result = await send(get(url, { limits: { ...limits, connectMs: 30 } }));
  assert.deepEqual(result, { kind: 'failed', reason: 'timeout', sent: false });
  await mute.close();
});

test('a signal ends a call that waits for headers and one that reads a body', async () => {
  for (const answer of [silent, always('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')]) {
    const ending = new AbortController();
    await served(
      (socket, request, nth) => {
        answer(socket, request, nth);
        setImmediate(() => ending.abort());
      },
      async (server) => {
        const result = await send(get(`${server.origin}/`, { signal: ending.signal }));
        assert.deepEqual(result, { kind: 'failed', reason: 'aborted', sent: true });
      },
    );
  }
});

test('a signal that has fired already lets nothing out', () =>
  served(silent, async (server) => {
    const result = await send(get(`${server.origin}/`, { signal: AbortSignal.abort() }));
    assert.deepEqual(result, { kind: 'failed', reason: 'aborted', sent: false });
    assert.equal(server.requests.length, 0);
  }));

test('open answers when the head is there and leaves the body to its reader', () =>
  served(
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    },
    async (server) => {
      const opened = await open(get(`${server.origin}/`));
      assert.equal(opened.kind, 'opened');
      if (opened.kind !== 'opened') return;
      const [chunk] = (await once(opened.message, 'data')) as [Buffer];
      assert.equal(chunk.toString(), 'data: 1\n\n');
      opened.message.on('error', () => {});
      opened.message.destroy();
    },
  ));

for (const url of [
  'ftp://a.example/',
  'https://u:p@a.example/',
  'https://a.example/#f',
  '/relative',
  'https://evil\\@a.example/',
]) {
  test(`${url} is refused as a URL`, async () => {
    await assert.rejects(send(get(url)), TypeError);
  });
}

test('a line break in a header value is refused and nothing is sent', () =>
  served(silent, async (server) => {
    await assert.rejects(send(get(`${server.origin}/`, { headers: { a: 'b\r\nc: d' } })), TypeError);
    assert.equal(server.requests.length, 0);
  }));
