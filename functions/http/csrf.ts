/**
 * Whether a fetch comes from the application: a static header that no other site's page can add without a preflight,
 * and what the browser says about the sender. The method of a request is the one it was sent with; no header or
 * parameter overrides it.
 */
import { header } from '../contract/wire.ts';
import type { HttpRequest } from './message.ts';
import { isAppOrigin, isRemoteApp } from './origins.ts';
import type { Origins } from './origins.ts';

/** Why a request was refused, for the log; the answer to it does not tell. */
export type CsrfReason = 'header_missing' | 'header_wrong' | 'origin_not_allowed' | 'site_not_allowed';

export type FetchCheck =
  { readonly kind: 'ok'; readonly headerless: boolean } | { readonly kind: 'rejected'; readonly why: CsrfReason };

/** What the answer to a headerless request carries beside `nosniff`, which every answer does: a document opened that way cannot act as the application. */
export const headerlessHeaders: readonly (readonly [string, string])[] = [['content-security-policy', 'sandbox']];

const rejected = (why: CsrfReason): FetchCheck => ({ kind: 'rejected', why });

/**
 * `same-site` is every host of the organization, so it passes only from an application that is served there, and that
 * one always states its origin. `none` is the user's own doing, for example a browser extension, or what a browser fetches
 * ahead of it: nothing passes for being that alone.
 */
function isSiteAllowed(site: string | undefined, origin: string | undefined, origins: Origins): boolean {
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return site === 'same-site' && origin !== undefined && isRemoteApp(origin, origins);
}

/**
 * Holds a request of a fetch endpoint against the CSRF rules (RFC 10017, section 6.1.3.3.2).
 *
 * @param headerless the path is one that links, images and `EventSource` may open: GET and HEAD pass without the header
 *   when the browser says that the very same origin asks
 */
export function checkFetch(
  request: Pick<HttpRequest, 'method' | 'headers'>,
  origins: Origins,
  { headerless = false }: { readonly headerless?: boolean } = {},
): FetchCheck {
  const { method, headers } = request;
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const sent = headers.get(header.csrf);
  if (origin !== undefined && !isAppOrigin(origin, origins)) return rejected('origin_not_allowed');
  if (!isSiteAllowed(site, origin, origins)) return rejected('site_not_allowed');
  if (sent === header.csrfValue) return { kind: 'ok', headerless: false };
  if (sent !== undefined) return rejected('header_wrong');
  const mayPass = headerless && (method === 'GET' || method === 'HEAD') && site === 'same-origin';
  return mayPass ? { kind: 'ok', headerless: true } : rejected('header_missing');
}
