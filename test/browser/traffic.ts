/** Which requests browsers make to the servers of this process, with the cookies they choose to send. */
import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that has been answered. */
export interface Answered {
  readonly method: string;
  /** What the browser says that it is for, where it says so. */
  readonly purpose: string | undefined;
  readonly status: number;
}

export interface Traffic {
  /**
   * @param url with its query
   * @returns the next request to it, once it is answered
   */
  answered(url: string): Promise<Answered>;
  /**
   * @param url without a query
   * @returns of each request to it so far the names of its cookies, sorted; of a login transaction the prefix alone
   */
  cookiesTo(url: string): readonly (readonly string[])[];
}

/** https://nodejs.org/api/diagnostics_channel.html#built-in-channels */
const channels = { start: 'http.server.request.start', finish: 'http.server.response.finish' };

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const urlOf = ({ url, headers }: IncomingMessage): string => `http://${headers.host}${url}`;

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
  const answers = new EventEmitter();
  subscribe(channels.start, (message) => {
    const { request } = message as Exchange;
    const [url = ''] = urlOf(request).split('?', 1);
    seen.push({ url, cookies: namesOf(request.headers.cookie ?? '') });
  });
  subscribe(channels.finish, (message) => {
    const { request, response } = message as Exchange;
    const purpose = request.headers['sec-purpose']?.toString();
    answers.emit(urlOf(request), { method: request.method ?? '', purpose, status: response.statusCode });
  });
  return {
    async answered(url) {
      const [answered] = (await once(answers, url)) as [Answered];
      return answered;
    },
    cookiesTo: (url) => seen.filter((each) => each.url === url).map(({ cookies }) => cookies),
  };
}
