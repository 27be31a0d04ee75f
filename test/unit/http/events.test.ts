import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { seconds } from '../../../functions/contract/units.ts';
import { formatOf, readEvent } from '../../../functions/http/events.ts';
import type { HttpRequest } from '../../../functions/http/message.ts';

const nowMs = 1_800_000_000_000;
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 29_000 };

const requestContext = {
  domainName: 'abc.execute-api.eu-central-1.amazonaws.com',
  timeEpoch: nowMs - 500,
  http: { method: 'GET', path: '/ignored', sourceIp: '192.0.2.7' },
};

const event = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  version: '2.0',
  rawPath: '/api/orders',
  rawQueryString: '',
  headers: {},
  requestContext,
  isBase64Encoded: false,
  ...changes,
});

const format = await formatOf(event());

function request(changes: Record<string, unknown> = {}): HttpRequest {
  const reading = readEvent(format, event(changes), context, nowMs);
  assert.equal(reading.kind, 'request', JSON.stringify(reading));
  return reading.request;
}

const codeOf = async (sent: unknown): Promise<string> => {
  const reading = readEvent(await formatOf(sent), sent, context, nowMs);
  return reading.kind === 'malformed' ? reading.code : 'request';
};

describe('a request of payload format 2.0', () => {
  test('has its method, path, query, address and reference', () => {
    const { method, path, query, sourceIp, requestId } = request({ rawQueryString: 'a=%2F&a=2&b' });
    assert.deepEqual(
      { method, path, query, sourceIp, requestId },
      { method: 'GET', path: '/api/orders', query: 'a=%2F&a=2&b', sourceIp: '192.0.2.7', requestId: 'request-1' },
    );
  });

  test('of an HTTP API has a decoded path, of a Function URL an encoded one', () => {
    const functionUrl = { ...requestContext, domainName: 'abc.lambda-url.eu-central-1.on.aws' };
    assert.equal(request().pathEncoding, 'decoded');
    assert.equal(request({ requestContext: functionUrl }).pathEncoding, 'encoded');
  });

  test('has header names in lower case, joins those that differ in case alone, and drops what has no value', () => {
    const { headers } = request({ headers: { 'X-CSRF': '1', 'x-csrf': '2', Absent: undefined, __proto__x: 'y' } });
    assert.deepEqual(Object.fromEntries(headers), { 'x-csrf': '1,2', __proto__x: 'y' });
  });

  test('does not mistake a header that is absent for one that every object has', () => {
    const { headers } = request({ headers: JSON.parse('{"__proto__":"sent"}') as unknown });
    assert.equal(headers.get('constructor'), undefined);
    assert.equal(headers.get('__proto__'), 'sent');
  });

  test('has the same cookies from the list and from the header, and never shows the header', () => {
    const sources = [
      { cookies: ['a=1', 'b=2', 'a=3'] },
      { headers: { cookie: 'a=1; b=2; a=3' } },
      { cookies: [], headers: { Cookie: 'a=1; b=2; a=3' } },
      { cookies: ['a=1', 'b=2', 'a=3'], headers: { cookie: 'a=3' } },
    ];
    for (const source of sources) {
      const { cookies, headers } = request(source);
      assert.deepEqual([...cookies.names()], ['a', 'b']);
      assert.deepEqual(cookies.all('a'), ['1', '3']);
      assert.equal(cookies.bytes, 'a=1; b=2; a=3'.length);
      assert.equal(headers.has('cookie'), false);
    }
  });

  const bodies: readonly [string, Record<string, unknown>, Buffer][] = [
    ['no body', {}, Buffer.alloc(0)],
    ['a null body', { body: null, isBase64Encoded: true }, Buffer.alloc(0)],
    ['an empty body', { body: '', isBase64Encoded: true }, Buffer.alloc(0)],
    ['a text', { body: '{"ä":1}' }, Buffer.from('{"ä":1}')],
    ['bytes', { body: '/wD+', isBase64Encoded: true }, Buffer.from([255, 0, 254])],
    ['one byte', { body: '/w==', isBase64Encoded: true }, Buffer.from([255])],
  ];
  for (const [name, sent, bytes] of bodies) {
    test(`with ${name} has exactly those bytes`, () => assert.deepEqual(request(sent).body, bytes));
  }

  const deadlines: readonly [string, number, unknown, number][] = [
    ['28 s after the gateway took it', 60_000, nowMs - 500, nowMs + 27_500],
    ['what the function has left', 3_000, nowMs - 500, nowMs + 3_000],
    ['28 s from now when the gateway does not say', 60_000, undefined, nowMs + 28_000],
    ['28 s from now when the clock of the gateway is ahead', 60_000, nowMs + 90_000, nowMs + 28_000],
  ];
  for (const [name, remaining, timeEpoch, expected] of deadlines) {
    test(`has to be answered within ${name}`, () => {
      const sent = event({ requestContext: { ...requestContext, timeEpoch } });
      const reading = readEvent(format, sent, { ...context, getRemainingTimeInMillis: () => remaining }, nowMs);
      assert.equal(reading.kind === 'request' && reading.request.deadlineAtMs, expected);
    });
  }

  test('may do without everything that is not the request line', async () => {
    const bare = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'OPTIONS' } } };
    assert.equal(await codeOf(bare), 'request');
  });
});

describe('an event that is no request', () => {
  const junk: readonly [string, unknown][] = [
    ['null', null],
    ['undefined', undefined],
    ['a text', 'event'],
    ['a list', [event()]],
    ['an empty object', {}],
    ['another format', event({ version: '3.0' })],
    ['no context', event({ requestContext: undefined })],
    ['no http in the context', event({ requestContext: {} })],
    ['a method with a space', event({ requestContext: { http: { method: 'GET /x' } } })],
    ['no path', event({ rawPath: undefined })],
    ['the path of OPTIONS *', event({ rawPath: '*' })],
    ['an absolute path', event({ rawPath: 'http://evil.example/' })],
    ['a query that is no text', event({ rawQueryString: { a: 1 } })],
    ['a query that is not encoded', event({ rawQueryString: 'a=ü' })],
    ['a query with a line feed', event({ rawQueryString: 'a=1\nb' })],
    ['headers in a list', event({ headers: ['a'] })],
    ['a header that is no text', event({ headers: { a: 1 } })],
    ['a header with a line feed', event({ headers: { a: 'b\r\nc: d' } })],
    ['cookies that are no list', event({ cookies: 'a=b' })],
    ['a cookie that is no text', event({ cookies: [1] })],
    ['a body that is no text', event({ body: {} })],
    ['a body that is not base64', event({ body: '!!!!', isBase64Encoded: true })],
    ['a body with a byte lost', event({ body: 'aGk', isBase64Encoded: true })],
  ];
  for (const [name, sent] of junk) {
    test(`is refused as malformed: ${name}`, async () => assert.equal(await codeOf(sent), 'request_malformed'));
  }

  const oversized: readonly [string, unknown][] = [
    ['a path', event({ rawPath: `/${'a'.repeat(9000)}` })],
    ['a query', event({ rawQueryString: 'a'.repeat(9000) })],
    ['a header', event({ headers: { a: 'a'.repeat(50_000) } })],
    [
      'the number of headers',
      event({ headers: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`h${n}`, ''])) }),
    ],
    ['the cookie header', event({ headers: { cookie: `a=${'b'.repeat(17_000)}` } })],
    ['the cookie list', event({ cookies: [`a=${'b'.repeat(17_000)}`] })],
    ['the number of cookies', event({ cookies: Array.from({ length: 101 }, (_, n) => `c${n}=1`) })],
  ];
  for (const [name, sent] of oversized) {
    test(`is refused as too large: ${name}`, async () => assert.equal(await codeOf(sent), 'headers_too_large'));
  }

  test('is refused in no time when it is 8 MB of cookies', async () => {
    const sent = event({ cookies: ['a='.repeat(4_000_000)], headers: { cookie: 'a='.repeat(4_000_000) } });
    const began = performance.now();
    assert.equal(await codeOf(sent), 'headers_too_large');
    assert.ok(performance.now() - began < 50);
  });

  test('is told apart without a word of what was sent', () => {
    const reading = readEvent(format, event({ body: 'marker-in-body', isBase64Encoded: true }), context, nowMs);
    assert.doesNotMatch(JSON.stringify(reading), /marker/);
  });
});

describe('whatever arrives', () => {
  test('any JSON is read without throwing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (sent) => {
        readEvent(await formatOf(sent), sent, context, nowMs);
      }),
      { numRuns: 2000 },
    );
  });

  test('any JSON in any field of the format is read without throwing', () => {
    const fields = ['rawPath', 'rawQueryString', 'headers', 'cookies', 'body', 'isBase64Encoded', 'requestContext'];
    const changes = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
    fc.assert(
      fc.property(changes, fc.jsonValue(), fc.jsonValue(), (changed, http, timeEpoch) => {
        readEvent(format, event(changed), context, nowMs);
        readEvent(format, event({ ...changed, requestContext: { http, timeEpoch } }), context, nowMs);
      }),
      { numRuns: 2000 },
    );
  });

  test('any bytes of a body arrive as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const sent = Buffer.from(bytes);
        assert.deepEqual(request({ body: sent.toString('base64'), isBase64Encoded: true }).body, sent);
      }),
    );
  });
});

describe('a result of payload format 2.0', () => {
  const response = { status: 200, headers: [], cookies: [], body: '' };

  test('carries a text as it is and bytes as base64', () => {
    const text = format.resultOf({ ...response, body: 'grün' });
    const bytes = format.resultOf({ ...response, body: Buffer.from([255, 0]) });
    const none = format.resultOf({ ...response, body: Buffer.alloc(0) });
    assert.deepEqual([text.body, text.isBase64Encoded], ['grün', false]);
    assert.deepEqual([bytes.body, bytes.isBase64Encoded], ['/wA=', true]);
    assert.deepEqual([none.body, none.isBase64Encoded], ['', false]);
  });

  test('keeps every cookie apart and joins the headers that are lists', () => {
    const cookie = { path: '/', sameSite: 'Strict', maxAgeSeconds: seconds(60) } as const;
    const result = format.resultOf({
      ...response,
      headers: [
        ['vary', 'Origin'],
        ['vary', 'Accept'],
        ['__proto__', 'kept'],
      ],
      cookies: [
        { ...cookie, name: 'a', value: '1' },
        { ...cookie, name: 'b', value: '2' },
      ],
    });
    assert.equal(JSON.stringify(result.headers), '{"vary":"Origin, Accept","__proto__":"kept"}');
    assert.deepEqual('cookies' in result && result.cookies, [
      'a=1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict',
      'b=2; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict',
    ]);
  });
});
