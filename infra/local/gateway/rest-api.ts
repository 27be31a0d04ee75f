/**
 * A REST API on one machine: Lambda proxy integration with all media types declared as binary, and its own limits.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 */
import type { GatewayKind } from './gateway.ts';
import { headerBytes } from './http-api.ts';
import { fromRestResult, nameOut, toRestEvent } from './rest-api-event.ts';

/** All headers together. */
const headerLimitBytes = 10_240;

export const restApi: GatewayKind = {
  isHeadTooLarge: (request) => headerBytes(request) > headerLimitBytes,
  bodyLimitBytes: 10 * 1024 * 1024,
  toEvent: toRestEvent,
  fromResult: fromRestResult,
  streamedHeaders: (stated) => stated.map(([name, value]) => [nameOut(name), value]),
  requestIdHeader: 'x-amzn-requestid',
  ownAnswers: {
    target_unreadable: [400, { message: 'Bad Request' }],
    no_route: [403, { message: 'Missing Authentication Token' }],
    too_large: [413, { message: 'Request Too Long' }],
    head_too_large: [431, { message: 'Request Header Fields Too Large' }],
    unsigned: [403, { message: 'Forbidden' }],
    function_failed: [502, { message: 'Internal server error' }],
    too_late: [504, { message: 'Endpoint request timed out' }],
  },
};
