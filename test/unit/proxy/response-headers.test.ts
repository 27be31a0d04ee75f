import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { responseHeaders } from '../../../functions/proxy/response-headers.ts';
import { matched, publicOrigin } from './fixtures.ts';

const asked = { url: 'https://orders.example.com/v1/items/1', publicOrigin };

function received(raw: readonly string[], { status = 200, cache = false } = {}): Record<string, string> {
  const { route } = matched('/api/orders/items/1', { cache });
  return Object.fromEntries(responseHeaders(raw, status, route, asked).headers);
}

const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};

test('ordinary headers reach the browser in lower case', () => {
  const raw = ['Content-Type', 'text/plain', 'ETag', '"e"', 'X-Total', '7', 'Link', '</v1/items?page=2>; rel="next"'];
  assert.deepEqual(received(raw), {
    'content-type': 'text/plain',
    etag: '"e"',
    'x-total': '7',
    link: '</v1/items?page=2>; rel="next"',
    ...always,
  });
});

const dropped = [
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Proxy-Authenticate',
  'Proxy-Connection',
  'Set-Cookie',
  'Set-Cookie2',
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Expose-Headers',
  'Clear-Site-Data',
  'Strict-Transport-Security',
  'Service-Worker-Allowed',
  'Refresh',
  'Alt-Svc',
  'Public-Key-Pins',
  'Public-Key-Pins-Report-Only',
  'Bff-Error',
  'NEL',
  'Report-To',
  'Reporting-Endpoints',
  'Content-Security-Policy-Report-Only',
  'Speculation-Rules',
  'Server',
  'X-Powered-By',
  'CDN-Cache-Control',
  'Surrogate-Control',
];

for (const name of dropped) {
  test(`${name} stays here`, () => assert.deepEqual(received([name, 'some-value']), always));
}

test('what Connection nominates stays here, though not what the broker says', () => {
  const raw = ['X-Secret', '1', 'Connection', 'close, X-Secret', 'connection', 'x-other,cache-control', 'X-Other', '2'];
  assert.deepEqual(received(raw), always);
});

test('a challenge that Connection nominates stays here', () => {
  assert.deepEqual(received(['WWW-Authenticate', 'Bearer', 'Connection', 'WWW-Authenticate']), always);
});

test('a list in several headers becomes one, anything else is what it was first', () => {
  const raw = ['Vary', 'Accept', 'vary', 'Origin', 'Content-Type', 'text/plain', 'Content-Type', 'text/html'];
  assert.deepEqual(received(raw), { vary: 'Accept, Origin', 'content-type': 'text/plain', ...always });
});

test('encoding and length are those of the body, which is passed on as it came', () => {
  assert.deepEqual(received(['Content-Encoding', 'gzip', 'Content-Length', '20']), {
    'content-encoding': 'gzip',
    'content-length': '20',
    ...always,
  });
});

for (const status of [204, 304]) {
  test(`a ${status} has no length`, () => assert.deepEqual(received(['Content-Length', '20'], { status }), always));
}

test('no answer is kept unless its API allows it', () => {
  const raw = ['Cache-Control', 'public, s-maxage=3600', 'Expires', 'Thu, 01 Jan 2099 00:00:00 GMT', 'Pragma', 'x'];
  assert.deepEqual(received(raw), always);
});

const caching: readonly (readonly [api: string | undefined, browser: string])[] = [
  ['max-age=60', 'private, max-age=60'],
  ['public, max-age=60, s-maxage=3600', 'private, max-age=60'],
  ['private, max-age=60', 'private, max-age=60'],
  ['private="x-a", max-age=60', 'private, max-age=60'],
  ['no-cache', 'private, no-cache'],
  ['public', 'no-store'],
  ['', 'no-store'],
  [undefined, 'no-store'],
];

for (const [api, browser] of caching) {
  test(`where an API may be cached, ${api ?? 'nothing'} becomes ${browser}`, () => {
    const raw = api === undefined ? [] : ['Cache-Control', api];
    assert.equal(received(raw, { cache: true })['cache-control'], browser);
  });
}

test('what is kept depends on session and application', () => {
  const raw = ['Cache-Control', 'max-age=60', 'Vary', 'Accept, origin'];
  assert.equal(received(raw, { cache: true })['vary'], 'Accept, Cookie, Origin');
  assert.equal(received(['Cache-Control', 'max-age=60'], { cache: true })['vary'], 'Cookie, Origin');
  assert.equal(received(['Cache-Control', 'max-age=60', 'Vary', '*'], { cache: true })['vary'], '*');
});

test('an answer that sets a cookie is never kept', () => {
  const raw = ['Cache-Control', 'max-age=60', 'Set-Cookie', 'a=b'];
  assert.deepEqual(received(raw, { cache: true }), always);
});

const locations: readonly (readonly [location: string, browser: string | undefined])[] = [
  ['https://orders.example.com/v1/items/2?a=1#f', '/api/orders/items/2?a=1#f'],
  ['https://orders.example.com/v1', '/api/orders'],
  ['https://app.example.com/v1/items/2', '/api/orders/items/2'],
  ['/v1/items/2', '/api/orders/items/2'],
  ['2', '/api/orders/items/2'],
  ['?page=2', '/api/orders/items/1?page=2'],
  ['../items//evil', '/api/orders/items//evil'],
  ['https://orders.example.com/v1//evil.example', '/api/orders//evil.example'],
  ['https://evil.example/v1/items/2', undefined],
  ['//evil.example/v1/items', undefined],
  ['\\\\evil.example/v1/items', undefined],
  ['http://orders.example.com/v1/items/2', undefined],
  ['https://orders.example.com:8443/v1/items/2', undefined],
  ['https://user:pw@orders.example.com/v1/items', undefined],
  ['https://orders.example.com/v2/items', undefined],
  ['https://orders.example.com/v11', undefined],
  ['https://app.example.com/bff/logout', undefined],
  ['/v1/../admin', undefined],
  ['/v1/%2e%2e/admin', undefined],
  ['/', undefined],
  ['javascript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['http://[', undefined],
];

for (const [location, browser] of locations) {
  test(`Location and Content-Location ${location} become ${browser ?? 'nothing'}`, () => {
    const result = received(['Location', location, 'Content-Location', location], { status: 302 });
    assert.deepEqual([result['location'], result['content-location']], [browser, browser]);
  });
}

const challenges: readonly (readonly [values: readonly string[], browser: string | undefined])[] = [
  [['Basic realm="x"'], undefined],
  [['Digest realm="x", nonce="y", qop=auth'], undefined],
  [['Negotiate YIIx=='], undefined],
  [['Negotiate'], undefined],
  [['DPoP algs="ES256"'], undefined],
  [['Bearer'], 'Bearer'],
  [['bearer realm=api'], 'Bearer realm="api"'],
  [['Basic realm="Bearer error=x", Bearer error="invalid_token"'], 'Bearer error="invalid_token"'],
  [['Bearer error="invalid_token", Basic realm="x"'], 'Bearer error="invalid_token"'],
  [['Basic realm="x"', 'Bearer scope="a b"'], 'Bearer scope="a b"'],
  [['Negotiate YIIx==, Bearer scope="a"'], 'Bearer scope="a"'],
  [
    [
      'Bearer error="insufficient_user_authentication", error_description="a \\"b\\"", acr_values="urn:a urn:b", max_age=60',
    ],
    'Bearer error="insufficient_user_authentication", acr_values="urn:a urn:b", max_age="60"',
  ],
  [
    ['Bearer resource_metadata="https://orders.example.com/.well-known/x", nonce="n", algs="a"'],
    'Bearer resource_metadata="https://orders.example.com/.well-known/x"',
  ],
  [['Bearer error="a", error="b"'], 'Bearer error="a"'],
  [['Bearer scope="a", error="unfinished'], 'Bearer scope="a"'],
  [['Bearer error="a"junk'], 'Bearer'],
  [['Basic realm="a"junk, Bearer scope="a"'], undefined],
  [['Bearer error=""'], 'Bearer'],
  [[`Bearer error="${'x'.repeat(5000)}"`], undefined],
  [[''], undefined],
  [[',,'], undefined],
];

for (const [values, browser] of challenges) {
  test(`the challenge ${values.join(' and ').slice(0, 80)} becomes ${browser ?? 'nothing'}`, () => {
    const raw = values.flatMap((value) => ['WWW-Authenticate', value]);
    assert.equal(received(raw, { status: 401 })['www-authenticate'], browser);
  });
}

test('a challenge can be read by the broker', () => {
  const raw = ['WWW-Authenticate', 'Bearer error="insufficient_user_authentication", max_age="60"'];
  const { challenge } = responseHeaders(raw, 401, matched('/api/orders').route, asked);
  assert.deepEqual(
    challenge,
    new Map([
      ['error', 'insufficient_user_authentication'],
      ['max_age', '60'],
    ]),
  );
});

test('a challenge takes time in proportion to its length', () => {
  for (const unit of ['a', 'a ', 'a=', '"', '\\', 'Bearer ', ', ', 'a="', '=']) {
    const start = performance.now();
    received(['WWW-Authenticate', `Bearer ${unit.repeat(4096).slice(0, 4080)}`]);
    assert.ok(performance.now() - start < 100, unit);
  }
});

test('whatever an API sends, nothing that speaks for the origin passes and each name occurs once (2000 runs)', () => {
  const name = fc.oneof(
    fc.constantFrom(...dropped, 'Location', 'WWW-Authenticate', 'Vary', 'Cache-Control'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('Basic realm="x"', '//evil.example', 'https://evil.example/', 'public'),
  );
  const forbidden = new Set(dropped.map((text) => text.toLowerCase()));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.boolean(), (pairs, cache) => {
      const { route } = matched('/api/orders', { cache });
      const { headers } = responseHeaders(pairs.flat(), 200, route, asked);
      const names = headers.map(([key]) => key);
      assert.equal(new Set(names).size, names.length);
      assert.deepEqual(
        names.filter((key) => forbidden.has(key)),
        [],
      );
      const result = new Map(headers);
      assert.match(result.get('cache-control') ?? '', /^(?:private, .*|no-store)$/);
      assert.match(result.get('location') ?? '/api/orders', /^\/api\/orders(?:[/?#]|$)/);
      assert.match(result.get('www-authenticate') ?? 'Bearer', /^Bearer/);
    }),
    { numRuns: 2000 },
  );
});
