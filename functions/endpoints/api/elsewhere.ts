/** Endpoints of the other door: a request for one of them comes here when its method has no route of its own. */
import { endpoint } from '../../contract/wire.ts';
import type { Broker } from '../context.ts';

/**
 * @param path as it was requested
 * @returns the methods that the endpoint at this path has, for the header `Allow` (RFC 9110, section 10.2.1)
 */
export function methodsElsewhere({ paths, hasTable }: Broker, path: string): string | undefined {
  const { base, callback } = paths;
  switch (path) {
    case callback:
    case base + endpoint.login:
    case base + endpoint.logoutCallback:
      return 'GET';
    case base + endpoint.logout:
      return 'GET, POST';
    case base + endpoint.backchannel:
      return hasTable ? 'POST' : undefined;
    default:
      return undefined;
  }
}
