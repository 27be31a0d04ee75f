/** What a browser receives of an API's answer, byte for byte as the API wrote it or not at all. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { answerOf } from '../../unit/outgoing/raw-server.ts';
import { valuesOf, type RawAnswer } from '../local-lambda/raw-http.ts';
import { answered, codeIn, recording } from './recording.ts';

/** Every one of these would speak for more than the API's own answer. */
const foreign: Readonly<Record<string, readonly string[]>> = {
  cookies: [
    'Set-Cookie: __Host-bff-session=evil; Path=/; Secure; HttpOnly',
    'set-cookie: theme=evil; Domain=example.com',
    'SET-COOKIE: a=evil%0d%0aX: 1',
    'Set-Cookie2: a=evil',
    'Clear-Site-Data: "evil"',
    'Service-Worker-Allowed: /evil',
    'Set-Login: evil',
  ],
  CORS: [
    'Access-Control-Allow-Origin: https://evil.example',
    'Access-Control-Allow-Credentials: evil',
    'Access-Control-Expose-Headers: evil',
    'Access-Control-Max-Age: 99999evil',
    'access-control-allow-private-network: evil',
  ],
  'how the origin is reached': [
    'Strict-Transport-Security: max-age=0; evil',
    'Alt-Svc: h3="evil.example:443"',
    'Public-Key-Pins: pin-sha256="evil"',
    'Public-Key-Pins-Report-Only: pin-sha256="evil"',
    'Expect-CT: evil',
  ],
  navigation: [
    'Refresh: 0; url=https://evil.example/',
    'Speculation-Rules: "/evil.json"',
    'No-Vary-Search: params=("evil")',
    'Activate-Storage-Access: load-evil',
  ],
  reports: [
    'Report-To: {"url":"https://evil.example"}',
    'Reporting-Endpoints: e="https://evil.example"',
    'NEL: {"report_to":"evil"}',
    'Content-Security-Policy-Report-Only: default-src evil',
  ],
  'orders to shared caches': [
    'Surrogate-Control: max-age=1, evil',
    'CDN-Cache-Control: max-age=1, evil',
    'Surrogate-Key: evil',
  ],
  'what the API is built with': ['Server: evil/1.0', 'X-Powered-By: evil', 'Via: 1.1 evil', 'X-AspNet-Version: evil'],
  "the broker's own": ['Bff-Error: session_over_evil', 'BFF-Anything: evil', 'X-Middleware-Rewrite: /evil'],
  'one connection': [
    'Keep-Alive: timeout=evil',
    'Proxy-Authenticate: Basic realm="evil"',
    'Proxy-Connection: evil',
    'Upgrade: evil',
    'TE: evil',
    'Trailer: X-Evil',
    'HTTP2-Settings: evil',
  ],
};

const byName = ([one]: readonly [string, string], [other]: readonly [string, string]): number => (one < other ? -1 : 1);

const headOf = ({ headers }: RawAnswer): string => headers.map(([name, value]) => `${name}: ${value}`).join('\n');

describe('the answer of an API', () => {
  const stack = recording();
  const get = async (wire: string, lines: readonly string[] = [], target = '/api/orders/1'): Promise<RawAnswer> => {
    stack.answers(wire);
    const { answer, received } = await stack.send(target, { headers: lines });
    assert.equal(received.length, 1, answer.body);
    return answer;
  };

  it('has these headers and no others', async () => {
    const answer = await get(answered(['Content-Type: application/json', 'ETag: "1"', 'X-Total: 3', 'Server: x']));
    const ownOfTheGateway = /^(?:date|connection|keep-alive|apigw-requestid|x-amzn-.*|via)$/;
    assert.deepEqual(answer.headers.filter(([name]) => !ownOfTheGateway.test(name)).toSorted(byName), [
      ['cache-control', 'no-store'],
      ['content-length', '2'],
      ['content-type', 'application/json'],
      ['cross-origin-resource-policy', 'same-origin'],
      ['etag', '"1"'],
      ['x-content-type-options', 'nosniff'],
      ['x-total', '3'],
    ]);
  });

  for (const [what, lines] of Object.entries(foreign)) {
    it(`does not bring along ${what}`, async () => {
      const answer = await get(answered(lines));
      assert.equal(answer.status, 200);
      assert.equal(answer.body, '{}');
      assert.doesNotMatch(headOf(answer), /evil/i);
    });
  }

  it('does not bring along what it declares to be of its connection', async () => {
    const answer = await get(
      answered([
        'Connection: keep-alive, x-secret ,X-OTHER',
        'X-Secret: evil',
        'x-other: evil',
        'Connection: X-Third',
        'X-Third: evil',
        'X-Kept: 1',
      ]),
    );
    assert.doesNotMatch(headOf(answer), /evil/);
    assert.deepEqual(valuesOf(answer, 'x-kept'), ['1']);
  });

  it("keeps the broker's protections whatever it declares to be of its connection", async () => {
    const answer = await get(answered(['Connection: cache-control, x-content-type-options, content-length, vary']));
    assert.deepEqual(valuesOf(answer, 'cache-control'), ['no-store']);
    assert.deepEqual(valuesOf(answer, 'x-content-type-options'), ['nosniff']);
    assert.deepEqual(valuesOf(answer, 'content-length'), ['2']);
  });

  it('cannot weaken the protections', async () => {
    const answer = await get(
      answered([
        'X-Content-Type-Options: evil',
        'Cross-Origin-Resource-Policy: cross-origin',
        'Cache-Control: public, s-maxage=3600',
        'Expires: Thu, 01 Jan 2099 00:00:00 GMT',
        'Pragma: evil',
      ]),
    );
    assert.deepEqual(valuesOf(answer, 'x-content-type-options'), ['nosniff']);
    assert.deepEqual(valuesOf(answer, 'cross-origin-resource-policy'), ['same-origin']);
    assert.deepEqual(valuesOf(answer, 'cache-control'), ['no-store']);
    assert.deepEqual(valuesOf(answer, 'expires'), []);
    assert.deepEqual(valuesOf(answer, 'pragma'), []);
  });

  it('writes no line of its own into the head through a value', async () => {
    const answer = await get(answered(['X-Text: caf\xe9 \x80 "%0d%0aSet-Cookie: evil=1"']));
    assert.equal(answer.status, 200);
    assert.deepEqual(valuesOf(answer, 'set-cookie'), []);
  });

  for (const [status, reason] of [
    [200, 'OK'],
    [201, 'Created'],
    [404, 'Not Found'],
    [409, ''],
    [418, "I'm a teapot"],
    [500, 'Internal Server Error'],
    [503, 'Away'],
  ] as const) {
    it(`of status ${status} comes with its status and its body`, async () => {
      const answer = await get(answered(['Content-Type: text/plain'], 'as it is', `${status} ${reason}`));
      assert.deepEqual([answer.status, answer.body, codeIn(answer)], [status, 'as it is', undefined]);
    });
  }

  for (const [what, wire] of [
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 55\r\n\r\n'],
    ['200 and no bytes', answerOf('')],
  ] as const) {
    it(`that is ${what} is passed on as that`, async () => {
      const answer = await get(wire);
      assert.equal(answer.status, Number(what.slice(0, 3)));
      assert.equal(answer.bytes.length, 0);
      assert.equal(codeIn(answer), undefined);
    });
  }

  it('that was announced by others is the last one', async () => {
    const answer = await get(
      `HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\nSet-Cookie: evil=1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${answered(['X-Kept: 1'])}`,
    );
    assert.deepEqual([answer.status, answer.body], [200, '{}']);
    assert.doesNotMatch(headOf(answer), /evil/);
  });

  describe('has a body of just the bytes that were sent:', () => {
    const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index)).toString('latin1');

    for (const type of ['application/octet-stream', 'text/plain', 'application/json', 'image/svg+xml', '']) {
      it(`every byte as ${type || 'nothing that is known'}`, async () => {
        const answer = await get(answered(type === '' ? [] : [`Content-Type: ${type}`], everyByte));
        assert.equal(answer.bytes.toString('latin1'), everyByte);
        // Where the API says nothing of it, gateways differ in what they put there.
        if (type !== '') assert.deepEqual(valuesOf(answer, 'content-type'), [type]);
        assert.deepEqual(valuesOf(answer, 'content-length'), ['256']);
      });
    }

    for (const [coding, compress] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
    ] as const) {
      it(`${coding} stays ${coding}, and says so`, async () => {
        const bytes = compress('{"compressed":true}'.repeat(100));
        const wire = answered(
          [`Content-Encoding: ${coding}`, 'Content-Type: application/json'],
          bytes.toString('latin1'),
        );
        const answer = await get(wire, [`Accept-Encoding: ${coding}`]);
        assert.deepEqual(answer.bytes, bytes);
        assert.deepEqual(valuesOf(answer, 'content-encoding'), [coding]);
        assert.deepEqual(valuesOf(answer, 'content-length'), [String(bytes.length)]);
      });
    }

    it('a bomb is not set off', async () => {
      const bytes = gzipSync(Buffer.alloc(50_000_000));
      const answer = await get(answered(['Content-Encoding: gzip'], bytes.toString('latin1')), [
        'Accept-Encoding: gzip',
      ]);
      assert.deepEqual(answer.bytes, bytes);
    });

    it('chunks become one, without their extensions and trailers', async () => {
      const answer = await get(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Evil\r\n\r\n' +
          '5;x=evil\r\nhello\r\n6\r\n world\r\n0\r\nX-Evil: evil\r\nSet-Cookie: evil=1\r\n\r\n',
      );
      assert.equal(answer.body, 'hello world');
      assert.deepEqual(valuesOf(answer, 'content-length'), ['11']);
      assert.doesNotMatch(headOf(answer), /evil|transfer-encoding|trailer/i);
    });

    it('without a length it goes on to the end of the connection', async () => {
      stack.answers((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end'));
      const { answer } = await stack.send('/api/orders/1');
      assert.equal(answer.body, 'until the end');
      assert.deepEqual(valuesOf(answer, 'content-length'), ['13']);
    });

    it('and what follows on the connection belongs to nobody', async () => {
      const first = await get(`${answered([], 'first')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
      assert.equal(first.body, 'first');
      const second = await get(answered([], 'second'));
      assert.equal(second.body, 'second');
    });
  });
});
