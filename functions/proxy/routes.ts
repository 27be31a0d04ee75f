/** Which API a path belongs to. The table is built once; a path is matched by whole segments. */
import type { Api, Configuration } from '../configuration/schema.ts';
import type { CanonicalPath } from './path.ts';
import { forwardedNames } from './request-headers.ts';

/** One API with what is worked out about it once. */
export interface Route {
  readonly name: string;
  readonly api: Api;
  /** The upstream's scheme and authority. */
  readonly origin: string;
  /** The upstream's path without a slash at its end; empty where it is the root. */
  readonly basePath: string;
  /** Request headers that are passed on, in lower case. */
  readonly requestHeaders: ReadonlySet<string>;
  readonly anonymous: readonly Pattern[];
  readonly headerless: readonly Pattern[];
}

/** A path pattern: these segments and nothing more, or, with `below`, at least one more. */
export interface Pattern {
  readonly segments: readonly string[];
  readonly below: boolean;
}

/** Where a request goes. */
export interface Match {
  readonly route: Route;
  /** What follows the API's path, encoded; empty, or beginning with a slash. */
  readonly rest: string;
  /** No session is needed, and no token is sent. */
  readonly anonymous: boolean;
  /** Links, images and `EventSource` may GET it. */
  readonly headerless: boolean;
}

/** The APIs by path, and how many segments their paths have. */
export interface Routes {
  readonly byPath: ReadonlyMap<string, Route>;
  readonly lengths: readonly number[];
}

export const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

export function parsePattern(text: string): Pattern {
  const below = text.endsWith('/*');
  return { segments: segmentsOf(below ? text.slice(0, -2) : text), below };
}

function createRoute(name: string, api: Api): Route {
  const { origin, pathname } = new URL(api.upstream);
  return {
    name,
    api,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    requestHeaders: forwardedNames(api.requestHeaders),
    anonymous: api.anonymous.map(parsePattern),
    headerless: api.headerless.map(parsePattern),
  };
}

/** @param apis validated: their paths are canonical, and none lies inside another */
export function createRoutes(apis: Configuration['apis']): Routes {
  const byPath = new Map<string, Route>();
  const lengths = new Set<number>();
  for (const [name, api] of Object.entries(apis)) {
    byPath.set(api.path, createRoute(name, api));
    lengths.add(segmentsOf(api.path).length);
  }
  return { byPath, lengths: [...lengths] };
}

/**
 * `/*` is every path of the API, its own included. `/invoices/*` is everything below `/invoices`, though not `/invoices`
 * itself. Anything else is exactly that path, without a slash at its end.
 */
export function isMatched(
  { segments: wanted, below }: Pattern,
  segments: readonly string[],
  trailingSlash: boolean,
): boolean {
  if (wanted.length === 0) return below;
  if (below ? segments.length <= wanted.length : segments.length !== wanted.length || trailingSlash) return false;
  return wanted.every((segment, at) => segment === segments[at]);
}

/** @returns undefined where the path belongs to no API */
export function matchRoute({ byPath, lengths }: Routes, path: CanonicalPath): Match | undefined {
  for (const length of lengths) {
    if (path.segments.length < length) continue;
    const route = byPath.get(`/${path.segments.slice(0, length).join('/')}`);
    if (route === undefined) continue;
    const below = path.segments.slice(length);
    const matches = (pattern: Pattern): boolean => isMatched(pattern, below, path.trailingSlash);
    return {
      route,
      // An API's path has only characters that stand for themselves, so it is as long encoded as it is decoded.
      rest: path.encoded.slice(route.api.path.length),
      anonymous: route.anonymous.some(matches),
      headerless: route.headerless.some(matches),
    };
  }
  return undefined;
}
