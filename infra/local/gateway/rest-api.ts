/**
 * A REST API on one machine: Lambda proxy integration with all media types declared as binary, and its own limits. Where
 * the packaged template describes an HTTP API, its routes are served as the same resources of a REST API would be.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 */
import type { GatewayKind } from './gateway.ts';
import { headerBytes } from './http-api.ts';
import { fromRestResult, toRestEvent } from './rest-api-event.ts';
import type { Route } from './routes.ts';

/** All headers together. */
const headerLimitBytes = 10_240;
const integrationLimitMs = 29_000;

export const restRoutes = (routes: readonly Route[]): Route[] =>
  routes.map((route) => ({ ...route, timeoutMs: Math.min(integrationLimitMs, route.timeoutMs) }));

export const restApi: GatewayKind = {
  isHeadTooLarge: (request) => headerBytes(request) > headerLimitBytes,
  bodyLimitBytes: 10 * 1024 * 1024,
  toEvent: toRestEvent,
  fromResult: fromRestResult,
  requestIdHeader: 'x-amzn-requestid',
  ownAnswers: {
    target_unreadable: [400, { message: 'Bad Request' }],
    no_route: [403, { message: 'Missing Authentication Token' }],
    too_large: [413, { message: 'Request Too Long' }],
    head_too_large: [431, { message: 'Request Header Fields Too Large' }],
    function_failed: [502, { message: 'Internal server error' }],
    too_late: [504, { message: 'Endpoint request timed out' }],
  },
};
