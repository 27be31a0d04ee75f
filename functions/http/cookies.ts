/** Cookies on the wire: the `Cookie` header of a request taken apart, the `Set-Cookie` lines of an answer put together. */
import type { Cookies, SetCookie } from './message.ts';

const maxHeaderBytes = 16 * 1024;
const maxPairs = 100;
/** A browser ignores a cookie whose name and value are longer together, and an attribute that is longer. */
const maxNameAndValueBytes = 4096;
const maxPathBytes = 1024;

const none: readonly string[] = [];
/** Between the pieces of a header (RFC 6265, section 4.2.1). */
const separator = '; ';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const cookieOctets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const pathCharacters = /^\/[\x20-\x3a\x3c-\x7e]*$/;

const space = 0x20;
const tab = 0x09;
const isBlank = (code: number): boolean => code === space || code === tab;

/** Cuts spaces and tabs only: `String.prototype.trim` also cuts U+00A0, which would uncover a protected name. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** @returns how many pairs there are so far, or more than are allowed */
function takePairs(header: string, values: Map<string, string[]>, before: number): number {
  let equals = -1;
  let pairs = before;
  for (let start = 0, end = 0; start < header.length; start = end + 1) {
    pairs += 1;
    if (pairs > maxPairs) break;
    end = header.indexOf(';', start);
    if (end === -1) end = header.length;
    if (equals < start) equals = header.indexOf('=', start);
    if (equals === -1) break;
    if (equals > end) continue;
    const name = trimmed(header, start, equals);
    if (name === '') continue;
    const value = trimmed(header, equals + 1, end);
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return pairs;
}

const charactersOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

/**
 * Reads the `Cookie` header. Names and values are taken as they are: nothing is decoded, quotes and `$Version` mean
 * nothing, pairs without a name are dropped.
 *
 * @param texts the header, or the pieces into which an event has split it; empty when there was none
 * @returns `too_large` above 16 KiB or 100 pairs, found out before anything else is done
 */
export function parseCookies(texts: readonly string[]): Cookies | 'too_large' {
  if (charactersOf(texts) > maxHeaderBytes) return 'too_large';
  const between = separator.length * Math.max(0, texts.length - 1);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), between);
  if (bytes > maxHeaderBytes) return 'too_large';
  const values = new Map<string, string[]>();
  const pairs = texts.reduce((before, text) => takePairs(text, values, before), 0);
  if (pairs > maxPairs) return 'too_large';
  return { all: (name) => values.get(name) ?? none, names: () => values.keys(), bytes };
}

/** The rules a browser holds a prefixed name to; a cookie that breaks them would be ignored there without a word. */
function assertPath({ name, path }: SetCookie): void {
  if (!pathCharacters.test(path) || path.length > maxPathBytes) throw new TypeError(`Cookie ${name}: unusable path`);
  if (name.toLowerCase().startsWith('__host-') && path !== '/') throw new TypeError(`Cookie ${name}: path must be /`);
}

function assertNameAndValue({ name, value }: SetCookie): void {
  if (!token.test(name)) throw new TypeError('A cookie name is not a token');
  if (!cookieOctets.test(value)) throw new TypeError(`Cookie ${name}: the value has a character that is not allowed`);
  if (name.length + value.length > maxNameAndValueBytes) throw new TypeError(`Cookie ${name}: too large`);
}

/**
 * One `Set-Cookie` line, always `Secure; HttpOnly` and without `Domain`, as the prefixes `__Host-`, `__Host-Http-` and
 * `__Secure-` demand. A deletion also says `Expires` in the past.
 *
 * @throws TypeError when the name, the value or the path cannot be written safely or a browser would ignore the cookie;
 *   the message never holds the value
 */
export function serializeCookie(cookie: SetCookie): string {
  assertNameAndValue(cookie);
  assertPath(cookie);
  const { name, value, path, sameSite, maxAgeSeconds } = cookie;
  let line = `${name}=${value}; Path=${path}`;
  if (maxAgeSeconds !== undefined) {
    if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0) throw new TypeError(`Cookie ${name}: unusable age`);
    line += `; Max-Age=${maxAgeSeconds}`;
    if (maxAgeSeconds === 0) line += '; Expires=Thu, 01 Jan 1970 00:00:00 GMT';
  }
  return `${line}; Secure; HttpOnly; SameSite=${sameSite}`;
}

/** How many bytes the `Set-Cookie` value takes in the answer. @throws TypeError as `serializeCookie` does */
export const serializedBytes = (cookie: SetCookie): number => serializeCookie(cookie).length;
