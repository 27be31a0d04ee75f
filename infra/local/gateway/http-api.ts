/** An HTTP API on one machine: limits, routes, one invocation per request, and API Gateway's own answers. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Lambda } from '../lambda/lambda.ts';
import { listen, shut } from '../loopback.ts';
import { fromResult, toEvent } from './http-api-event.ts';
import type { ApiIdentity, GatewayAnswer, GatewayRequest } from './http-api-event.ts';
import { chooseRoute } from './routes.ts';
import type { Match, Route } from './routes.ts';

/** Request line and headers together. */
const headerLimitBytes = 10_240;
const bodyLimitBytes = 10 * 1024 * 1024;

export interface HttpApiOptions {
  readonly routes: readonly Route[];
  readonly api: ApiIdentity;
  readonly lambda: Pick<Lambda, 'invoke'>;
  /** Takes what went wrong behind an answer of the gateway's own. */
  readonly onFault?: (message: string) => void;
}

export interface HttpApi {
  readonly origin: string;
  close(): Promise<void>;
}

const messages = {
  400: 'Bad Request',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** An answer that the gateway gives without, or instead of, the function. */
function gatewayAnswer(status: keyof typeof messages): GatewayAnswer {
  const body = Buffer.from(JSON.stringify({ message: messages[status] }));
  return { status, headers: [['content-type', 'application/json']], body };
}

function headBytes({ method, url, httpVersion, rawHeaders }: IncomingMessage): number {
  const requestLine = `${method} ${url} HTTP/${httpVersion}\r\n`;
  // Every name is followed by ": " and every value by a line end.
  return (
    Buffer.byteLength(requestLine) + rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text, 'latin1') + 2, 2)
  );
}

/** @returns `undefined` once the body is larger than the limit; the rest of it is read and dropped */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimitBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([work, expiry]).finally(() => clearTimeout(timer));
}

function send(response: ServerResponse, answer: GatewayAnswer, requestId: string): void {
  const headers = [...answer.headers.flat(), 'apigw-requestid', requestId];
  if (answer.status !== 204 && answer.status !== 304) headers.push('content-length', String(answer.body.length));
  // What is left of a body that was not read would be taken for the next request.
  if (!response.req.complete) headers.push('connection', 'close');
  response.writeHead(answer.status, headers).end(answer.body);
}

/**
 * Serves the routes on a free loopback port.
 * @param options the packaged routes and what they lead to
 */
export async function startHttpApi(options: HttpApiOptions): Promise<HttpApi> {
  const fault = (message: string): void => options.onFault?.(message);

  async function invoke(request: GatewayRequest, match: Match, requestId: string, at: Date): Promise<GatewayAnswer> {
    const { functionName, timeoutMs } = match.route;
    const event = toEvent(request, match, options.api, requestId, at);
    const outcome = await within(timeoutMs, options.lambda.invoke(functionName, event));
    if (outcome === undefined) {
      fault(`${functionName} did not answer within ${timeoutMs} ms (${request.method} ${event.rawPath}).`);
      return gatewayAnswer(503);
    }
    if (outcome.kind === 'event_too_large') return gatewayAnswer(413);
    if (outcome.kind === 'error') {
      fault(`${functionName} failed: ${outcome.errorType}: ${outcome.errorMessage}`);
      return gatewayAnswer(500);
    }
    const answer = fromResult(outcome.body);
    if (answer === undefined) fault(`${functionName} returned a result that is no answer.`);
    return answer ?? gatewayAnswer(500);
  }

  async function answerTo(request: IncomingMessage, requestId: string, at: Date): Promise<GatewayAnswer> {
    if (headBytes(request) > headerLimitBytes) return gatewayAnswer(431);
    const { method = 'GET', url: target = '/', httpVersion, rawHeaders } = request;
    if (!target.startsWith('/')) return gatewayAnswer(400);
    const match = chooseRoute(options.routes, method, target.split('?', 1)[0] ?? '');
    if (match === undefined) return gatewayAnswer(404);
    const body = await readBody(request);
    if (body === undefined) return gatewayAnswer(413);
    const sourceIp = request.socket.remoteAddress ?? '';
    return invoke({ method, target, httpVersion, rawHeaders, body, sourceIp }, match, requestId, at);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const answer = await answerTo(request, requestId, new Date());
    try {
      send(response, answer, requestId);
    } catch (error) {
      fault(`An answer cannot be sent: ${String(error)}`);
      send(response, gatewayAnswer(500), requestId);
    }
    request.resume();
  }

  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!request.socket.destroyed) fault(`The gateway failed: ${String(error)}`);
      response.destroy();
    });
  });
  return { origin: await listen(server), close: async () => shut(server) };
}
