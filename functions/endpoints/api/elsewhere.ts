/** Endpoints of the other door: a request for one of them comes here when its method has no route of its own. */
import type { Paths } from '../../configuration/schema.ts';
import { endpoint } from '../../contract/wire.ts';

/**
 * @param path as it was requested
 * @returns the methods that the endpoint at this path has, for the header `Allow` (RFC 9110, section 10.2.1)
 */
export function methodsElsewhere({ base, callback }: Paths, path: string): string | undefined {
  switch (path) {
    case callback:
    case base + endpoint.login:
    case base + endpoint.logoutCallback:
      return 'GET';
    case base + endpoint.logout:
      return 'GET, POST';
    default:
      return undefined;
  }
}
