/** The kinds of value that a configuration is made of. A message says what is allowed and never repeats what was found. */
import * as v from 'valibot';
import { seconds, type Seconds } from '../contract/units.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `"30m"` → 1800. The text has the form of {@link duration}. */
const toSeconds = (text: string): Seconds => seconds(Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? 0));

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);

const isWeb = (protocol: string): boolean => protocol === 'https:' || protocol === 'http:';

const isOrigin = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && isWeb(url.protocol) && url.origin === text;
};

/** Neither user information, query nor fragment, and written as a URL parser writes it, but for a bare origin. */
const isAddress = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null || !isWeb(url.protocol) || url.username !== '' || url.password !== '') return false;
  return !/[?#]/.test(text) && (url.href === text || url.href === `${text}/`);
};

const segment = /^[A-Za-z0-9._~-]+$/;
const isSegment = (text: string): boolean => segment.test(text) && text !== '.' && text !== '..';

/** `/api/orders`: no trailing slash, nothing a server could read in two ways. Such a path is a valid cookie path, too. */
export const isCanonicalPath = (text: string): boolean =>
  text.startsWith('/') && text.slice(1).split('/').every(isSegment);

const isPathPattern = (text: string): boolean => text === '/*' || isCanonicalPath(text.replace(/\/\*$/, ''));

/** A string that says something: neither empty nor with white space or control characters around it. */
export const text = () =>
  v.pipe(v.string(), v.regex(/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, 'must be a text without space around it'));

/** One value of a space-separated list (RFC 6749, section 3.3). */
export const scope = () =>
  v.pipe(v.string(), v.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one scope, without spaces'));

export const origin = () =>
  v.pipe(
    v.string(),
    v.check(isOrigin, 'must be an origin such as "https://app.example.com", in lower case, without a path'),
  );

export const address = () =>
  v.pipe(v.string(), v.check(isAddress, 'must be an https URL without user information, query and fragment'));

export const canonicalPath = () =>
  v.pipe(
    v.string(),
    v.check(
      isCanonicalPath,
      'must be a path such as "/api/orders": of letters, digits, ".", "_", "~" and "-", without a slash at its end',
    ),
  );

export const pathPattern = () =>
  v.pipe(
    v.string(),
    v.check(isPathPattern, 'must be a path such as "/status", or end in "/*": "/invoices/*"; "/*" is every path'),
  );

export const headerName = () => v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, 'must be a header name in lower case'));

/** Also the name of an extra parameter: what a query may carry without being encoded. */
export const parameterName = () =>
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be a parameter name of letters, digits, ".", "_" and "-"'),
  );

/**
 * @param least the shortest one allowed, in the same form
 * @param most the longest one allowed
 */
export const duration = (least: string, most: string) =>
  v.pipe(
    v.string(),
    v.regex(/^[1-9][0-9]{0,5}[smhd]$/, 'must be a duration such as "90s", "30m", "8h" or "7d"'),
    v.check(
      (value) => toSeconds(value) >= toSeconds(least) && toSeconds(value) <= toSeconds(most),
      `must be a duration from "${least}" to "${most}"`,
    ),
    v.transform(toSeconds),
  );

/** What stands in a file for a value that is a parameter's. */
export const reference = () =>
  v.strictObject(
    {
      $parameter: v.pipe(
        v.string('must be the name of a parameter'),
        v.regex(
          /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
          'must be the name of a parameter: letters, digits, ".", "_" and "-"',
        ),
      ),
    },
    'must be a reference to a parameter and nothing else: { "$parameter": "name" }',
  );
