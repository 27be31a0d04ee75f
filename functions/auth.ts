/** The door for what a browser navigates to and the provider posts: login, callback, logout. */
import { endpoint } from './contract/wire.ts';
import { withNewestCredentials } from './credentials.ts';
import { openDoor, type Door } from './door.ts';
import { backchannel } from './endpoints/auth/backchannel.ts';
import { callback } from './endpoints/auth/callback.ts';
import { login } from './endpoints/auth/login.ts';
import { logoutCallback } from './endpoints/auth/logout-callback.ts';
import { logout, logoutByFetch } from './endpoints/auth/logout.ts';
import type { AuthBroker, AuthContext } from './endpoints/auth/room.ts';
import { withHeaders } from './http/answers.ts';
import type { HttpResponse } from './http/message.ts';
import { problem } from './http/problems.ts';
import { createProvider } from './oidc/provider.ts';
import { send } from './outgoing/send.ts';
import { openSharing } from './sharing.ts';

type Endpoint = (context: AuthContext) => HttpResponse | Promise<HttpResponse>;

function endpointsAt({
  base,
  callback: callbackPath,
}: AuthBroker['paths']): ReadonlyMap<string, ReadonlyMap<string, Endpoint>> {
  return new Map([
    [base + endpoint.login, new Map<string, Endpoint>([['GET', login]])],
    [callbackPath, new Map<string, Endpoint>([['GET', callback]])],
    [
      base + endpoint.logout,
      new Map<string, Endpoint>([
        ['GET', logout],
        ['POST', logoutByFetch],
      ]),
    ],
    [base + endpoint.backchannel, new Map<string, Endpoint>([['POST', backchannel]])],
    [base + endpoint.logoutCallback, new Map<string, Endpoint>([['GET', logoutCallback]])],
  ]);
}

const door: Door<AuthBroker> = {
  furnish(broker, tools) {
    const provider = createProvider(broker.configuration.provider, send);
    const sharing = openSharing(tools.environment, broker.configuration);
    return {
      ...broker,
      provider,
      renewProvider: () => withNewestCredentials(provider, tools),
      way: sharing.way,
      groups: sharing.groups,
      store: sharing.store,
      sharing,
    };
  },
  serve(context) {
    const { request, broker } = context;
    const ref = request.requestId;
    const methods = endpointsAt(broker.paths).get(request.path);
    if (methods === undefined) return problem('not_found', { ref });
    const serve = methods.get(request.method);
    if (serve !== undefined) return serve(context);
    return withHeaders(problem('method_not_allowed', { ref }), [['allow', [...methods.keys()].join(', ')]]);
  },
};

export const handler = await openDoor(door, new URL('configuration.json', import.meta.url));
