/** Which route of an HTTP API a request takes. */

/** One route with what lies behind it. */
export interface Route {
  /** As in the template: `GET /bff/login`, `ANY /files/{path+}` or `$default`. */
  readonly key: string;
  readonly functionName: string;
  /** How long the gateway waits for an answer, or for the beginning of one. */
  readonly timeoutMs: number;
  /** The function streams its answers. */
  readonly streamed?: boolean;
}

/** The route of a request and the parts of the path that its variables stand for. */
export interface Match {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A full match comes before a greedy one and `$default` last; then the more literal segments, then the own method. */
interface Rank {
  readonly greedy: boolean;
  readonly literals: number;
  readonly anyMethod: boolean;
}

function better(a: Rank, b: Rank): boolean {
  if (a.greedy !== b.greedy) return b.greedy;
  if (a.literals !== b.literals) return a.literals > b.literals;
  return b.anyMethod && !a.anyMethod;
}

/** @returns the variables, or `undefined` where the path is another one */
function matchPath(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  const variables: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const name = /^\{(?<name>[^}+]+)(?<greedy>\+?)\}$/.exec(segment)?.groups;
    const found = path[index];
    if (name?.['greedy'] === '+') {
      const rest = path.slice(index).join('/');
      return rest === '' ? undefined : { ...variables, [name['name'] ?? '']: rest };
    }
    if (found === undefined || (name === undefined ? found !== segment : found === '')) return undefined;
    if (name !== undefined) variables[name['name'] ?? ''] = found;
  }
  return path.length === pattern.length ? variables : undefined;
}

/**
 * @param routes of the API
 * @param method of the request
 * @param path of the request as the client sent it, without the query
 * @returns `undefined` when there is neither a route nor `$default`
 */
export function chooseRoute(routes: readonly Route[], method: string, path: string): Match | undefined {
  let best: (Match & Rank) | undefined;
  for (const route of routes) {
    const [routeMethod = '', routePath] = route.key.split(' ');
    if (routePath === undefined || (routeMethod !== 'ANY' && routeMethod !== method)) continue;
    const pattern = routePath.split('/');
    const pathParameters = matchPath(pattern, path.split('/'));
    if (pathParameters === undefined) continue;
    const greedy = routePath.endsWith('+}');
    const literals = pattern.filter((segment) => !segment.startsWith('{')).length;
    const candidate = { route, pathParameters, greedy, literals, anyMethod: routeMethod === 'ANY' };
    if (best === undefined || better(candidate, best)) best = candidate;
  }
  if (best !== undefined) return { route: best.route, pathParameters: best.pathParameters };
  const fallback = routes.find(({ key }) => key === '$default');
  return fallback && { route: fallback, pathParameters: {} };
}
