/** Sealed cookie values seen from outside: compact JWEs whose parts a test looks at, swaps and spoils. */
import assert from 'node:assert/strict';
import type { Browser, JarCookie } from './browser.ts';

/** Protected header, encrypted key (always empty), initialization vector, ciphertext, tag. */
export const partsOf = (value: string): readonly string[] => value.split('.');

export const decoded = (part: string): string => Buffer.from(part, 'base64url').toString('latin1');

export const headerOf = (value: string): Readonly<Record<string, unknown>> =>
  JSON.parse(decoded(partsOf(value)[0] ?? '')) as Record<string, unknown>;

/** The same value with other members in its protected header. */
export function withHeader(value: string, members: Readonly<Record<string, unknown>>): string {
  const [, ...rest] = partsOf(value);
  const header = Buffer.from(JSON.stringify({ ...headerOf(value), ...members })).toString('base64url');
  return [header, ...rest].join('.');
}

const swap = (part: string, at: number): string =>
  `${part.slice(0, at)}${part[at] === 'A' ? 'B' : 'A'}${part.slice(at + 1)}`;

/** Every way to spoil a value that is tried: each part changed, cut, swapped or dropped, and things that are no JWE. */
export function spoiled(value: string): readonly string[] {
  const parts = partsOf(value);
  const changed = parts.flatMap((part, index) =>
    [0, Math.floor(part.length / 2), part.length - 1]
      .filter((at) => at >= 0 && part !== '')
      .map((at) => parts.with(index, swap(part, at)).join('.')),
  );
  const cut = parts.flatMap((part, index) => (part === '' ? [] : [parts.with(index, part.slice(0, -4)).join('.')]));
  return [
    ...changed,
    ...cut,
    parts.slice(0, 4).join('.'),
    [...parts, 'AAAA'].join('.'),
    parts.with(1, 'AAAA').join('.'),
    parts.toReversed().join('.'),
    withHeader(value, { alg: 'none' }),
    withHeader(value, { alg: 'PBES2-HS256+A128KW', p2c: 1_000_000_000, p2s: 'AAAA' }),
    withHeader(value, { enc: 'A128CBC-HS256' }),
    withHeader(value, { zip: 'DEF' }),
    withHeader(value, { crit: ['exp'] }),
    withHeader(value, { kid: '../../etc/passwd' }),
    withHeader(value, { n: 400 }),
    withHeader(value, { v: '1' }),
    withHeader(value, { v: -1 }),
    `${value}=`,
    `"${value}"`,
    '',
    '.',
    '....',
    'eyJhbGciOiJub25lIn0..',
    'undefined',
    '%00',
  ];
}

export function cookieOf({ jar }: Pick<Browser, 'jar'>, name: string): JarCookie {
  const found = jar.find((cookie) => cookie.name === name);
  assert.ok(found, `there is no cookie ${name}`);
  return found;
}

/** A copy of the browser in which one cookie has another value. */
export function withCookie(browser: Browser, name: string, value: string): Browser {
  const { path, host } = cookieOf(browser, name);
  const copy = browser.copy();
  copy.forget((cookie) => cookie.name === name);
  copy.plant({ name, value, path }, host);
  return copy;
}
