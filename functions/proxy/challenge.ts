/**
 * What an API says in `WWW-Authenticate` (RFC 9110, section 11.6.1). Of all schemes only Bearer reaches the browser: Basic,
 * Digest and Negotiate make it ask the user for a password, or send one.
 */

/** The parameters of a Bearer challenge, as far as they are known ones. */
export type Challenge = ReadonlyMap<string, string>;

/** RFC 6750, section 3; RFC 9470, section 3; RFC 9728, section 5.1. */
const known: ReadonlySet<string> = new Set([
  'realm',
  'scope',
  'error',
  'error_description',
  'error_uri',
  'acr_values',
  'max_age',
  'resource_metadata',
]);

/** A longer header is not read: nobody means a challenge of that size. */
const longest = 4096;

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const gap = /[\s,]*/y;
/** Also a `token68`, which is not followed by anything but a comma. */
const schemePattern = new RegExp(`(${token})(?:[ \\t]+[\\w\\-.~+/]+=*(?=[ \\t]*(?:,|$)))?(?=[\\s,]|$)`, 'y');
const parameterPattern = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))(?=[\\s,]|$)`, 'y');

/** Text that is safe inside a quoted string again. */
const printable = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,1024}$/;

/** Moves a position over what the pattern matches there. */
function take(pattern: RegExp, text: string, at: { position: number }): RegExpExecArray | undefined {
  pattern.lastIndex = at.position;
  const found = pattern.exec(text);
  if (found === null) return undefined;
  at.position = pattern.lastIndex;
  return found;
}

/**
 * @param value one header, which may hold several challenges
 * @returns the first Bearer challenge up to where it cannot be read; undefined where there is none
 */
export function bearerChallenge(value: string): Challenge | undefined {
  if (value.length > longest) return undefined;
  const at = { position: 0 };
  let challenge: Map<string, string> | undefined;
  for (take(gap, value, at); at.position < value.length; take(gap, value, at)) {
    const parameter = take(parameterPattern, value, at);
    if (parameter !== undefined) {
      const [, name = '', quoted, bare = ''] = parameter;
      const content = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
      const key = name.toLowerCase();
      if (known.has(key) && printable.test(content) && challenge?.has(key) === false) challenge.set(key, content);
      continue;
    }
    if (challenge !== undefined) break;
    const scheme = take(schemePattern, value, at)?.[1];
    if (scheme === undefined) return undefined;
    if (scheme.toLowerCase() === 'bearer') challenge = new Map();
  }
  return challenge;
}

/** @returns a header value with that one challenge */
export const writeChallenge = (challenge: Challenge): string =>
  `Bearer ${[...challenge].map(([name, value]) => `${name}="${value}"`).join(', ')}`.trimEnd();
