import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import * as fc from 'fast-check';
import type { Api } from '../../../functions/configuration/schema.ts';
import { seconds } from '../../../functions/contract/units.ts';
import type { HttpRequest } from '../../../functions/http/message.ts';
import { send } from '../../../functions/outgoing/send.ts';
import type { Call, Failed } from '../../../functions/outgoing/send.ts';
import { forward } from '../../../functions/proxy/forward.ts';
import { readPath } from '../../../functions/proxy/path.ts';
import { createRoutes, matchRoute } from '../../../functions/proxy/routes.ts';
import { answerOf, rawServer } from '../outgoing/raw-server.ts';
import type { Answer } from '../outgoing/raw-server.ts';
import { api, matched, publicOrigin, recordingLog, request } from './fixtures.ts';

const polite: Answer = (socket) => socket.write(answerOf('ok'));

interface Sent {
  readonly path?: string;
  readonly request?: Parameters<typeof request>[0];
  readonly api?: Partial<Api>;
  readonly token?: string | undefined;
}

/** An upstream that records every byte, and a way through the broker to it. */
async function upstream(t: TestContext, answer: Answer = polite) {
  const server = await rawServer(answer);
  t.after(() => server.close());
  const { lines, log } = recordingLog();
  const through = (sent: Sent = {}) =>
    forward(
      request({ ...sent.request, path: sent.path ?? '/api/orders/1' }),
      matched(sent.path ?? '/api/orders/1', { upstream: `${server.origin}/v1`, ...sent.api }),
      { send, token: 'token' in sent ? sent.token : 'the-token', publicOrigin, nowMs: Date.now, log },
    );
  return { server, lines, through };
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test('an API receives exactly this', async (t) => {
  const { server, through } = await upstream(t);
  await through({
    path: '/api/orders/a%20b/',
    request: {
      method: 'POST',
      query: 'q=a%26b%3Dc%20d&q=2&e=&plus=+&%ff',
      body: bytes('{"a": 1}\r\n\0\xff'),
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer forged',
        'x-forwarded-for': '6.6.6.6',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      },
    },
  });
  assert.deepEqual(server.requests, [
    [
      'POST /v1/a%20b/?q=a%26b%3Dc%20d&q=2&e=&plus=+&%ff HTTP/1.1',
      `Host: 127.0.0.1:${server.port}`,
      'content-type: application/json',
      'accept-encoding: identity',
      'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'x-forwarded-host: app.example.com',
      'x-forwarded-proto: https',
      'x-forwarded-for: 203.0.113.7',
      'authorization: Bearer the-token',
      'Content-Length: 12',
      'Connection: keep-alive',
      '',
      '{"a": 1}\r\n\0\xff',
    ].join('\r\n'),
  ]);
});

test('on an anonymous path no token is sent', async (t) => {
  const { server, through } = await upstream(t);
  await through({ token: undefined, request: { headers: { authorization: 'Bearer x', cookie: 'a=b' } } });
  assert.doesNotMatch(server.requests[0] ?? '', /authorization|cookie/i);
});

const paths: readonly (readonly [path: string, base: string, asSent: string])[] = [
  ['/api/orders', '/v1', '/v1'],
  ['/api/orders', '', '/'],
  ['/api/orders', '/', '/'],
  ['/api/orders/', '/v1', '/v1/'],
  ['/api/orders/x', '/v1/', '/v1/x'],
  ['/api/orders/api/v1/x', '/v1/api', '/v1/api/api/v1/x'],
  ['/%61pi/orders/%78', '/v1', '/v1/x'],
];

for (const [path, base, asSent] of paths) {
  test(`${path} over the base ${JSON.stringify(base)} asks for ${asSent}`, async (t) => {
    const { server, through } = await upstream(t);
    await through({ path, api: { upstream: `${server.origin}${base}` } });
    assert.equal(server.requests[0]?.split(' ')[1], asSent);
  });
}

test('the answer comes back with status, headers and bytes', async (t) => {
  const body = '\x1f\x8b\0\xff';
  const { through } = await upstream(t, (socket) =>
    socket.write(
      `HTTP/1.1 418 Teapot\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 4\r\n\r\n${body}`,
      'latin1',
    ),
  );
  assert.deepEqual(await through(), {
    kind: 'answered',
    response: {
      status: 418,
      headers: [
        ['content-encoding', 'gzip'],
        ['content-length', '4'],
        ['cache-control', 'no-store'],
        ['x-content-type-options', 'nosniff'],
        ['cross-origin-resource-policy', 'same-origin'],
      ],
      cookies: [],
      body: bytes(body),
    },
    challenge: undefined,
  });
});

test('a redirect to elsewhere is not followed and does not tell where', async (t) => {
  const elsewhere = await upstream(t);
  const { through } = await upstream(t, (socket) =>
    socket.write(answerOf('', `HTTP/1.1 302 Found\r\nLocation: ${elsewhere.server.origin}/v1/x`)),
  );
  const result = await through();
  assert.equal(result.kind === 'answered' && result.response.headers.some(([name]) => name === 'location'), false);
  assert.equal(elsewhere.server.requests.length, 0);
});

test('the metadata URL of a challenge is not asked', async (t) => {
  const elsewhere = await upstream(t);
  const { through } = await upstream(t, (socket) =>
    socket.write(
      answerOf('', `HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer resource_metadata="${elsewhere.server.origin}/"`),
    ),
  );
  const result = await through();
  assert.equal(result.kind === 'answered' && result.challenge?.get('resource_metadata'), `${elsewhere.server.origin}/`);
  assert.equal(elsewhere.server.requests.length, 0);
});

for (const [method, head] of [
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5000'],
  ['GET', 'HTTP/1.1 204 No Content'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "e"'],
] as const) {
  test(`${method} answered by ${head.slice(9, 12)} comes back without a body`, async (t) => {
    const { through } = await upstream(t, (socket) => socket.write(`${head}\r\n\r\n`));
    const result = await through({ request: { method } });
    assert.equal(result.kind === 'answered' && result.response.body.length, 0);
  });
}

for (const method of ['GET', 'HEAD']) {
  test(`the body of ${method} stays here`, async (t) => {
    const { server, through } = await upstream(t);
    await through({ request: { method, body: bytes('x'), headers: { 'content-type': 'text/plain' } } });
    assert.doesNotMatch(server.requests[0] ?? '', /content-/i);
    assert.match(server.requests[0] ?? '', /\r\n\r\n$/);
  });
}

test('a DELETE takes its body along, and goes without when there is none', async (t) => {
  const { server, through } = await upstream(t);
  await through({ request: { method: 'DELETE', body: bytes('x') } });
  await through({ request: { method: 'DELETE' } });
  assert.match(server.requests[0] ?? '', /\r\nContent-Length: 1\r\n[^]*\r\n\r\nx$/);
  assert.doesNotMatch(server.requests[1] ?? '', /content-length|transfer-encoding/i);
});

const refusals: readonly (readonly [
  name: string,
  sent: Sent,
  code: string,
  headers: readonly (readonly [string, string])[],
])[] = [
  [
    'a method that the API does not take',
    { request: { method: 'PUT' }, api: { methods: ['GET', 'POST'] } },
    'method_not_allowed',
    [['allow', 'GET, POST']],
  ],
  ...['TRACE', 'CONNECT', 'OPTIONS', 'patch', 'Get', 'FOO'].map(
    (method): readonly [string, Sent, string, readonly (readonly [string, string])[]] => [
      method,
      { request: { method } },
      'method_not_allowed',
      [['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE']],
    ],
  ),
  ['a body over the limit', { request: { method: 'POST', body: Buffer.alloc(1001) } }, 'body_too_large', []],
  ['a fragment in the query', { request: { query: 'a#b' } }, 'path_invalid', []],
  ['no time left', { request: { deadlineAtMs: Date.now() + 1900 } }, 'upstream_timeout', []],
];

for (const [name, sent, code, headers] of refusals) {
  test(`${name} is answered ${code}, and the API hears nothing`, async (t) => {
    const { server, through } = await upstream(t);
    const result = await through(sent);
    assert.deepEqual(result.kind === 'problem' && [result.code, result.headers], [code, headers]);
    assert.equal(server.requests.length, 0);
  });
}

test('a body of just the limit passes', async (t) => {
  const { through } = await upstream(t);
  assert.equal((await through({ request: { method: 'POST', body: Buffer.alloc(1000) } })).kind, 'answered');
});

const faults: readonly (readonly [name: string, answer: Answer, code: string])[] = [
  ['a connection that breaks', (socket) => socket.destroy(), 'upstream_unreachable'],
  ['an answer that is no HTTP', (socket) => socket.write('hello\r\n\r\n'), 'upstream_invalid'],
  ['a status that does not exist', (socket) => socket.write(answerOf('', 'HTTP/1.1 999 What')), 'upstream_invalid'],
  [
    'an upgrade',
    (socket) => socket.write('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    'upstream_invalid',
  ],
  ['too large a body', (socket) => socket.write(answerOf('x'.repeat(4_500_001))), 'upstream_too_large'],
  [
    'too large a head',
    (socket) => socket.write(answerOf('', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`)),
    'upstream_too_large',
  ],
];

for (const [name, answer, code] of faults) {
  test(`${name} is ${code} and leaves a line in the log`, async (t) => {
    const { lines, through } = await upstream(t, answer);
    const result = await through();
    assert.equal(result.kind === 'problem' && result.code, code);
    assert.deepEqual(
      lines.map(({ event, fields }) => [event, fields?.['api'], fields?.['code']]),
      [['proxy_failed', 'orders', code]],
    );
    assert.doesNotMatch(JSON.stringify([lines, result]), /the-token/);
  });
}

test('an API that nobody answers for is unreachable', async (t) => {
  const { through } = await upstream(t);
  const result = await through({ api: { upstream: 'http://127.0.0.1:9' } });
  assert.equal(result.kind === 'problem' && result.code, 'upstream_unreachable');
});

test('a body of just the limit comes back', async (t) => {
  const { through } = await upstream(t, (socket) => socket.write(answerOf('x'.repeat(4_500_000))));
  const result = await through();
  assert.equal(result.kind === 'answered' && result.response.body.length, 4_500_000);
});

test('an API that stays silent is given up before the deadline', async (t) => {
  const { through } = await upstream(t, () => {});
  const start = Date.now();
  const result = await through({
    request: { deadlineAtMs: start + 2050 },
    api: { timeouts: { connect: seconds(1), response: seconds(1), silence: seconds(60) } },
  });
  assert.equal(result.kind === 'problem' && result.code, 'upstream_timeout');
  assert.ok(Date.now() - start < 2000);
});

/** Keeps what would be sent. */
async function callFor(sent: Partial<HttpRequest>, more: Partial<Api> = {}): Promise<Call | undefined> {
  const calls: Call[] = [];
  const failed: Failed = { kind: 'failed', reason: 'reset', sent: true };
  const record = async (call: Call) => (calls.push(call), failed);
  await forward({ ...request({ deadlineAtMs: 20_000 }), ...sent }, matched('/api/orders', more), {
    send: record,
    publicOrigin,
    nowMs: () => 0,
    log: () => {},
  });
  return calls[0];
}

for (const [method, kept] of [
  ['GET', 'repeatable'],
  ['HEAD', 'repeatable'],
  ['POST', 'once'],
  ['PUT', 'once'],
  ['PATCH', 'once'],
  ['DELETE', 'once'],
] as const) {
  test(`${method} is sent ${kept}`, async () => assert.equal((await callFor({ method }))?.kept, kept));
}

test('an API has the time of its configuration, and all of it ends before the deadline', async () => {
  const call = await callFor({}, { timeouts: { connect: seconds(2), response: seconds(7), silence: seconds(60) } });
  assert.deepEqual(call?.limits, {
    connectMs: 2000,
    headersMs: 7000,
    idleMs: 7000,
    totalMs: 19_500,
    maxBytes: 4_500_000,
  });
});

test('whatever the path, what is asked for lies below the base of the API (3000 runs)', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      '%25',
      '@evil.example',
      '//evil.example',
      '?',
      '#',
      ':',
      ';',
      'orders',
      '%00',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  const routes = createRoutes({ orders: api(), root: api({ path: '/root', upstream: 'https://root.example.com' }) });
  const bases = { orders: 'https://orders.example.com/v1', root: 'https://root.example.com' };
  const hostile = fc.tuple(fc.constantFrom('/api/orders', '/root'), fc.array(piece, { maxLength: 16 }));
  const check = async (call: Call): Promise<Failed> => {
    assert.equal(new URL(call.url).href.replace(/\/$/, ''), call.url.replace(/\/$/, ''));
    const base = call.url.startsWith(bases.orders) ? bases.orders : bases.root;
    assert.ok(call.url === base || call.url.startsWith(`${base}/`) || call.url.startsWith(`${base}?`));
    return { kind: 'failed', reason: 'reset', sent: true };
  };
  await fc.assert(
    fc.asyncProperty(
      hostile,
      fc.constantFrom('encoded' as const, 'decoded' as const),
      async ([start, pieces], pathEncoding) => {
        const reading = readPath({ path: start + pieces.join(''), pathEncoding });
        const found = reading.kind === 'path' ? matchRoute(routes, reading) : undefined;
        if (found !== undefined) {
          await forward(request(), found, { send: check, token: 't', publicOrigin, nowMs: Date.now, log: () => {} });
        }
      },
    ),
    { numRuns: 3000 },
  );
});

const outside = [
  '/api/orders-admin/x',
  '/api/ordersx',
  '/api/orders/../admin',
  '/api/orders/%2e%2e/admin',
  '/api/orders/..%2fadmin',
  '/api/orders\\..\\admin',
  '/API/ORDERS',
  '/api/orders/..',
  '/api/http://evil.example',
  '/api//evil.example/',
  'http://evil.example/api/orders',
];

for (const path of outside) {
  for (const pathEncoding of ['encoded', 'decoded'] as const) {
    test(`${path}, ${pathEncoding}, reaches no API`, () => {
      const reading = readPath({ path, pathEncoding });
      assert.equal(
        reading.kind === 'path' && matchRoute(createRoutes({ orders: api() }), reading),
        reading.kind === 'path' ? undefined : false,
      );
    });
  }
}
