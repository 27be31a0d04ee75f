import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { forwardedNames, requestHeaders } from '../../../functions/proxy/request-headers.ts';
import { publicOrigin, request } from './fixtures.ts';

const own = { token: 'the-token', publicOrigin, body: true };

const forwarded = (headers: Record<string, string>, more: { additions?: string[]; body?: boolean } = {}) =>
  requestHeaders(request({ headers }), forwardedNames(more.additions ?? []), { ...own, body: more.body ?? true });

/** What the broker adds to every request, but for the trace, which is another each time. */
const always = {
  'accept-encoding': 'identity',
  'x-forwarded-host': 'app.example.com',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.7',
  authorization: 'Bearer the-token',
};

const withoutTrace = ({ traceparent: _traceparent, ...rest }: Record<string, string>) => rest;

test('an API receives what is usual and nothing else', () => {
  const usual = {
    accept: 'application/json',
    'accept-language': 'de',
    'content-type': 'application/json',
    'idempotency-key': 'k',
    'if-none-match': '"e"',
    'last-event-id': '7',
    prefer: 'return=minimal',
    range: 'bytes=0-1',
    'user-agent': 'Mozilla/5.0',
  };
  const result = forwarded({ ...usual, 'x-custom': '1', origin: publicOrigin, referer: 'r', 'sec-fetch-site': 's' });
  assert.deepEqual(withoutTrace(result), { ...usual, ...always });
});

test('the encodings that the client accepts are passed on as they are', () => {
  assert.equal(forwarded({ 'accept-encoding': 'gzip, br;q=0.5' })['accept-encoding'], 'gzip, br;q=0.5');
});

test('an API receives what its configuration adds', () => {
  assert.equal(forwarded({ 'x-tenant': 'a' }, { additions: ['x-tenant'] })['x-tenant'], 'a');
});

const imitations = [
  'authorization',
  'proxy-authorization',
  'proxy-connection',
  'cookie',
  'host',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-user',
  'x-forwarded-uri',
  'x-real-ip',
  'x-amzn-trace-id',
  'x-amz-content-sha256',
  'cloudfront-viewer-address',
  'x-http-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-csrf',
];

for (const name of imitations) {
  for (const sentAs of [name, name.replaceAll('-', '_'), name.toUpperCase()]) {
    test(`${sentAs} of the client never arrives, even where a configuration adds it`, () => {
      const result = forwarded({ [sentAs]: 'forged' }, { additions: [name] });
      assert.deepEqual(withoutTrace(result), always);
    });
  }
}

test('a header that the client nominates in Connection stays here, and those of the broker do not', () => {
  const result = forwarded({
    connection: 'X-Request-Id , accept, authorization, x-forwarded-for, traceparent, x-forwarded-host',
    'x-request-id': 'r',
    accept: '*/*',
    'accept-language': 'de',
  });
  assert.deepEqual(withoutTrace(result), { 'accept-language': 'de', ...always });
});

test('what the client nominates is not heard where the broker negotiates or continues a trace either', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const result = forwarded({ connection: 'Accept-Encoding,traceparent', 'accept-encoding': 'gzip', traceparent });
  assert.equal(result['accept-encoding'], 'identity');
  assert.notEqual(result['traceparent'], traceparent);
});

test('without a token there is no Authorization, whatever the client sent', () => {
  const anonymous = { publicOrigin, body: false };
  const result = requestHeaders(
    request({ headers: { authorization: 'Bearer forged' } }),
    forwardedNames([]),
    anonymous,
  );
  assert.equal('authorization' in result, false);
});

test('what describes a body stays here with the body', () => {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-language': 'de' };
  assert.deepEqual(withoutTrace(forwarded(headers, { body: false })), always);
});

test('an address that is none is not passed on', () => {
  const result = requestHeaders(request({ sourceIp: '1.2.3.4, 5.6.7.8' }), forwardedNames([]), own);
  assert.equal('x-forwarded-for' in result, false);
});

test('the public origin is passed on with its port', () => {
  const result = requestHeaders(request(), forwardedNames([]), { ...own, publicOrigin: 'http://localhost:3000' });
  assert.deepEqual([result['x-forwarded-host'], result['x-forwarded-proto']], ['localhost:3000', 'http']);
});

test('a value that cannot be put into a header stays here', () => {
  assert.deepEqual(withoutTrace(forwarded({ accept: 'a\r\nb', prefer: '€', range: '\u0000' })), always);
});

const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

for (const traceparent of [valid, valid.replace('00-', 'cc-'), `${valid.replace('00-', 'cc-')}-more`]) {
  test(`the trace ${traceparent} goes on with its state`, () => {
    const result = forwarded({ traceparent, tracestate: 'congo=t61rcWkgMzE' });
    assert.deepEqual([result['traceparent'], result['tracestate']], [traceparent, 'congo=t61rcWkgMzE']);
  });
}

const brokenTraces = [
  '',
  'x',
  valid.toUpperCase(),
  `${valid}-more`,
  valid.replace('00-', 'ff-'),
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  `${valid}, ${valid}`,
];

for (const traceparent of brokenTraces) {
  test(`in the place of the trace ${JSON.stringify(traceparent)} a new one starts, without state`, () => {
    const result = forwarded({ traceparent, tracestate: 'congo=t61rcWkgMzE' });
    assert.match(result['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal('tracestate' in result, false);
  });
}

test('two requests without a trace belong to different ones', () => {
  assert.notEqual(forwarded({})['traceparent'], forwarded({})['traceparent']);
});

test('no header of a client changes what the broker says, and all can be sent (1000 runs)', () => {
  const name = fc.oneof(
    fc.constantFrom(...imitations, 'X_Forwarded_For', 'AUTHORIZATION', '__proto__', 'constructor', 'accept'),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), (headers) => {
      const result = forwarded(headers, { additions: [...imitations, 'x-tenant'] });
      for (const [key, value] of Object.entries(always)) {
        if (key !== 'accept-encoding') assert.equal(result[key], value);
      }
      for (const [key, value] of Object.entries(result)) {
        assert.match(key, /^[a-z-]+$/);
        assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/);
      }
    }),
    { numRuns: 1000 },
  );
});
