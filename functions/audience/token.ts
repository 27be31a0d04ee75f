/** What an access token is, judged by its form alone. Nothing is verified here: that is the API's part. */

/** Larger tokens fit neither a cookie nor the header that an API accepts. */
export const longestToken = 16_384;

export type Members = Readonly<Record<string, unknown>>;

export type AccessToken =
  /** A signed JWT (RFC 7519 in the compact form of RFC 7515). */
  | { readonly kind: 'jwt'; readonly header: Members; readonly claims: Members }
  /** An encrypted one (RFC 7516); only its header can be read. */
  | { readonly kind: 'jwe'; readonly header: Members }
  /** Anything else. */
  | { readonly kind: 'opaque' };

const base64url = /^[\w-]+$/;

/** Visible ASCII, all that a bearer token may consist of (RFC 6750, section 2.1, is narrower still). */
const headerSafe = /^[\x21-\x7e]+$/;

const isProtected = (header: Members): boolean => typeof header['alg'] === 'string' && header['alg'] !== 'none';

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function decode(part: string | undefined): Members | undefined {
  if (part === undefined || !base64url.test(part)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a token can be sent in a header at all. */
export const isSendable = (token: string): boolean => token.length <= longestToken && headerSafe.test(token);

/**
 * Never throws. A JWT without a signature is opaque: no API could verify it.
 *
 * @param token any string
 */
export function classify(token: string): AccessToken {
  if (token.length > longestToken) return { kind: 'opaque' };
  const parts = token.split('.', 6);
  if (parts.length !== 3 && parts.length !== 5) return { kind: 'opaque' };
  const header = decode(parts[0]);
  if (header === undefined || !isProtected(header)) return { kind: 'opaque' };
  if (parts.length === 5) return typeof header['enc'] === 'string' ? { kind: 'jwe', header } : { kind: 'opaque' };
  const claims = base64url.test(parts[2] ?? '') ? decode(parts[1]) : undefined;
  return claims === undefined ? { kind: 'opaque' } : { kind: 'jwt', header, claims };
}
