/**
 * Cross-origin resource sharing for applications that are served from another origin than the broker. Only app origins
 * are ever named, one at a time; everybody else gets an answer without a single CORS header.
 */
import { header } from '../contract/wire.ts';
import { empty, withHeaders } from './answers.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { isAppOrigin, isRemoteApp } from './origins.ts';
import type { Origins } from './origins.ts';

type Header = readonly [name: string, value: string];

const maxRequestedHeaders = 32;
const maxRequestedCharacters = 1024;
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,64}$/;

const allowMethods: Header = ['access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE'];
/** How long a browser remembers the answer. The request that follows is checked anyway. */
const maxAge: Header = ['access-control-max-age', '7200'];

const sharedWith = (origin: string): readonly Header[] => [
  ['access-control-allow-origin', origin],
  ['access-control-allow-credentials', 'true'],
  ['access-control-expose-headers', `${header.error}, retry-after`],
];

/** The names a preflight asks for, as far as they are names at all; what an API gets to see is decided elsewhere. */
function allowedHeaders(requested: string): string {
  const names = new Set<string>([header.csrf, 'content-type']);
  for (const item of requested.slice(0, maxRequestedCharacters).split(',').slice(0, maxRequestedHeaders)) {
    const name = item.trim().toLowerCase();
    if (headerName.test(name)) names.add(name);
  }
  return [...names].join(', ');
}

/**
 * The answer to `OPTIONS` on any path: 204, with CORS headers for an app origin and without them for everybody else.
 * Nothing about the path, the cookies or the session is looked at.
 */
export function preflight({ headers }: Pick<HttpRequest, 'headers'>, origins: Origins): HttpResponse {
  const origin = headers.get('origin');
  const vary: Header = ['vary', 'Origin, Access-Control-Request-Headers'];
  if (origin === undefined || !isAppOrigin(origin, origins)) return withHeaders(empty(204), [vary]);
  const requested = headers.get('access-control-request-headers') ?? '';
  return withHeaders(empty(204), [
    ...sharedWith(origin),
    allowMethods,
    ['access-control-allow-headers', allowedHeaders(requested)],
    maxAge,
    vary,
  ]);
}

/** What every other answer carries; nothing where the application has the origin of the broker. */
export function corsHeaders({ headers }: Pick<HttpRequest, 'headers'>, origins: Origins): readonly Header[] {
  if (origins.appOrigins.every((origin) => origin === origins.publicOrigin)) return [];
  const origin = headers.get('origin');
  const isShared = origin !== undefined && isRemoteApp(origin, origins);
  return [...(isShared ? sharedWith(origin) : []), ['vary', 'Origin']];
}
