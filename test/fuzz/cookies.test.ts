/** The cookie parser and the writer of `Set-Cookie` lines, held against what RFC 6265 says in other words. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { seconds } from '../../functions/contract/units.ts';
import { parseCookies, serializeCookie } from '../../functions/http/cookies.ts';
import { counted, holds } from './effort.ts';
import { anyText, cookieHeader } from './hostile.ts';

/** Section 5.4 read backwards: pairs between semicolons, a name before the first equals sign, blanks around it dropped. */
function simplyParsed(header: string): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const pair of header.split(';')) {
    const [name = '', ...rest] = pair.split('=').map((text) => text.replaceAll(/^[ \t]+/g, ''));
    const key = name.replace(/[ \t]+$/, '');
    if (rest.length === 0 || key === '') continue;
    const value = pair.slice(pair.indexOf('=') + 1).replaceAll(/^[ \t]+|[ \t]+$/g, '');
    result.set(key, [...(result.get(key) ?? []), value]);
  }
  return result;
}

const parsed = counted('a header that is read');

holds(
  'a Cookie header is read as it is written, or refused as too large',
  fc.property(fc.array(cookieHeader, { maxLength: 3 }), (texts) => {
    const header = texts.join('; ');
    const cookies = parseCookies(texts);
    const pairs = header.split(';').length;
    if (cookies === 'too_large') {
      assert.ok(Buffer.byteLength(header) > 16 * 1024 || pairs > 100, 'refused although it is small');
      return;
    }
    parsed.reached();
    assert.ok(Buffer.byteLength(header) <= 16 * 1024, 'read although it is too large');
    assert.equal(cookies.bytes, Buffer.byteLength(header));
    const expected = simplyParsed(header);
    assert.deepEqual([...cookies.names()], [...expected.keys()]);
    for (const [name, values] of expected) assert.deepEqual(cookies.all(name), values);
    assert.ok([...expected.values()].flat().length <= 100, 'more than 100 pairs were read');
  }),
);

const written = counted('a cookie that can be written');

const setCookie = fc.record({
  name: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('__Host-Http-s', '__Host-s', '__HOST-s', 's') },
    { weight: 1, arbitrary: anyText },
  ),
  value: fc.oneof(
    fc.stringMatching(/^[\w.-]{0,40}$/),
    anyText,
    fc.constantFrom('a; Domain=evil', 'a\r\nX: y', 'a,b', '"'),
  ),
  path: fc.oneof(fc.constantFrom('/', '/', '/', '/api/orders', '/a; Domain=evil', 'a'), anyText),
  sameSite: fc.constantFrom('Strict' as const, 'Lax' as const),
  maxAgeSeconds: fc
    .oneof(
      { weight: 6, arbitrary: fc.nat() },
      { weight: 1, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.integer() },
    )
    .map(seconds),
});

holds(
  'a Set-Cookie line says one cookie and its attributes, or is not written; the value is in no message',
  fc.property(setCookie, (cookie) => {
    let line: string;
    try {
      line = serializeCookie(cookie);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      if (cookie.value.length > 8) assert.ok(!error.message.includes(cookie.value));
      return;
    }
    written.reached();
    assert.match(line, /^[\x20-\x7e]+$/);
    const [pair = '', ...attributes] = line.split('; ');
    assert.equal(pair, `${cookie.name}=${cookie.value}`);
    const names = attributes.map((attribute) => attribute.split('=', 1)[0]);
    assert.deepEqual(
      names.filter((name) => name !== 'Expires'),
      ['Path', 'Max-Age', 'Secure', 'HttpOnly', 'SameSite'],
    );
    if (/^__host-/i.test(cookie.name)) assert.equal(attributes[0], 'Path=/');
    const sent = parseCookies([pair]);
    assert.deepEqual(sent !== 'too_large' && sent.all(cookie.name), [cookie.value]);
  }),
);
