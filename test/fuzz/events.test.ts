/** The readers of events: nothing makes them throw, what they accept is within the limits, and all kinds say the same. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { seconds } from '../../functions/contract/units.ts';
import { formatOf } from '../../functions/http/events.ts';
import type { HttpRequest, HttpResponse } from '../../functions/http/message.ts';
import { parseParameters } from '../../functions/http/query.ts';
import { counted, holds } from './effort.ts';
import { context, gateways, nowMs, read, type Sent } from './gateways.ts';
import * as hostile from './hostile.ts';

const headerText = fc.oneof(
  { weight: 8, arbitrary: hostile.fieldValue },
  { weight: 1, arbitrary: hostile.anyText },
  { weight: 1, arbitrary: fc.constantFrom('a\0b', 'a\r\nHost: evil', 'a\nb', '\u007f') },
);

const hostileSent: fc.Arbitrary<Sent> = fc.record({
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'get') },
    { weight: 1, arbitrary: fc.oneof(fc.constantFrom('GET /', 'G\r\nET', ''), hostile.anyText) },
  ),
  path: hostile.pathBelow('/api'),
  query: fc.oneof(fc.constant(''), fc.constant('a=%00'), hostile.query),
  headers: fc.array(fc.tuple(hostile.disguised(['accept', 'cookie', 'x-forwarded-for']), headerText), { maxLength: 4 }),
  cookie: fc.option(hostile.cookieHeader, { nil: undefined }),
  body: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
});

/** A REST API has put the replacement character where it could not decode: such a query is refused. */
const isWhole = (text: string): boolean => !text.includes('\ufffd');

const names = ['Accept', 'accept', 'If-Match', 'X-Request-Id', 'Content-Type'];

const ordinarySent: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PATCH'),
  path: fc.webPath().map((path) => `/${path}`),
  query: fc
    .array(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), fc.string({ unit: 'grapheme', maxLength: 6 }).filter(isWhole)), {
      maxLength: 6,
    })
    .map((pairs) => new URLSearchParams(pairs).toString()),
  headers: fc.array(fc.tuple(fc.constantFrom(...names), fc.stringMatching(/^[\x21-\x7e]{1,16}$/)), { maxLength: 6 }),
  cookie: fc.option(fc.constantFrom('a=b', 'a=b; c=d', 'a=1; a=2; __Host-s="x,y"'), { nil: undefined }),
  body: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
});

const kinds = Object.values(gateways);
const hostileEvent = fc
  .tuple(fc.constantFrom(...kinds), fc.oneof(hostileSent, ordinarySent))
  .map(([toEvent, sent]) => toEvent(sent));

const fields = hostile.namesIn(`
  version rawPath rawQueryString headers cookies requestContext body isBase64Encoded httpMethod path
  multiValueHeaders multiValueQueryStringParameters
`);

function assertWithinLimits(request: HttpRequest): void {
  const { method, path, query, headers, cookies, body, sourceIp, deadlineAtMs } = request;
  assert.match(method, /^[\x21-\x7e]{1,32}$/);
  assert.ok(path.startsWith('/') && path.length <= 8192, 'path');
  assert.match(query, /^[\x21-\x7e]{0,8192}$/);
  let characters = 0;
  for (const [name, value] of headers) {
    assert.equal(name, name.toLowerCase());
    assert.doesNotMatch(value.replaceAll('\t', ''), /[^\x20-\x7e\x80-\uffff]/, 'a control character in a header');
    characters += name.length + value.length;
  }
  assert.ok(characters <= 50_000 && headers.size <= 200, 'headers');
  assert.ok(!headers.has('cookie'), 'cookies among the headers');
  assert.ok(cookies.bytes <= 16 * 1024, 'cookies');
  assert.ok(Buffer.isBuffer(body) && typeof sourceIp === 'string');
  assert.ok(deadlineAtMs <= nowMs + context.getRemainingTimeInMillis(), 'deadline');
}

const accepted = counted('an event that is a request');

holds(
  'whatever the event is, it is a request within the limits or refused by a code',
  fc.asyncProperty(hostile.eventLike(hostileEvent, fields), async (event) => {
    const reading = await read(event);
    if (reading.kind === 'malformed') {
      assert.match(reading.code, /^(?:request_malformed|headers_too_large)$/);
      assert.match(reading.reason, /^[a-z0-9, -]{1,60}$/);
      return;
    }
    accepted.reached();
    assertWithinLimits(reading.request);
  }),
);

/** A repeated header may be handed over in groups of one case each, so what is compared is what was said, not the order. */
const said = (request: HttpRequest) => ({
  method: request.method,
  path: request.path,
  query: parseParameters(request.query),
  headers: [...request.headers]
    .filter(([name]) => name !== 'x-forwarded-for')
    .map(([name, value]) => `${name}: ${value.split(',').toSorted().join()}`)
    .toSorted(),
  cookies: [...request.cookies.names()].map((name) => [name, request.cookies.all(name)]),
  body: request.body,
  sourceIp: request.sourceIp,
});

/** What URLSearchParams brings together by name is compared in that order. */
const grouped = (query: string): string => {
  const all = new URLSearchParams(query);
  return [...new Set(all.keys())]
    .flatMap((name) => all.getAll(name).map((value) => `${name}=${encodeURIComponent(value)}`))
    .join('&');
};

holds(
  'one request is the same request behind every kind of gateway',
  fc.asyncProperty(ordinarySent, async (sent) => {
    const readings = await Promise.all(kinds.map((toEvent) => read(toEvent({ ...sent, query: grouped(sent.query) }))));
    const requests = readings.map((reading) => {
      assert.equal(reading.kind, 'request', JSON.stringify(reading));
      return said(reading.request);
    });
    for (const request of requests) assert.deepEqual(request, requests[0]);
    assert.deepEqual(requests[0]?.body, sent.body);
  }),
);

const response: fc.Arbitrary<HttpResponse> = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc.array(
    fc.tuple(
      hostile.token.map((name) => name.toLowerCase()),
      hostile.fieldValue,
    ),
    { maxLength: 6 },
  ),
  cookies: fc.array(
    fc.record({
      name: fc.constantFrom('a', '__Host-s'),
      value: fc.stringMatching(/^[\w-]{0,20}$/),
      path: fc.constant('/'),
      sameSite: fc.constant('Strict' as const),
      maxAgeSeconds: fc.nat().map(seconds),
    }),
    { maxLength: 3 },
  ),
  body: fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
});

const asBytes = (body: string | Buffer): Buffer => Buffer.from(body);

holds(
  'an answer leaves by every kind of gateway with its bytes, its headers and its cookies',
  fc.asyncProperty(response, fc.constantFrom(...kinds), ordinarySent, async (answer, toEvent, sent) => {
    const result = (await formatOf(toEvent(sent))).resultOf(answer);
    assert.equal(result.statusCode, answer.status);
    const encoding = result.isBase64Encoded === true ? 'base64' : 'utf8';
    assert.deepEqual(Buffer.from(result.body ?? '', encoding), asBytes(answer.body));
    const lists = 'multiValueHeaders' in result ? (result.multiValueHeaders ?? {}) : {};
    const lines = Object.entries({ ...result.headers, ...lists }).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${String(each)}`),
    );
    for (const [name, value] of answer.headers) {
      assert.ok(
        lines.some((line) => line.startsWith(`${name}: `) && line.includes(value)),
        `${name} is missing`,
      );
    }
    const set =
      'cookies' in result
        ? (result.cookies ?? [])
        : (lists['set-cookie'] ?? []).filter((line) => /Path=/.test(String(line)));
    assert.equal(set.length, answer.cookies.length);
  }),
);
