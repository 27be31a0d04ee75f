/**
 * Reads a query or a form body (WHATWG URL, application/x-www-form-urlencoded) without guessing: what `URLSearchParams`
 * would repair is refused, and a parameter that occurs twice is never silently the first or the last of the two.
 */

/** Decoded name → every value, in the order they were sent. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/** A parameter that must not occur more than once (RFC 6749, section 3.1); sent without a value it counts as absent. */
export type Single =
  { readonly kind: 'absent' } | { readonly kind: 'value'; readonly value: string } | { readonly kind: 'duplicated' };

const maxParameters = 100;

/** @returns `undefined` when a percent sign does not begin an encoded byte, or the bytes are not UTF-8 */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * @param text without `?`; a plus sign is a space
 * @returns `undefined` when it is not well-formed or has more than 100 parameters: answer 400
 */
export function parseParameters(text: string): Parameters | undefined {
  const parameters = new Map<string, string[]>();
  const pairs = text.split('&', maxParameters + 1);
  if (pairs.length > maxParameters) return undefined;
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    const known = parameters.get(name);
    if (known === undefined) parameters.set(name, [value]);
    else known.push(value);
  }
  return parameters;
}

export function single(parameters: Parameters, name: string): Single {
  const [value, ...others] = parameters.get(name) ?? [];
  if (others.length > 0) return { kind: 'duplicated' };
  return value === undefined || value === '' ? { kind: 'absent' } : { kind: 'value', value };
}
