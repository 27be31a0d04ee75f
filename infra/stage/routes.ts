/** Which requests go to the function `auth`, as an HTTP API writes it. Every other request goes to `api`. */
import { endpoint } from '../../functions/contract/wire.ts';

/** The paths that a deployment is made for, as far as routes are made of them. */
export interface RoutedPaths {
  readonly basePath: string;
  readonly callbackPath: string;
}

export function authRoutes({ basePath, callbackPath }: RoutedPaths) {
  return {
    login: `GET ${basePath}${endpoint.login}`,
    callback: `GET ${callbackPath}`,
    logout: `GET ${basePath}${endpoint.logout}`,
    logoutByPost: `POST ${basePath}${endpoint.logout}`,
    logoutCallback: `GET ${basePath}${endpoint.logoutCallback}`,
    backchannel: `POST ${basePath}${endpoint.backchannel}`,
  };
}

/** What anybody may ask for without a session, and what makes the provider work: these have a limit of their own. */
export function slowedRoutes(paths: RoutedPaths): readonly string[] {
  const { login, callback, backchannel } = authRoutes(paths);
  return [login, callback, backchannel];
}
