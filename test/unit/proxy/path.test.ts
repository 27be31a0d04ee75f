import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readPath } from '../../../functions/proxy/path.ts';
import type { PathRefusal } from '../../../functions/proxy/path.ts';

const encoded = (path: string) => readPath({ path, pathEncoding: 'encoded' });
const decoded = (path: string) => readPath({ path, pathEncoding: 'decoded' });

const sent = (reading: ReturnType<typeof readPath>): string =>
  reading.kind === 'path' ? reading.encoded : `refused: ${reading.reason}`;

const accepted: readonly (readonly [path: string, asSent: string])[] = [
  ['/', '/'],
  ['/api/orders', '/api/orders'],
  ['/api/orders/', '/api/orders/'],
  ['/%61pi/or%64ers', '/api/orders'],
  ['/a/%E2%82%AC/%e2%82%ac', '/a/%E2%82%AC/%E2%82%AC'],
  ['/a/€', '/a/%E2%82%AC'],
  ['/a/b%20c', '/a/b%20c'],
  ['/a/100%25', '/a/100%25'],
  ['/a/x%2520y', '/a/x%2520y'],
  ['/a/%3F%23', '/a/%3F%23'],
  ['/a/items:activate@v1=2&3,4', '/a/items:activate@v1=2&3,4'],
  ['/a/items%3Aactivate', '/a/items:activate'],
  ["/odata/Orders('x')/$count", "/odata/Orders('x')/$count"],
  ['/a/1+1', '/a/1%2B1'],
  ['/a/1%2B1', '/a/1%2B1'],
  ['/a/b;v=1', '/a/b%3Bv=1'],
  ['/a/b|c"d', '/a/b%7Cc%22d'],
  ['/a/.well-known/x', '/a/.well-known/x'],
  ['/a/.../..b/b..', '/a/.../..b/b..'],
  ['/a/~b_c-d.e', '/a/~b_c-d.e'],
];

for (const [path, asSent] of accepted) {
  test(`${path} is sent as ${asSent}`, () => assert.equal(sent(encoded(path)), asSent));
}

const refusals: readonly (readonly [path: string, reason: PathRefusal])[] = [
  ['', 'not_absolute'],
  ['api/orders', 'not_absolute'],
  ['http://evil.example/', 'not_absolute'],
  ['*', 'not_absolute'],
  ['//evil.example', 'empty_segment'],
  ['/a//b', 'empty_segment'],
  ['/a//', 'empty_segment'],
  ['/a/../b', 'dot_segment'],
  ['/a/./b', 'dot_segment'],
  ['/a/..', 'dot_segment'],
  ['/a/../', 'dot_segment'],
  ['/a/%2e%2e/b', 'dot_segment'],
  ['/a/%2E./b', 'dot_segment'],
  ['/a/.%2e', 'dot_segment'],
  ['/a/%2e', 'dot_segment'],
  ['/a/..;/b', 'dot_segment'],
  ['/a/..;x=y/b', 'dot_segment'],
  ['/a/..%3b/b', 'dot_segment'],
  ['/a/..%253b/b', 'dot_segment'],
  ['/a/..%20/b', 'dot_segment'],
  ['/a/..%2520/b', 'dot_segment'],
  ['/a/..%3fx', 'dot_segment'],
  ['/a/.%23', 'dot_segment'],
  ['/a/..%253f', 'dot_segment'],
  ['/a/..%2523x', 'dot_segment'],
  ['/a/%252e%252e/b', 'encoded_twice'],
  ['/a/%25252e%25252e/b', 'encoded_twice'],
  ['/a/.%252e/b', 'encoded_twice'],
  ['/a/..%252fb', 'encoded_twice'],
  ['/a/..%255cb', 'encoded_twice'],
  ['/a/%25%32%65', 'encoded_twice'],
  ['/a/%2525%2532%2565', 'encoded_twice'],
  ['/a/%25%2532e', 'encoded_twice'],
  ['/a/%2500', 'encoded_twice'],
  ['/a/%25c0%25ae', 'encoded_twice'],
  ['/a/..%2fb', 'separator'],
  ['/a%2Fb', 'separator'],
  ['/a/%2e%2e%2f', 'separator'],
  ['/a\\..\\b', 'separator'],
  ['/a/..\\b', 'separator'],
  ['/a/..%5cb', 'separator'],
  ['/a/%5C', 'separator'],
  ['/a/%00', 'control_character'],
  ['/a/b%00.json', 'control_character'],
  ['/a/\u0000', 'control_character'],
  ['/a/%0d%0aHost:%20evil', 'control_character'],
  ['/a/.\t./b', 'control_character'],
  ['/a/%7f', 'control_character'],
  ['/a/%c2%85', 'control_character'],
  ['/a/%', 'encoding_invalid'],
  ['/a/%zz', 'encoding_invalid'],
  ['/a/%2', 'encoding_invalid'],
  ['/a/%u002e%u002e', 'encoding_invalid'],
  ['/a/%c0%ae%c0%ae/b', 'encoding_invalid'],
  ['/a/%e0%80%ae', 'encoding_invalid'],
  ['/a/%c0%af', 'encoding_invalid'],
  ['/a/%ff', 'encoding_invalid'],
  ['/a/%ed%a0%80', 'encoding_invalid'],
  ['/a/\ud800', 'encoding_invalid'],
  ['/a/%ef%bf%bd', 'encoding_invalid'],
  ['/a?x', 'encoding_invalid'],
  ['/a#x', 'encoding_invalid'],
];

for (const [path, reason] of refusals) {
  test(`${JSON.stringify(path)} is refused: ${reason}`, () => {
    assert.deepEqual(encoded(path), { kind: 'refused', reason });
  });
}

const decodedPaths: readonly (readonly [path: string, asSent: string])[] = [
  ['/a/b c', '/a/b%20c'],
  ['/a/what?', '/a/what%3F'],
  ['/a/#1', '/a/%231'],
  ['/a/100%', '/a/100%25'],
  ['/a/€', '/a/%E2%82%AC'],
  ['/a/x%20y', '/a/x%2520y'],
  ['/a/../b', 'refused: dot_segment'],
  ['/a/%2e%2e/b', 'refused: encoded_twice'],
  ['/a/..%2fb', 'refused: encoded_twice'],
  ['/a/%41', 'refused: encoded_twice'],
  ['/a\\b', 'refused: separator'],
  ['/a/\u0000', 'refused: control_character'],
  ['/a/\ufffd', 'refused: encoding_invalid'],
];

for (const [path, asSent] of decodedPaths) {
  test(`${JSON.stringify(path)} from a gateway that decodes: ${asSent}`, () =>
    assert.equal(sent(decoded(path)), asSent));
}

test('segments are decoded once', () => {
  assert.deepEqual(encoded('/%61/b%20c/x%2520y/'), {
    kind: 'path',
    segments: ['a', 'b c', 'x%20y'],
    trailingSlash: true,
    encoded: '/a/b%20c/x%2520y/',
  });
});

/** Pieces out of which hostile paths are made, beside any text. */
const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '.',
    '..',
    '%',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '\\',
    '%25',
    '25',
    '2e',
    '%00',
    '%c0%ae',
    ';',
    '?',
    '#',
    '@',
    ':',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ maxLength: 8 }),
);
const hostilePath = fc.array(piece, { maxLength: 24 }).map((pieces) => `/${pieces.join('')}`);
const encoding = fc.constantFrom('encoded' as const, 'decoded' as const);
const runs = { numRuns: 3000 };

test('what is sent is read again as the same segments (3000 runs)', () => {
  fc.assert(
    fc.property(hostilePath, encoding, (path, pathEncoding) => {
      const first = readPath({ path, pathEncoding });
      if (first.kind === 'refused') return;
      assert.deepEqual(encoded(first.encoded), first);
    }),
    runs,
  );
});

/** Decodes whatever can be decoded, as often as there is something, and keeps the rest. */
function decodeFully(text: string): string {
  for (let last = ''; last !== text;) {
    last = text;
    text = text.replaceAll(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));
  }
  return text;
}

test('a server that decodes ever again, takes backslashes for slashes and cuts parameters stays below (3000 runs)', () => {
  fc.assert(
    fc.property(hostilePath, encoding, (path, pathEncoding) => {
      const reading = readPath({ path, pathEncoding });
      if (reading.kind === 'refused') return;
      for (const segment of decodeFully(reading.encoded).split(/[/\\]/)) {
        assert.doesNotMatch(segment, /^\.\.?\s*(?:;|$)/);
      }
      const url = new URL(`https://h.example/base${reading.encoded}`);
      assert.equal(url.href, `https://h.example/base${reading.encoded}`);
    }),
    runs,
  );
});

test('ordinary segments survive both ways through (1000 runs)', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => !/[/\\%\ufffd]|^\.+|\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), (names) => {
      const byBrowser = encoded(`/${names.map(encodeURIComponent).join('/')}`);
      const byGateway = decoded(`/${names.join('/')}`);
      assert.deepEqual(byBrowser.kind === 'path' && byBrowser.segments, names);
      assert.deepEqual(byGateway, byBrowser);
    }),
    { numRuns: 1000 },
  );
});

const worst = ['%25', '%2525', '.', './', '%2e', ';', '/a', 'a.', '%20', '€', '%E2%82%AC', ' ', '%', '+', '\\'];

for (const unit of worst) {
  test(`300,000 characters of nothing but ${unit} are read in linear time`, () => {
    const path = `/..${unit.repeat(300_000 / unit.length)}`;
    const start = process.cpuUsage();
    encoded(path);
    decoded(path);
    // Tens of milliseconds; quadratic work would take minutes.
    assert.ok(process.cpuUsage(start).user < 1_500_000);
  });
}
