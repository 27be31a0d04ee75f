/** Where an API's answer points to, in the browser's terms. */
import type { Route } from './routes.ts';

/**
 * Rewrites a `Location` into the API's path. An API that heeds `X-Forwarded-Host` names the broker's origin with its own
 * path, so that origin counts as its own.
 *
 * @param location as the API sent it, absolute or relative to the request
 * @param requestUrl the URL at which the API was asked
 * @returns a path with query and fragment; undefined where it leads out of the API
 */
export function rewriteLocation(
  location: string,
  requestUrl: string,
  { api, origin, basePath }: Pick<Route, 'api' | 'origin' | 'basePath'>,
  publicOrigin: string,
): string | undefined {
  const url = URL.parse(location, requestUrl);
  if (url === null || (url.origin !== origin && url.origin !== publicOrigin)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  if (url.pathname !== basePath && !url.pathname.startsWith(`${basePath}/`)) return undefined;
  return `${api.path}${url.pathname.slice(basePath.length)}${url.search}${url.hash}`;
}
