/** The kinds of gateway that can stand in front of the packaged functions on this machine. */
import { restApiResources, type RestApiOptions } from '../../stage/rest-api.ts';
import { functionUrl, functionUrlRoutes, urlDomain } from './function-url.ts';
import type { GatewayKind } from './gateway.ts';
import { httpApi } from './http-api.ts';
import type { Account, Template } from './intrinsics.ts';
import { restApi } from './rest-api.ts';
import type { Route } from './routes.ts';
import { readTemplate } from './template.ts';
import type { PackagedStack } from './template.ts';

/** What routes are made of. */
export interface RouteSource extends RestApiOptions {
  readonly stack: PackagedStack;
  /** The packaged template as it is written. */
  readonly template: Template;
  readonly account: Account;
}

interface Offered {
  readonly kind: GatewayKind;
  readonly routesOf: (source: RouteSource) => readonly Route[];
  /** What follows the API's id in its default domain name. */
  readonly domain: (region: string) => string;
  /** Whether the gateway leads to the function that streams; otherwise the edge leads to its URL. */
  readonly streams: boolean;
}

const executeApi = (region: string): string => `execute-api.${region}.amazonaws.com`;

const isOfGateway = (type: string): boolean => /^AWS::ApiGateway(?:V2)?::/.test(type);

/** The configuration may be another one than the packaged one: its resources take the place of what is in the template. */
function restRoutesOf({ template, account, ...options }: RouteSource): readonly Route[] {
  const others = Object.entries(template.Resources).filter(([, { Type }]) => !isOfGateway(Type));
  const { resources } = restApiResources(options);
  const Resources = { ...Object.fromEntries(others), ...resources, RestApi: { Type: 'AWS::ApiGateway::RestApi' } };
  return readTemplate({ ...template, Resources }, account).routes;
}

export const gatewayKinds = {
  'http-api': { kind: httpApi, routesOf: ({ stack }) => stack.routes, domain: executeApi, streams: false },
  rest: { kind: restApi, routesOf: restRoutesOf, domain: executeApi, streams: true },
  'function-url': {
    kind: functionUrl,
    routesOf: ({ stack, ...paths }) => functionUrlRoutes(stack, paths),
    domain: urlDomain,
    streams: false,
  },
} as const satisfies Record<string, Offered>;

export type Events = keyof typeof gatewayKinds;

export const isEvents = (name: string): name is Events => Object.hasOwn(gatewayKinds, name);
