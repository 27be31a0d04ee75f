/** The headers that a browser receives: none that speaks for the connection or for the whole origin, and no way out of the API. */
import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import * as fc from 'fast-check';
import { responseHeaders } from '../../functions/proxy/response-headers.ts';
import { matched, publicOrigin } from '../unit/proxy/fixtures.ts';
import { counted, holds } from './effort.ts';
import { anyText, fieldValue, inAnyCase, pathBelow, namesIn, token } from './hostile.ts';

const droppedNames = namesIn(`
  connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade
  set-cookie set-cookie2 clear-site-data strict-transport-security service-worker-allowed refresh
  alt-svc bff-error bff-anything speculation-rules access-control-allow-origin
  access-control-allow-credentials access-control-expose-headers public-key-pins nel report-to
  set-login accept-ch origin-agent-cluster content-security-policy-report-only x-powered-by
`);
const setByUs = new Set(['cache-control', 'vary', 'x-content-type-options', 'cross-origin-resource-policy']);
const ordinary = [
  'content-type',
  'etag',
  'link',
  'x-request-id',
  'content-encoding',
  'vary',
  'expires',
  'content-length',
];

const cacheControl = fc
  .array(
    fc.constantFrom('public', 'PUBLIC', 's-maxage=5', 'max-age=60', 'private', 'private="x', 'no-cache', '', ' '),
    {
      maxLength: 4,
    },
  )
  .map((directives) => directives.join(','));

const challenge = fc
  .array(
    fc.constantFrom(
      'Basic',
      'Bearer',
      'bearer',
      ' ',
      'realm="x"',
      ',',
      'error=invalid_token',
      '"',
      '\\',
      '=',
      'Negotiate abc==',
    ),
  )
  .map((parts) => parts.join(''));

const rawHeader = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(inAnyCase(droppedNames), fieldValue) },
  { weight: 3, arbitrary: fc.tuple(inAnyCase(ordinary), fieldValue) },
  { weight: 1, arbitrary: fc.tuple(token, fieldValue) },
  { weight: 1, arbitrary: fc.tuple(inAnyCase(['cache-control']), cacheControl) },
  { weight: 1, arbitrary: fc.tuple(inAnyCase(['www-authenticate']), challenge) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      inAnyCase(['connection']),
      fc
        .array(fc.constantFrom(...ordinary, 'X-Request-Id', 'Location', 'Set-Cookie', 'WWW-Authenticate'))
        .map((names) => names.join(' , ')),
    ),
  },
);

const url = 'https://orders.example.com/v1/list?page=2';
const statuses = fc.constantFrom(200, 201, 204, 301, 304, 401, 500);

const kept = counted('a header that is passed on');

holds(
  'no header for the connection or for the whole origin reaches the browser, and no caching with Set-Cookie',
  fc.property(fc.array(rawHeader, { maxLength: 10 }), statuses, fc.boolean(), (raw, status, cache) => {
    const { route } = matched('/api/orders', { cache });
    const { headers } = responseHeaders(raw.flat(), status, route, { url, publicOrigin });
    const byName = new Map(headers);
    assert.equal(byName.size, headers.length, 'a name occurs twice');
    for (const [name, text] of headers) {
      validateHeaderName(name);
      validateHeaderValue(name, text);
      assert.equal(name, name.toLowerCase());
    }
    for (const name of droppedNames) assert.ok(!byName.has(name), name);
    const sent = raw.map(([name, text]) => [name.toLowerCase(), text] as const);
    for (const [, names] of sent.filter(([name]) => name === 'connection')) {
      for (const name of names.split(',').map((text) => text.trim().toLowerCase())) {
        assert.ok(setByUs.has(name) || !byName.has(name), `${name} is of the connection alone`);
      }
    }
    assert.equal(byName.get('x-content-type-options'), 'nosniff');
    const caching = byName.get('cache-control') ?? '';
    assert.ok(caching === 'no-store' || caching.split(', ').includes('private'), caching);
    assert.doesNotMatch(caching, /(?:^|[\s,])(?:public|s-maxage)/i);
    if (!cache || sent.some(([name]) => name === 'set-cookie')) assert.equal(caching, 'no-store');
    if (status === 204 || status === 304) assert.ok(!byName.has('content-length'), 'a length without a body');
    assert.match(byName.get('www-authenticate') ?? 'Bearer', /^Bearer(?: [a-z_]+="[^"\\]*"(?:, [a-z_]+="[^"\\]*")*)?$/);
    for (const [name, text] of sent)
      if (!setByUs.has(name) && byName.get(name)?.includes(text) === true) kept.reached();
  }),
);

const origins = [
  'https://orders.example.com',
  publicOrigin,
  'https://evil.example',
  '//evil.example',
  '',
  'blob:https://orders.example.com',
];
const location = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...origins, 'https://a@orders.example.com', '\\\\evil.example', 'javascript:'),
      pathBelow('/v1'),
    )
    .map((parts) => parts.join('')),
  fc.webUrl(),
  fieldValue,
  anyText,
);

const rewritten = counted('a location within the API');

holds(
  "where an answer points to is within the API's own path in the browser, or is withheld",
  fc.property(
    fc.constantFrom('location', 'Content-Location'),
    location,
    fc.constantFrom('https://orders.example.com/v1', 'https://orders.example.com/'),
    (name, text, upstream) => {
      const { route } = matched('/api/orders', { upstream });
      const { headers } = responseHeaders([name, text], 302, route, { url, publicOrigin });
      const value = new Map(headers).get(name.toLowerCase());
      if (value === undefined) return;
      rewritten.reached();
      validateHeaderValue(name, value);
      assert.match(value, /^\/api\/orders(?:[/?#]|$)/);
      const target = new URL(value, `${publicOrigin}/api/orders/list`);
      assert.equal(target.origin, publicOrigin);
      assert.ok(target.pathname === '/api/orders' || target.pathname.startsWith('/api/orders/'), target.href);
      assert.equal(target.pathname + target.search + target.hash, value, 'the browser would read it in another way');
    },
  ),
);
