/** The page from which a request comes: where a login that it needs leads back to. */
import { frontPage, parseReturnUrl } from '../../http/return-url.ts';
import type { ApiContext } from './room.ts';

/** Browsers name a page to its own origin in `Referer`; where they do not, it is the front page of the application. */
export function pageOf({ request, broker }: ApiContext): string {
  const from = request.headers.get('referer');
  const page = from === undefined ? undefined : parseReturnUrl(from, broker.configuration);
  return page ?? frontPage(broker.configuration);
}
