/** The product's endpoints, each request in a context of its own, as on an instance that nobody else uses. */
import { ClientSecretPost, type ServerMetadata } from 'openid-client';
import { wayOf } from '../../functions/audience/dialects.ts';
import { redemptionGroups } from '../../functions/audience/groups.ts';
import { epochSeconds } from '../../functions/contract/units.ts';
import { callApi } from '../../functions/endpoints/api/call-api.ts';
import { refresh } from '../../functions/endpoints/api/refresh.ts';
import type { ApiContext } from '../../functions/endpoints/api/room.ts';
import { user } from '../../functions/endpoints/api/user.ts';
import type { AuthContext } from '../../functions/endpoints/auth/room.ts';
import type { Broker } from '../../functions/endpoints/context.ts';
import type { HttpRequest, HttpResponse } from '../../functions/http/message.ts';
import type { Configuration } from '../../functions/configuration/schema.ts';
import { readPath } from '../../functions/proxy/path.ts';
import { createRoutes, matchRoute } from '../../functions/proxy/routes.ts';
import { createRefreshing } from '../../functions/refresh/refreshing.ts';
import type { RefreshRoom } from '../../functions/refresh/room.ts';
import { tooLateToDecide } from './invariants.ts';
import { apiFor, revocationFor, roomSeams, storeFor } from './seams.ts';
import { configurations, issuer, paths, ring } from './settings.ts';
import type { Task } from './scheduler.ts';
import type { Request } from './truth.ts';
import type { World } from './world.ts';

const made = (configuration: Configuration) => {
  const { apis, login } = configuration;
  const groups = redemptionGroups(apis);
  return {
    configuration,
    groups,
    routes: createRoutes(apis),
    groupOf: new Map(groups.flatMap((group) => group.apis.map((name) => [name, group]))),
    loginGroup: groups.find((group) => group.apis.includes(login.api ?? '')),
    way: wayOf(configuration.provider),
    layout: {
      logoutPath: '/bff/logout',
      apis: Object.entries(apis).map(([name, { path }]) => ({ name, path })),
    },
  };
};

const rooms = { refresh: made(configurations.refresh), immediate: made(configurations.immediate) };

function brokerOf(world: World): Broker & (typeof rooms)['refresh'] {
  return {
    ...rooms[world.settings.revocation],
    paths,
    ring,
    random: world.random,
    hasTable: world.settings.hasTable,
    rereadKeys: async () => undefined,
  };
}

const silent = (): void => undefined;

export function apiContext(world: World, task: Task, request: Request, http: HttpRequest): ApiContext {
  const broker = brokerOf(world);
  const { configuration, groups, way, loginGroup } = broker;
  const { mutant } = world;
  const bare: RefreshRoom = {
    store: storeFor(world, task, request),
    provider: configuration.provider,
    way,
    groups,
    apis: configuration.apis,
    openidScopes: configuration.scopes,
    loginGroup,
    ...roomSeams(world, task, request),
  };
  const room = mutant.room?.(bare, world) ?? bare;
  const refreshing = createRefreshing(room);
  const asked = mutant.refreshing?.(refreshing, world) ?? refreshing;
  return {
    request: http,
    now: epochSeconds(world.scheduler.nowMs() / 1000),
    log: (_level, event, fields) => {
      if (event === 'refreshed') request.refreshed = true;
      if (fields?.['reason'] === 'too_late_to_decide' && request.session !== undefined)
        tooLateToDecide(world, request.session, request);
    },
    broker: { ...broker, refreshing: async () => asked, standings: world.standings, send: apiFor(world, request) },
  };
}

/** As the door does it, without what a door does around its endpoints. */
export async function serve(context: ApiContext): Promise<HttpResponse> {
  const { request, broker } = context;
  if (request.path === '/bff/user') return user(context);
  if (request.path === '/bff/refresh') return refresh(context);
  const path = readPath(request);
  const match = path.kind === 'path' ? matchRoute(broker.routes, path) : undefined;
  if (match === undefined) throw new Error(`nothing is served at ${request.path}`);
  return callApi(context, match);
}

const metadata: ServerMetadata = {
  issuer,
  authorization_endpoint: `${issuer}authorize`,
  token_endpoint: `${issuer}token`,
  jwks_uri: `${issuer}keys`,
  revocation_endpoint: `${issuer}revoke`,
  end_session_endpoint: `${issuer}logout`,
};
const auth = ClientSecretPost('a-secret-of-the-model');

export function authContext(world: World, task: Task, request: Request, http: HttpRequest): AuthContext {
  const broker = brokerOf(world);
  const { provider: settings } = broker.configuration;
  const store = storeFor(world, task, request);
  const { way, loginGroup } = broker;
  const { nowMs, random, pause, newHolder } = roomSeams(world, task, request);
  return {
    request: http,
    now: epochSeconds(world.scheduler.nowMs() / 1000),
    log: silent,
    broker: {
      ...broker,
      store,
      sharing: { store, way, loginGroup, nowMs, random, pause, newHolder },
      renewProvider: async () => undefined,
      provider: {
        settings,
        metadata: async () => ({ kind: 'known', metadata }),
        tokenEndpoint: async () => ({ settings, metadata, auth, send: revocationFor(world, task) }),
        keys: () => {
          throw new Error('no signature is looked at here');
        },
      },
    },
  };
}

export const tokenEndpoint = (context: AuthContext) => context.broker.provider.tokenEndpoint(metadata);
export { metadata };
