import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { frontPage, parseReturnUrl } from '../../../functions/http/return-url.ts';

const app = 'https://app.example.com';
const admin = 'https://admin.example.com';
const origins = { publicOrigin: 'https://bff.example.com', appOrigins: [app, admin] };

/** Ways to begin what looks like a path and is read as a host by some browser, library or gateway. */
const openings = [
  '//',
  '///',
  '////',
  '/\\',
  '\\/',
  '\\\\',
  '\\',
  '/\t/',
  '/\n/',
  '/\r/',
  '\t//',
  ' //',
  '\u0000//',
  '/ /',
  '/.//',
  '/..//',
  '/./\\',
  '/foo/..//',
  '/foo/../\\',
  '/%2e//',
  '/%2e%2e//',
  '/%2E.//',
  '/%5c',
  '/%2f',
  '/%09/',
  '/%0a/',
  '/;/',
  '/〱',
  '/／',
  '／／',
  '/\u00A0/',
  '/\u2028/',
  '//%00',
  'https:',
  'https:/',
  'https://',
  'https:///',
  'https:\\\\',
  'HTTPS://',
  'http://',
  'hTtP:',
  'ftp://',
  'ws://',
  `${app}@`,
  `${app}.`,
  `${app}:443@`,
  `${app}%40`,
  `${app}%00.`,
  `${app}\\@`,
  `${app}\\.`,
  `${app}\t.`,
  `${app}:80\\@`,
  `${app};@`,
  `${app}/..//`,
  `${app}//`,
  `https://app.example.com:foo@`,
  `https://user:password@`,
  `https://app.example.com\u3002`,
];
const hosts = ['evil.example', 'evil.example/%2f..', '@evil.example', 'evil.example?https://app.example.com'];
const others = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\nscript:alert(1)',
  ' javascript:alert(1)',
  'javascript://app.example.com/%0aalert(1)',
  'javascript:https://app.example.com/',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'blob:https://app.example.com/1',
  'about:blank',
  'file:///etc/passwd',
  'mailto:a@b',
  'view-source:https://app.example.com',
  'http://app.example.com/',
  'https://app.example.com:8443/',
  'https://app.example.com./',
  'https://evil-app.example.com/',
  'https://evilapp.example.com/',
  'https://example.com/',
  'https://user@app.example.com/',
  'https://user:pw@app.example.com/',
  'https://bff.example.com/',
  'https://аpp.example.com/',
  'https://',
  'https://:443/',
  'https://[::1]/',
  'https://0x7f.1/',
  'null',
  '//app.example.com@evil.example',
];
const payloads = [...new Set([...openings.flatMap((opening) => hosts.map((host) => opening + host)), ...others])];

/** What a browser that is sent there does, and what a reader would do that keeps the path alone. */
function assertHarmless(result: string, value: string): void {
  const url = new URL(result);
  assert.ok(origins.appOrigins.includes(url.origin), value);
  assert.ok(result.startsWith(`${url.origin}/`), value);
  assert.equal(url.href, result, value);
  assert.equal(parseReturnUrl(result, origins), result, value);
  assert.ok(result.length <= 512, value);
  assert.match(result, /^[\x21-\x7e]+$/, value);
  assert.equal(new URL(url.pathname + url.search, app).origin, app, value);
}

describe('a return URL', () => {
  const accepted: readonly [string, string][] = [
    ['', `${app}/`],
    ['/', `${app}/`],
    ['/orders?open=1&q=a%20b#row-2', `${app}/orders?open=1&q=a%20b#row-2`],
    ['/#/orders/1', `${app}/#/orders/1`],
    ['orders', `${app}/orders`],
    ['?a=b', `${app}/?a=b`],
    ['/a/../b', `${app}/b`],
    ['/search?q=ü b', `${app}/search?q=%C3%BC%20b`],
    ['/%2f%5c', `${app}/%2f%5c`],
    ['/login?next=https://evil.example/', `${app}/login?next=https://evil.example/`],
    [app, `${app}/`],
    [`${app}:443/x`, `${app}/x`],
    ['HTTPS://APP.EXAMPLE.COM/x', `${app}/x`],
    [`${admin}/users`, `${admin}/users`],
  ];
  for (const [value, expected] of accepted) {
    test(`${JSON.stringify(value)} leads to ${expected}`, () => assert.equal(parseReturnUrl(value, origins), expected));
  }

  const refused = [
    ...others,
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    '/foo/..//evil.example',
    `${app}//evil.example`,
    `${app}.evil.example`,
    '/a\u007fb',
    '/a ',
    `/${'a'.repeat(512)}`,
    `/${'ü'.repeat(100)}`,
  ];
  for (const value of refused.filter((each) => each !== 'null')) {
    test(`${JSON.stringify(value.slice(0, 60))} is refused`, () =>
      assert.equal(parseReturnUrl(value, origins), undefined));
  }

  test('leaves the application for none of the known payloads', () => {
    assert.ok(payloads.length >= 150);
    for (const value of payloads) {
      for (const variant of [value, encodeURI(value.toWellFormed()), `/${value}`, `.${value}`, `${app}/${value}`]) {
        const result = parseReturnUrl(variant, origins);
        if (result !== undefined) assertHarmless(result, variant);
      }
    }
  });

  test('leaves the application for nothing that is put together from dangerous pieces', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '\\',
        '.',
        '..',
        '@',
        ':',
        '%2e',
        '%2f',
        '%5c',
        '?',
        '#',
        'https:',
        'evil.example',
        app,
        admin,
      ),
      fc.constantFrom('\t', '\n', '\r', ' ', '\u00A0', '\u200B', '／', '。', '\u0000', '[', ']'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const value = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(value, (each) => {
        const result = parseReturnUrl(each, origins);
        if (result !== undefined) assertHarmless(result, each);
      }),
      { numRuns: 10_000 },
    );
  });

  test('is read in no time when it is 100 KB', () => {
    const began = performance.now();
    for (const piece of ['/', ' ', '\\', '%2e', 'a', '/../', '@']) {
      assert.equal(parseReturnUrl(`/${piece.repeat(100_000 / piece.length)}x`, origins), undefined);
    }
    assert.ok(performance.now() - began < 20);
  });

  test('may be of up to 512 bytes', () => {
    const longest = `/${'a'.repeat(511 - app.length)}`;
    assert.equal(parseReturnUrl(longest, origins)?.length, 512);
    assert.equal(parseReturnUrl(`${longest}a`, origins), undefined);
  });

  test('is the front page of the application when nothing was asked for', () => {
    assert.equal(frontPage(origins), `${app}/`);
    assert.equal(frontPage({ publicOrigin: admin, appOrigins: [] }), `${admin}/`);
  });
});
