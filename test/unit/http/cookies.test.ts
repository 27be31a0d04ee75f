import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { seconds } from '../../../functions/contract/units.ts';
import { parseCookies, serializeCookie, serializedBytes } from '../../../functions/http/cookies.ts';
import type { Cookies, SetCookie } from '../../../functions/http/message.ts';

function cookiesOf(header: string): Cookies {
  const cookies = parseCookies([header]);
  assert.notEqual(cookies, 'too_large');
  return cookies as Cookies;
}

const pairsOf = (header: string): Record<string, readonly string[]> => {
  const cookies = cookiesOf(header);
  return Object.fromEntries([...cookies.names()].map((name) => [name, cookies.all(name)]));
};

describe('a Cookie header', () => {
  const headers: readonly [string, string, Record<string, readonly string[]>][] = [
    ['is empty', '', {}],
    ['holds one pair', 'a=1', { a: ['1'] }],
    ['holds a name twice, in order', 'a=2; b=x; a=1', { a: ['2', '1'], b: ['x'] }],
    ['has values with equals signs', 'a=b=c==', { a: ['b=c=='] }],
    ['has no spaces or too many', 'a=1;b=2 ;\t c = 3 ', { a: ['1'], b: ['2'], c: ['3'] }],
    ['has empty values', 'a=; b=', { a: [''], b: [''] }],
    ['has pairs without a name', '=x; y; ;; =; a=1', { a: ['1'] }],
    ['ends without a pair', 'a=1; b', { a: ['1'] }],
    ['ends with a semicolon', 'a=1;', { a: ['1'] }],
    ['has quotes', 'a="1; b=2"', { a: ['"1'], b: ['2"'] }],
    ['has what RFC 2109 made special', '$Version=1; a=1; $Path=/', { $Version: ['1'], a: ['1'], $Path: ['/'] }],
    ['has percent signs', '%61=%3B', { '%61': ['%3B'] }],
    ['has names in another case', 'A=1; a=2', { A: ['1'], a: ['2'] }],
    ['has names that every object has', 'constructor=1; toString=2', { constructor: ['1'], toString: ['2'] }],
    ['has commas', 'a=1, b=2', { a: ['1, b=2'] }],
  ];
  for (const [name, header, expected] of headers) {
    test(`is read when it ${name}`, () => assert.deepEqual(pairsOf(header), expected));
  }

  test('does not hold the cookies that every object has', () => {
    const cookies = cookiesOf('a=1');
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.deepEqual(cookies.all(name), []);
    }
    assert.deepEqual(cookiesOf('__proto__=1').all('__proto__'), ['1']);
  });

  for (const blank of ['\u00A0', '\u2000', '\uFEFF', '\u000B', '\f', '\u0085']) {
    const code = blank.charCodeAt(0).toString(16);
    test(`does not lose U+${code} before a name, which would uncover a protected one`, () => {
      assert.deepEqual(cookiesOf(`a=1; ${blank}__Host-s=evil`).all('__Host-s'), []);
    });
  }

  test('counts the bytes that were sent', () => {
    assert.equal(cookiesOf('a=1; b=2').bytes, 8);
    assert.equal(cookiesOf('a=ü').bytes, 4);
  });

  test('is the same in one piece and in several', () => {
    const whole = cookiesOf('a=1; b=2; a=3');
    const pieces = parseCookies(['a=1', 'b=2', 'a=3']);
    assert.ok(pieces !== 'too_large');
    assert.deepEqual([...pieces.names()], [...whole.names()]);
    assert.deepEqual(pieces.all('a'), whole.all('a'));
    assert.equal(pieces.bytes, whole.bytes);
  });

  test('is too large above 16 KiB or 100 pairs, empty ones counted', () => {
    assert.notEqual(parseCookies([`a=${'b'.repeat(16_382)}`]), 'too_large');
    assert.equal(parseCookies([`a=${'b'.repeat(16_383)}`]), 'too_large');
    assert.equal(parseCookies([`a=${'ü'.repeat(8_192)}`]), 'too_large');
    assert.notEqual(parseCookies([Array.from({ length: 100 }, () => 'a=1').join(';')]), 'too_large');
    assert.equal(parseCookies([Array.from({ length: 101 }, () => 'a=1').join(';')]), 'too_large');
    assert.equal(parseCookies([`${';'.repeat(100)}a=1`]), 'too_large');
  });

  test('of any text is read without throwing, and only pairs that were sent come out', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const cookies = parseCookies(texts);
        if (cookies === 'too_large') return;
        for (const name of cookies.names()) {
          for (const value of cookies.all(name)) assert.ok(texts.join('; ').includes(value));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a Set-Cookie line', () => {
  const session: SetCookie = { name: '__Host-Http-bff', value: 'eyJ.a-b_c', path: '/', sameSite: 'Strict' };

  test('is Secure, HttpOnly and without Domain', () => {
    assert.equal(serializeCookie(session), '__Host-Http-bff=eyJ.a-b_c; Path=/; Secure; HttpOnly; SameSite=Strict');
  });

  test('has the path of its API and its age', () => {
    const cookie: SetCookie = {
      ...session,
      name: '__Secure-bff-orders',
      path: '/api/orders',
      maxAgeSeconds: seconds(60),
    };
    assert.match(serializeCookie(cookie), /; Path=\/api\/orders; Max-Age=60; Secure; /);
  });

  test('of a deletion says so twice and is as Secure as the cookie it deletes', () => {
    assert.equal(
      serializeCookie({ ...session, value: '', maxAgeSeconds: seconds(0), sameSite: 'Lax' }),
      '__Host-Http-bff=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax',
    );
  });

  test('has as many bytes as it says', () => {
    assert.equal(serializedBytes(session), Buffer.byteLength(serializeCookie(session)));
  });

  const refused: readonly [string, Partial<SetCookie>][] = [
    ['a __Host- cookie below a path', { path: '/api' }],
    ['a __host- cookie in another case below a path', { name: '__hOST-a', path: '/api' }],
    ['an empty name', { name: '' }],
    ['a name with an equals sign', { name: 'a=b' }],
    ['a name with a line feed', { name: 'a\nb' }],
    ['a value with a semicolon', { value: 'a; Domain=evil' }],
    ['a value with a line feed', { value: 'a\r\nSet-Cookie: b' }],
    ['a value with a space', { value: 'a b' }],
    ['a value with a comma', { value: 'a,b' }],
    ['a value that is not ASCII', { value: 'ü' }],
    ['a relative path', { name: 'a', path: 'api' }],
    ['a path with a semicolon', { name: 'a', path: '/a; Domain=evil' }],
    ['a path with a control character', { name: 'a', path: '/a\n' }],
    ['a path that is not ASCII', { name: 'a', path: '/ü' }],
    ['a path too long for a browser', { name: 'a', path: `/${'a'.repeat(1024)}` }],
    ['more than a browser takes', { value: 'a'.repeat(4096) }],
    ['a negative age', { maxAgeSeconds: seconds(-1) }],
    ['a broken age', { maxAgeSeconds: seconds(Number.NaN) }],
  ];
  for (const [name, changes] of refused) {
    test(`is refused with ${name}`, () => assert.throws(() => serializeCookie({ ...session, ...changes }), TypeError));
  }

  test('that is refused is not quoted', () => {
    assert.throws(
      () => serializeCookie({ ...session, value: 'marker secret' }),
      (error: Error) => !error.message.includes('marker'),
    );
  });

  test('that is accepted comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 60 }), (name, value) => {
        const cookie: SetCookie = { name, value, path: '/', sameSite: 'Lax' };
        let line: string;
        try {
          line = serializeCookie(cookie);
        } catch {
          return;
        }
        assert.equal(line.split(';').length, 5);
        assert.deepEqual(cookiesOf(line.split(';')[0] ?? '').all(name), [value]);
      }),
      { numRuns: 2000 },
    );
  });
});
