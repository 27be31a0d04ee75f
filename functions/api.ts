/** The door for what the single-page app fetches: the user, and its APIs. */
import { furnishApis } from './api-room.ts';
import { endpoint } from './contract/wire.ts';
import { openDoor, type Door } from './door.ts';
import { callApi } from './endpoints/api/call-api.ts';
import { methodsElsewhere } from './endpoints/api/elsewhere.ts';
import type { ApiBroker, ApiContext } from './endpoints/api/room.ts';
import { user } from './endpoints/api/user.ts';
import { withHeaders } from './http/answers.ts';
import type { HttpResponse } from './http/message.ts';
import { problem } from './http/problems.ts';
import { send } from './outgoing/send.ts';
import { readPath } from './proxy/path.ts';
import { matchRoute } from './proxy/routes.ts';

type Endpoint = (context: ApiContext) => Promise<HttpResponse>;

interface Served {
  readonly method: 'GET' | 'POST';
  readonly serve: Endpoint;
}

const endpoints: ReadonlyMap<string, Served> = new Map<string, Served>([
  [endpoint.user, { method: 'GET', serve: user }],
  [
    endpoint.refresh,
    { method: 'POST', serve: async (context) => (await import('./endpoints/api/refresh.ts')).refresh(context) },
  ],
  // Of use on a development stage alone, and loaded there alone.
  [
    endpoint.diagnostics,
    {
      method: 'GET',
      serve: async (context) => (await import('./endpoints/api/diagnostics.ts')).diagnostics(context),
    },
  ],
]);

function ownEndpoint({ broker }: ApiContext, path: string): Served | undefined {
  const { base } = broker.paths;
  return path.startsWith(`${base}/`) ? endpoints.get(path.slice(base.length)) : undefined;
}

const methodNotAllowed = (ref: string, allow: string): HttpResponse =>
  withHeaders(problem('method_not_allowed', { ref }), [['allow', allow]]);

const door: Door<ApiBroker> = {
  furnish: (broker, tools) => furnishApis(broker, tools, send),
  serve(context) {
    const { request, broker, log } = context;
    const ref = request.requestId;
    const path = readPath(request);
    if (path.kind === 'refused') {
      log('warn', 'proxy_denied', { reason: path.reason });
      return problem('path_invalid', { ref });
    }
    const own = ownEndpoint(context, path.encoded);
    if (own !== undefined) {
      if (request.method === own.method) return own.serve(context);
      return methodNotAllowed(ref, own.method);
    }
    const elsewhere = methodsElsewhere(broker, path.encoded);
    if (elsewhere !== undefined) return methodNotAllowed(ref, elsewhere);
    const match = matchRoute(broker.routes, path);
    return match === undefined ? problem('not_found', { ref }) : callApi(context, match);
  },
};

export const handler = await openDoor(door, new URL('configuration.json', import.meta.url));
