/** The preflight of a cross-origin request (WHATWG Fetch, section 3.2.2); answered before anything else is looked at. */
import { header } from '../contract/wire.ts';
import { empty, withHeaders } from './answers.ts';
import { sharedWith } from './cors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { isAppOrigin } from './origins.ts';
import type { Origins } from './origins.ts';

type Header = readonly [name: string, value: string];

const maxRequestedHeaders = 32;
const maxRequestedCharacters = 1024;
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,64}$/;

const allowMethods: Header = ['access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE'];
/** How long a browser remembers the answer. The request that follows is checked anyway. */
const maxAge: Header = ['access-control-max-age', '7200'];

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
