/** An HTTP API on one machine: its limits and API Gateway's own answers. */
import type { IncomingMessage } from 'node:http';
import { startGateway } from './gateway.ts';
import type { Gateway, GatewayKind, GatewayOptions } from './gateway.ts';
import { fromResult, toEvent } from './http-api-event.ts';

/** Request line and headers together. */
const headerLimitBytes = 10_240;

/** Every name is followed by ": " and every value by a line end. */
export const headerBytes = ({ rawHeaders }: IncomingMessage): number =>
  rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text, 'latin1') + 2, 2);

function headBytes(request: IncomingMessage): number {
  const { method, url, httpVersion } = request;
  return Buffer.byteLength(`${method} ${url} HTTP/${httpVersion}\r\n`) + headerBytes(request);
}

export const httpApi: GatewayKind = {
  isHeadTooLarge: (request) => headBytes(request) > headerLimitBytes,
  bodyLimitBytes: 10 * 1024 * 1024,
  toEvent,
  fromResult,
  requestIdHeader: 'apigw-requestid',
  ownAnswers: {
    target_unreadable: [400, { message: 'Bad Request' }],
    no_route: [404, { message: 'Not Found' }],
    too_large: [413, { message: 'Request Entity Too Large' }],
    head_too_large: [431, { message: 'Request Header Fields Too Large' }],
    unsigned: [403, { message: 'Forbidden' }],
    function_failed: [500, { message: 'Internal Server Error' }],
    too_late: [503, { message: 'Service Unavailable' }],
  },
};

/** Serves the routes of an HTTP API on a free loopback port. */
export const startHttpApi = async (options: GatewayOptions): Promise<Gateway> => startGateway(httpApi, options);
