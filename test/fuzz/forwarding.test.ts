/** From the event to the URL: whatever is sent, an API is asked at or below its own base path, and nowhere else. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Call } from '../../functions/outgoing/send.ts';
import { forward } from '../../functions/proxy/forward.ts';
import { readPath } from '../../functions/proxy/path.ts';
import { createRoutes, matchRoute } from '../../functions/proxy/routes.ts';
import { api, publicOrigin } from '../unit/proxy/fixtures.ts';
import { counted, holds } from './effort.ts';
import { gateways, nowMs, read } from './gateways.ts';
import { pathBelow, query } from './hostile.ts';

const upstreams = [
  'https://orders.example.com/v1',
  'https://orders.example.com/v1',
  'https://a.example/',
  'http://127.0.0.1:3000/a/b',
];

/** What a server makes of a text that decodes it once more. */
const decodedOnce = (text: string): string =>
  text.replaceAll(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));

/** Every reading of a path that some server has: decoded any number of times, path parameters kept or cut off. */
function readingsOf(path: string): string[] {
  const readings = [path];
  for (let text = path, next = decodedOnce(path); next !== text; text = next, next = decodedOnce(next))
    readings.push(next);
  return readings.flatMap((text) => [text, text.replaceAll(/;[^/\\]*/g, '')]);
}

const depth = (path: string): number => path.split('/').length;

function assertBelow(base: URL, path: string): void {
  const start = base.pathname.replace(/\/$/, '');
  for (const reading of readingsOf(path)) {
    const { origin, pathname } = new URL(base.origin + reading);
    assert.equal(origin, base.origin);
    assert.equal(depth(pathname), depth(reading.replace(/[?#].*/s, '')), `read as ${reading} it climbs to ${pathname}`);
    assert.ok(pathname === start || pathname.startsWith(`${start}/`), `read as ${reading} it is at ${pathname}`);
  }
}

async function callFor(event: object, upstream: string): Promise<{ call: Call; asked: string } | undefined> {
  const reading = await read(event);
  if (reading.kind === 'malformed') return undefined;
  const path = readPath(reading.request);
  if (path.kind === 'refused') return undefined;
  const match = matchRoute(createRoutes({ orders: api({ upstream, bodyLimitBytes: 100 }) }), path);
  if (match === undefined) return undefined;
  let call: Call | undefined;
  await forward(reading.request, match, {
    send: async (sent) => {
      call = sent;
      return { kind: 'failed', reason: 'reset', sent: true };
    },
    token: 'token-of-the-session',
    publicOrigin,
    nowMs: () => nowMs,
    log: () => undefined,
  });
  return call && { call, asked: reading.request.query };
}

const forwarded = counted('a request that is forwarded');

holds(
  "what is forwarded stays at the upstream's origin below its base path, however often a server decodes it",
  fc.asyncProperty(
    fc.record({
      toEvent: fc.constantFrom(...Object.values(gateways)),
      upstream: fc.constantFrom(...upstreams),
      method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'get', 'TRACE'),
      path: pathBelow('/api/orders'),
      query: fc.oneof(fc.constant(''), fc.constant('a=1&b=%2e%2e/'), fc.constantFrom('?/../', 'a=1#b', '#'), query),
      body: fc.nat({ max: 105 }).map((length) => Buffer.alloc(length, 'x')),
    }),
    async ({ toEvent, upstream, ...sent }) => {
      const result = await callFor(toEvent({ ...sent, headers: [], cookie: undefined }), upstream);
      if (result === undefined) return;
      forwarded.reached();
      const { call, asked } = result;
      const base = new URL(upstream);
      assert.match(call.url, /^[\x21-\x7e]+$/);
      assert.ok(!call.url.includes('#'), 'a fragment');
      assert.ok(call.url.startsWith(`${base.origin}/`), 'another origin');
      const [target = '', ...rest] = call.url.slice(base.origin.length).split('?');
      assert.equal(rest.join('?'), asked, 'the query is not the one that was sent');
      assertBelow(base, target);
      assert.equal(new URL(call.url).pathname, target, 'the path is not canonical');
      assert.match(call.method, /^(?:GET|POST)$/);
      assert.ok((call.body?.length ?? 0) <= 100, 'more than the limit');
    },
  ),
);

const canonical = counted('a path that is read');

holds(
  'a path is read in one way: what is sent of it means the same when it is read again',
  fc.property(pathBelow('/api'), fc.constantFrom('encoded' as const, 'decoded' as const), (path, pathEncoding) => {
    const reading = readPath({ path, pathEncoding });
    if (reading.kind === 'refused') return;
    canonical.reached();
    assert.match(reading.encoded, /^\/[\x21-\x7e]*$/);
    assert.deepEqual(readPath({ path: reading.encoded, pathEncoding: 'encoded' }), reading);
    const split = reading.encoded.split('/').slice(1, reading.trailingSlash ? -1 : undefined);
    assert.deepEqual(split.filter((text) => text !== '').map(decodeURIComponent), reading.segments);
    for (const segment of reading.segments) assert.doesNotMatch(segment, /^$|^\.\.?$|[/\\\p{Cc}]/u);
  }),
);
