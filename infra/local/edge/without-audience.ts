/**
 * The experiment of the page: the same login, but the audience is taken out of the redirect to the provider, as if the
 * broker had never named it. What comes back shows what the audience guarantee is for.
 */
import type { IncomingMessage } from 'node:http';

/** What a login link carries to ask for it: `/bff/login?returnUrl=%2F&without=audience`. */
const parameter = 'without';
const value = 'audience';

/** In which parameters a provider is told the audience, whatever its dialect. */
const audienceParameters = ['audience', 'resource'];

const read = (target: string): URL => new URL(target, 'http://edge');

/** @param loginPath for example `/bff/login` */
export function asksWithoutAudience(request: IncomingMessage, loginPath: string): boolean {
  const { pathname, searchParams } = read(request.url ?? '/');
  return pathname === loginPath && searchParams.get(parameter) === value;
}

/** @returns the request's target as the broker knows it */
export function withoutParameter(target: string): string {
  const url = read(target);
  url.searchParams.delete(parameter);
  return `${url.pathname}${url.search}`;
}

/** @returns the redirect without its audience */
export function withoutAudience(location: string): string {
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  for (const name of audienceParameters) url.searchParams.delete(name);
  return url.href;
}
