/**
 * The headers of an API's answer that reach the browser: all but those that belong to one connection, or speak for the
 * whole origin that the API shares with the application and the broker.
 */
import { notStored, privateCaching, privateVary } from './caching.ts';
import { bearerChallenge, writeChallenge } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import { nominatedBy } from './connection.ts';
import { rewriteLocation } from './location.ts';
import type { Route } from './routes.ts';

/**
 * What stays here, by the reason. `Link` is not among them: pages of a list are named in it, and browsers act on it in
 * documents only.
 */
const reasons: Readonly<Record<string, readonly string[]>> = {
  // RFC 9110, section 7.6.1
  ofOneConnection: [
    'connection',
    'http2-settings',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authentication-info',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
  cookiesAndStorageOfTheOrigin: ['clear-site-data', 'service-worker-allowed', 'set-cookie', 'set-cookie2', 'set-login'],
  howTheOriginIsReached: ['alt-svc', 'expect-ct', 'strict-transport-security'],
  whatBrowsersSendToTheOrigin: ['accept-ch', 'critical-ch', 'origin-agent-cluster', 'origin-trial'],
  navigation: ['activate-storage-access', 'no-vary-search', 'refresh', 'speculation-rules'],
  reportsToOthers: ['content-security-policy-report-only', 'nel', 'report-to', 'reporting-endpoints'],
  orderToCachesBetween: ['cdn-cache-control', 'cloudfront-cdn-cache-control', 'surrogate-control', 'surrogate-key'],
  whatTheApiIsBuiltWith: ['server', 'via', 'x-aspnet-version', 'x-aspnetmvc-version', 'x-powered-by'],
};

const dropped: ReadonlySet<string> = new Set(Object.values(reasons).flat());

const droppedFamilies = /^(?:access-control-|public-key-pins|bff-|x-middleware-)/;

/** What must not be a list; the first one counts. */
const single: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
]);

/** What an answer was to. */
export interface Asked {
  /** The URL at which the API was asked. */
  readonly url: string;
  readonly publicOrigin: string;
}

/** What came of the headers. */
export interface ResponseHeaders {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The API's Bearer challenge, as far as it is passed on. */
  readonly challenge: Challenge | undefined;
}

/** One value per name, without the dropped ones; and what was dropped that matters to the rest. */
function collect(raw: readonly string[]): { kept: Map<string, string>; setsCookie: boolean; challenges: string[] } {
  const kept = new Map<string, string>();
  const challenges: string[] = [];
  let setsCookie = false;
  let nominated = '';
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    if (name === 'connection') nominated += `,${value}`;
    if (name === 'set-cookie') setsCookie = true;
    if (name === 'www-authenticate') challenges.push(value);
    if (!dropped.has(name) && !droppedFamilies.test(name)) {
      const earlier = kept.get(name);
      if (earlier === undefined) kept.set(name, value);
      else if (!single.has(name)) kept.set(name, `${earlier}, ${value}`);
    }
  }
  for (const name of nominatedBy(nominated)) kept.delete(name);
  return { kept, setsCookie, challenges };
}

/** The length is that of the bytes that follow, or of those that a GET would have brought. */
const hasLength = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

function rewriteLocations(kept: Map<string, string>, route: Route, { url, publicOrigin }: Asked): void {
  for (const name of ['location', 'content-location']) {
    const value = kept.get(name);
    if (value === undefined) continue;
    const rewritten = rewriteLocation(value, url, route, publicOrigin);
    if (rewritten === undefined) kept.delete(name);
    else kept.set(name, rewritten);
  }
}

function decideCaching(kept: Map<string, string>, mayCache: boolean): void {
  if (mayCache) {
    const caching = privateCaching(kept.get('cache-control'));
    kept.set('cache-control', caching);
    if (caching !== notStored) kept.set('vary', privateVary(kept.get('vary')));
  } else {
    kept.set('cache-control', notStored);
    kept.delete('expires');
    kept.delete('pragma');
  }
}

/**
 * @param raw name, value, name, value, … as the API sent them
 * @returns lower-case names, each once
 */
export function responseHeaders(raw: readonly string[], status: number, route: Route, asked: Asked): ResponseHeaders {
  const { kept, setsCookie, challenges } = collect(raw);
  if (!hasLength(status)) kept.delete('content-length');
  rewriteLocations(kept, route, asked);
  decideCaching(kept, route.api.cache && !setsCookie);
  let challenge: Challenge | undefined;
  // As the API wrote it, it goes no further.
  if (kept.delete('www-authenticate')) for (const value of challenges) challenge ??= bearerChallenge(value);
  if (challenge !== undefined) kept.set('www-authenticate', writeChallenge(challenge));
  kept.set('x-content-type-options', 'nosniff');
  kept.set('cross-origin-resource-policy', 'same-origin');
  return { headers: [...kept], challenge };
}
