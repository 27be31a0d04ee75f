/** Which requests browsers make to the servers of this process, with the cookies they choose to send. */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

export interface Traffic {
  /**
   * @param url without a query
   * @returns of each request to it so far the names of its cookies, sorted; of a login transaction the prefix alone
   */
  cookiesTo(url: string): readonly (readonly string[])[];
}

/** https://nodejs.org/api/diagnostics_channel.html#built-in-channels */
const channel = 'http.server.request.start';

/** The name of a cookie, without what differs from login to login. */
export const shownName = (name: string): string => name.replace(/^(__Host-Http-bff-login)-.*/, '$1');

const namesOf = (cookies: string): string[] =>
  cookies
    .split('; ')
    .filter((pair) => pair !== '')
    .map((pair) => shownName(pair.split('=', 1)[0] ?? ''))
    .toSorted();

/** Watches from now on until the process ends. */
export function watchTraffic(): Traffic {
  const seen: { readonly url: string; readonly cookies: readonly string[] }[] = [];
  subscribe(channel, (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    const [path = ''] = (request.url ?? '').split('?', 1);
    seen.push({ url: `http://${request.headers.host}${path}`, cookies: namesOf(request.headers.cookie ?? '') });
  });
  return { cookiesTo: (url) => seen.filter((each) => each.url === url).map(({ cookies }) => cookies) };
}
