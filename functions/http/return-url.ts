/**
 * Where a login or a logout may lead back to: a page of the application and nothing else. The result is always an
 * absolute URL, because a path that was checked is read anew by the browser, and `/.//evil.example` is not what it was.
 */
import type { Origins } from './origins.ts';

const maxBytes = 512;

/** Printable characters of any script, spaces only inside; no backslash, which browsers read as a slash. */
const acceptable = /^(?! )[^\p{Cc}\\]*(?<! )$/u;

/**
 * The origin alone would let `blob:https://app.example.com/…` and `https://user@app.example.com` pass, and a path that
 * begins with `//` would be read as a host by whoever keeps the path only.
 */
const isWithin = ({ href, origin, pathname }: URL, { appOrigins }: Origins): boolean =>
  appOrigins.includes(origin) && href.startsWith(`${origin}/`) && !pathname.startsWith('//');

/** The front page of the application: where to go when nothing was asked for. */
export const frontPage = ({ appOrigins, publicOrigin }: Origins): string => `${appOrigins[0] ?? publicOrigin}/`;

/**
 * @param value as decoded from the query; a relative one is read against the first app origin
 * @returns the absolute URL as the URL class writes it, at most 512 bytes and on an app origin, or `undefined`
 */
export function parseReturnUrl(value: string, origins: Origins): string | undefined {
  if (value.length > maxBytes || !acceptable.test(value)) return undefined;
  const url = URL.parse(value, frontPage(origins));
  return url !== null && isWithin(url, origins) && url.href.length <= maxBytes ? url.href : undefined;
}
