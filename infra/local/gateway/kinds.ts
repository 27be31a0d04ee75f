/** The kinds of gateway that can stand in front of the packaged functions on this machine. */
import { functionUrl, functionUrlRoutes, urlDomain } from './function-url.ts';
import type { GatewayKind } from './gateway.ts';
import { httpApi } from './http-api.ts';
import { restApi, restRoutes } from './rest-api.ts';
import type { Route } from './routes.ts';
import type { PackagedStack } from './template.ts';

interface Offered {
  readonly kind: GatewayKind;
  readonly routesOf: (stack: PackagedStack) => readonly Route[];
  /** What follows the API's id in its default domain name. */
  readonly domain: (region: string) => string;
}

const executeApi = (region: string): string => `execute-api.${region}.amazonaws.com`;

export const gatewayKinds = {
  'http-api': { kind: httpApi, routesOf: ({ routes }) => routes, domain: executeApi },
  rest: { kind: restApi, routesOf: ({ routes }) => restRoutes(routes), domain: executeApi },
  'function-url': {
    kind: functionUrl,
    routesOf: functionUrlRoutes,
    domain: urlDomain,
  },
} as const satisfies Record<string, Offered>;

export type Events = keyof typeof gatewayKinds;

export const isEvents = (name: string): name is Events => Object.hasOwn(gatewayKinds, name);
