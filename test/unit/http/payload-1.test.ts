/** The events of a REST API and of a load balancer with multi-value headers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { seconds } from '../../../functions/contract/units.ts';
import { formatOf, readEvent } from '../../../functions/http/events.ts';
import type { EventReading } from '../../../functions/http/event-parts.ts';
import type { HttpRequest } from '../../../functions/http/message.ts';

const nowMs = 1_800_000_000_000;
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 29_000 };

type Changes = Readonly<Record<string, unknown>>;

const common = {
  httpMethod: 'GET',
  path: '/api/orders',
  multiValueHeaders: { Accept: ['*/*'] },
  multiValueQueryStringParameters: null,
  body: null,
  isBase64Encoded: false,
};

const rest = (changes: Changes = {}): Changes => ({
  ...common,
  resource: '/{proxy+}',
  headers: { Accept: '*/*' },
  queryStringParameters: null,
  requestContext: {
    path: '/live/api/orders',
    resourcePath: '/{proxy+}',
    requestTimeEpoch: nowMs - 500,
    identity: { sourceIp: '192.0.2.7' },
  },
  ...changes,
});

const balancer = (changes: Changes = {}): Changes => ({
  ...common,
  multiValueQueryStringParameters: {},
  multiValueHeaders: { accept: ['*/*'], 'x-forwarded-for': ['6.6.6.6, 192.0.2.7'] },
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b' } },
  body: '',
  ...changes,
});

const kinds = { 'a REST API': rest, 'a load balancer': balancer } as const;

const read = async (sent: unknown): Promise<EventReading> => readEvent(await formatOf(sent), sent, context, nowMs);

async function requestOf(sent: Changes): Promise<HttpRequest> {
  const reading = await read(sent);
  assert.equal(reading.kind, 'request', JSON.stringify(reading));
  return reading.request;
}

async function codeOf(sent: unknown): Promise<string> {
  const reading = await read(sent);
  return reading.kind === 'malformed' ? reading.code : 'request';
}

const numbered = (count: number, value: unknown): Changes =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => [`h${number}`, value]));

const line = (pair: string): string => `${pair}; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict`;

for (const [kind, event] of Object.entries(kinds)) {
  describe(`a request of ${kind}`, () => {
    test('has its method, address and reference, and its path without the stage and still encoded', async () => {
      const { method, path, pathEncoding, sourceIp, requestId } = await requestOf(event({ path: '/api/a%2Fb' }));
      assert.deepEqual(
        [method, path, pathEncoding, sourceIp, requestId],
        ['GET', '/api/a%2Fb', 'encoded', '192.0.2.7', 'request-1'],
      );
    });

    test('has all values of a header, not the last one alone', async () => {
      const multiValueHeaders = { 'X-CSRF': ['1', '2'], 'x-csrf': ['3'], __proto__x: ['y'] };
      const { headers } = await requestOf(event({ multiValueHeaders, headers: { 'X-CSRF': '2' } }));
      assert.deepEqual(Object.fromEntries(headers), { 'x-csrf': '1,2,3', __proto__x: 'y' });
    });

    test('has the cookies of all its cookie headers in their order, and never shows the headers', async () => {
      const multiValueHeaders = { Cookie: ['a=1; b=2', 'a=3'] };
      const { cookies, headers } = await requestOf(event({ multiValueHeaders, headers: { Cookie: 'a=3' } }));
      assert.deepEqual([...cookies.names()], ['a', 'b']);
      assert.deepEqual(cookies.all('a'), ['1', '3']);
      assert.equal(cookies.bytes, 'a=1; b=2; a=3'.length);
      assert.equal(headers.has('cookie'), false);
    });

    const bodies: readonly [string, Changes, Buffer][] = [
      ['no body', { body: null }, Buffer.alloc(0)],
      ['an empty body', { body: '', isBase64Encoded: true }, Buffer.alloc(0)],
      ['a text', { body: '{"ä":1}' }, Buffer.from('{"ä":1}')],
      ['bytes', { body: '/wD+', isBase64Encoded: true }, Buffer.from([255, 0, 254])],
    ];
    for (const [name, sent, bytes] of bodies) {
      test(`with ${name} has exactly those bytes`, async () => {
        assert.deepEqual((await requestOf(event(sent))).body, bytes);
      });
    }

    const junk: readonly [string, Changes][] = [
      ['an HTTP API that speaks format 1.0', { version: '1.0' }],
      ['no multi-value headers', { multiValueHeaders: undefined, headers: { accept: '*/*' } }],
      ['multi-value headers in a list', { multiValueHeaders: ['a'] }],
      ['a header that is no text', { multiValueHeaders: { a: [1] } }],
      ['a header with a line feed', { multiValueHeaders: { a: ['b\r\nc: d'] } }],
      ['a cookie that is no text', { multiValueHeaders: { cookie: [1] } }],
      ['a parameter that is no text', { multiValueQueryStringParameters: { a: [1] } }],
      ['a parameter that is no Unicode', { multiValueQueryStringParameters: { a: ['\ud800'] } }],
      ['a parameter that could not be decoded', { multiValueQueryStringParameters: { a: ['\ufffd\ufffd'] } }],
      ['a method with a space', { httpMethod: 'GET /x' }],
      ['no path', { path: undefined }],
      ['an absolute path', { path: 'http://evil.example/' }],
      ['a body that is not base64', { body: '!!!!', isBase64Encoded: true }],
    ];
    for (const [name, sent] of junk) {
      test(`is refused as malformed: ${name}`, async () => {
        assert.equal(await codeOf(event(sent)), 'request_malformed');
      });
    }

    const oversized: readonly [string, Changes][] = [
      ['a path', { path: `/${'a'.repeat(9000)}` }],
      ['a parameter', { multiValueQueryStringParameters: { a: ['a'.repeat(9000)] } }],
      ['the number of parameters', { multiValueQueryStringParameters: numbered(9000, ['']) }],
      ['a header', { multiValueHeaders: { a: ['a'.repeat(50_000)] } }],
      ['the values of a header', { multiValueHeaders: { a: Array.from({ length: 9000 }, () => 'value') } }],
      ['the number of headers', { multiValueHeaders: numbered(201, ['']) }],
      ['the cookie header', { multiValueHeaders: { cookie: [`a=${'b'.repeat(17_000)}`] } }],
      ['the number of cookies', { multiValueHeaders: { cookie: Array.from({ length: 101 }, () => 'c=1') } }],
    ];
    for (const [name, sent] of oversized) {
      test(`is refused as too large: ${name}`, async () => {
        assert.equal(await codeOf(event(sent)), 'headers_too_large');
      });
    }

    test('is refused in no time when it is 6 MB of parameters', async () => {
      const sent = event({ multiValueQueryStringParameters: { a: Array.from({ length: 1_500_000 }, () => 'ü') } });
      await codeOf(rest());
      const began = performance.now();
      assert.equal(await codeOf(sent), 'headers_too_large');
      assert.ok(performance.now() - began < 50);
    });

    test('is read without throwing, whatever is in its fields', async () => {
      const fields = [...Object.keys(rest()), ...Object.keys(balancer())];
      const changes = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
      const lists = fc.dictionary(fc.string(), fc.oneof(fc.array(fc.string({ unit: 'binary' })), fc.jsonValue()));
      await fc.assert(
        fc.asyncProperty(changes, lists, lists, async (changed, headers, parameters) => {
          await read(event(changed));
          await read(event({ multiValueHeaders: headers, multiValueQueryStringParameters: parameters }));
        }),
        { numRuns: 2000 },
      );
    });
  });
}

describe('the query', () => {
  test('of a REST API is rebuilt by name and value, one escape for each character that could mean something', async () => {
    const multiValueQueryStringParameters = { q: ['a&b=c d'], r: ['1', '2'], e: [''], p: ['a b'], 'n[]': ['+%#/?'] };
    const { query } = await requestOf(rest({ multiValueQueryStringParameters }));
    assert.equal(query, 'q=a%26b%3Dc%20d&r=1&r=2&e=&p=a%20b&n%5B%5D=%2B%25%23%2F%3F');
  });

  test('of a REST API means what it meant to the gateway, whatever it was', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 8 }).filter((sent) => !sent.includes('\ufffd'));
    // An object lists names that are numbers first, and one name is its prototype's.
    const names = text.filter((name) => !/^\d+$|^__proto__$/.test(name));
    const values = fc.array(text, { minLength: 1, maxLength: 3 });
    const parameters = fc.dictionary(names, values, { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(parameters, async (multiValueQueryStringParameters) => {
        const { query } = await requestOf(rest({ multiValueQueryStringParameters }));
        const meant = Object.entries(multiValueQueryStringParameters).flatMap(([name, sent]) =>
          sent.map((value) => [name, value]),
        );
        assert.deepEqual([...new URLSearchParams(query)], meant);
      }),
    );
  });

  test('of a load balancer, which decodes nothing, keeps its bytes', async () => {
    const multiValueQueryStringParameters = { q: ['a%26b%3Dc%20d'], r: ['1', '2'], e: [''], p: ['a+b'] };
    const { query } = await requestOf(balancer({ multiValueQueryStringParameters }));
    assert.equal(query, 'q=a%26b%3Dc%20d&r=1&r=2&e=&p=a+b');
  });
});

test('a request of a REST API has to be answered within 28 s of when the gateway took it', async () => {
  assert.equal((await requestOf(rest())).deadlineAtMs, nowMs + 27_500);
});

test('of what a client claims about addresses, a load balancer is believed in what it added itself', async () => {
  const multiValueHeaders = { 'X-Forwarded-For': ['6.6.6.6', '7.7.7.7, 192.0.2.9'] };
  assert.equal((await requestOf(balancer({ multiValueHeaders }))).sourceIp, '192.0.2.9');
});

describe('a result of payload format 1.0', () => {
  const response = { status: 200, headers: [], cookies: [], body: '' };

  for (const [name, body, encoded] of [
    ['a text', 'grün', Buffer.from('grün').toString('base64')],
    ['bytes', Buffer.from([255, 0]), '/wA='],
  ] as const) {
    test(`carries ${name} as base64`, async () => {
      const result = (await formatOf(rest())).resultOf({ ...response, body });
      assert.deepEqual([result.body, result.isBase64Encoded], [encoded, true]);
    });
  }

  test('says of nothing that it is not encoded', async () => {
    for (const body of ['', Buffer.alloc(0)]) {
      const result = (await formatOf(rest())).resultOf({ ...response, body });
      assert.deepEqual([result.body, result.isBase64Encoded], ['', false]);
    }
  });

  test('has every header and every cookie as a value of its own', async () => {
    const cookie = { path: '/', sameSite: 'Strict', maxAgeSeconds: seconds(60) } as const;
    const result = (await formatOf(balancer())).resultOf({
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
    assert.equal(
      JSON.stringify('multiValueHeaders' in result && result.multiValueHeaders),
      JSON.stringify({ vary: ['Origin', 'Accept'], ['__proto__']: ['kept'], 'set-cookie': [line('a=1'), line('b=2')] }),
    );
    assert.equal('headers' in result || 'cookies' in result, false);
  });
});
