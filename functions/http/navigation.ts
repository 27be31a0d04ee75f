/** What kind of request a browser is making, as far as its request metadata tells (W3C Fetch Metadata). */
import type { HttpRequest } from './message.ts';

type Headers = Pick<HttpRequest, 'headers'>;

export type NavigationCheck =
  { readonly kind: 'ok' } | { readonly kind: 'refused'; readonly code: 'prefetch_refused' | 'navigation_required' };

/** A browser that loads or renders a page which nobody has asked for yet; it must have no effect. */
export const isPrefetch = ({ headers }: Headers): boolean =>
  [headers.get('sec-purpose'), headers.get('purpose')].some((purpose) => purpose?.toLowerCase().includes('prefetch'));

/** Neither a frame nor an image nor a script nor a fetch. A browser that states no metadata is given the benefit. */
const isTopLevelNavigation = ({ headers }: Headers): boolean =>
  (headers.get('sec-fetch-dest') ?? 'document') === 'document' &&
  (headers.get('sec-fetch-mode') ?? 'navigate') === 'navigate';

/**
 * Holds a request against the rules of an endpoint that starts something for the user: it is opened as the page in the
 * address bar, and not beforehand.
 */
export function checkNavigation(request: Headers): NavigationCheck {
  if (isPrefetch(request)) return { kind: 'refused', code: 'prefetch_refused' };
  return isTopLevelNavigation(request) ? { kind: 'ok' } : { kind: 'refused', code: 'navigation_required' };
}

/** Whether a person will look at the answer, so that it is to be a page and not a problem document. */
export function wantsHtml({ headers }: Headers): boolean {
  const mode = headers.get('sec-fetch-mode');
  if (mode !== undefined) return mode === 'navigate';
  return headers.get('accept')?.toLowerCase().includes('text/html') ?? false;
}
