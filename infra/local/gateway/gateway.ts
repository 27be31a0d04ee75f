/** What the gateways on one machine have in common: limits, routes, one invocation per request, and answers of their own. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Lambda } from '../lambda/lambda.ts';
import { listen, shut } from '../loopback.ts';
import type { ApiIdentity, GatewayAnswer, GatewayRequest } from './http-api-event.ts';
import { chooseRoute } from './routes.ts';
import type { Match, Route } from './routes.ts';
import { passStream } from './streamed-answer.ts';

/** Why a gateway answers without, or instead of, the function. */
export type Fault =
  'target_unreadable' | 'no_route' | 'head_too_large' | 'too_large' | 'unsigned' | 'function_failed' | 'too_late';

/** What distinguishes one kind of gateway from another. */
export interface GatewayKind {
  readonly isHeadTooLarge: (request: IncomingMessage) => boolean;
  readonly bodyLimitBytes: number;
  /** Whether the body is not the one that the CDN in front has signed. Left out: none has to be. */
  readonly isUnsigned?: (request: GatewayRequest) => boolean;
  /** The event of a request that came at a time and is known under an id. */
  readonly toEvent: (request: GatewayRequest, match: Match, api: ApiIdentity, requestId: string, at: Date) => object;
  /** @returns `undefined` when the gateway cannot make an answer of what the function returned */
  readonly fromResult: (result: Buffer) => GatewayAnswer | undefined;
  /** What becomes of the headers that a function streams ahead of a body. */
  readonly streamedHeaders?: (stated: GatewayAnswer['headers']) => GatewayAnswer['headers'];
  readonly requestIdHeader: string;
  readonly ownAnswers: Readonly<Record<Fault, readonly [status: number, body: object]>>;
}

export interface GatewayOptions {
  /** As they are now. */
  readonly routes: () => readonly Route[];
  readonly api: ApiIdentity;
  readonly lambda: Pick<Lambda, 'invoke' | 'begin'>;
  /** Takes what went wrong behind an answer of the gateway's own. */
  readonly onFault?: (message: string) => void;
}

/** A request that has a route, and the event that is made of it. */
interface Admitted {
  readonly request: GatewayRequest;
  readonly match: Match;
  readonly event: object;
}

export interface Gateway {
  readonly origin: string;
  close(): Promise<void>;
}

/** @returns `undefined` once the body is larger than the limit; the rest of it is read and dropped */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

const asStated = (headers: GatewayAnswer['headers']): GatewayAnswer['headers'] => headers;

const methodAndPath = ({ method, target }: GatewayRequest): string => `${method} ${target.split('?', 1)[0] ?? ''}`;

async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([work, expiry]).finally(() => clearTimeout(timer));
}

function send(response: ServerResponse, answer: GatewayAnswer, requestId: readonly [name: string, id: string]): void {
  const headers = [...answer.headers.flat(), ...requestId];
  if (answer.status !== 204 && answer.status !== 304) headers.push('content-length', String(answer.body.length));
  // What is left of a body that was not read would be taken for the next request.
  if (!response.req.complete) headers.push('connection', 'close');
  response.writeHead(answer.status, headers).end(answer.body);
}

/**
 * Serves the routes on a free loopback port.
 * @param kind what stands in front of the functions
 * @param options the routes and what they lead to
 */
export async function startGateway(kind: GatewayKind, options: GatewayOptions): Promise<Gateway> {
  const fault = (message: string): void => options.onFault?.(message);

  function gatewayAnswer(reason: Fault): GatewayAnswer {
    const [status, body] = kind.ownAnswers[reason];
    return { status, headers: [['content-type', 'application/json']], body: Buffer.from(JSON.stringify(body)) };
  }

  const tooLate = (functionName: string, timeoutMs: number, request: GatewayRequest): GatewayAnswer => {
    fault(`${functionName} did not answer within ${timeoutMs} ms (${methodAndPath(request)}).`);
    return gatewayAnswer('too_late');
  };

  const failed = (functionName: string, why: string): GatewayAnswer => {
    fault(`${functionName} failed: ${why}`);
    return gatewayAnswer('function_failed');
  };

  async function invoke({ request, match, event }: Admitted): Promise<GatewayAnswer> {
    const { functionName, timeoutMs } = match.route;
    const outcome = await within(timeoutMs, options.lambda.invoke(functionName, event));
    if (outcome === undefined) return tooLate(functionName, timeoutMs, request);
    if (outcome.kind === 'event_too_large') return gatewayAnswer('too_large');
    if (outcome.kind === 'error') return failed(functionName, `${outcome.errorType}: ${outcome.errorMessage}`);
    return kind.fromResult(outcome.body) ?? failed(functionName, 'it returned a result that is no answer');
  }

  /** @returns the gateway's own answer, or `undefined` where the function has begun to answer */
  async function stream(
    { request, match, event }: Admitted,
    response: ServerResponse,
    requestId: string,
  ): Promise<GatewayAnswer | undefined> {
    const { functionName, timeoutMs } = match.route;
    const outcome = await within(timeoutMs, options.lambda.begin(functionName, event));
    if (outcome === undefined) return tooLate(functionName, timeoutMs, request);
    if (outcome.kind === 'event_too_large') return gatewayAnswer('too_large');
    if (outcome.kind === 'error') return failed(functionName, `${outcome.errorType}: ${outcome.errorMessage}`);
    if (outcome.kind === 'result') return failed(functionName, 'it does not stream');
    const { streamedHeaders = asStated } = kind;
    const headers = (stated: GatewayAnswer['headers']): GatewayAnswer['headers'] => [
      ...streamedHeaders(stated),
      [kind.requestIdHeader, requestId],
    ];
    const hasBegun = await passStream(outcome, response, headers);
    return hasBegun ? undefined : failed(functionName, 'it answered without a prelude');
  }

  /** @returns why the request leads nowhere, or where it leads */
  async function admit(request: IncomingMessage, requestId: string, at: Date): Promise<Fault | Admitted> {
    if (kind.isHeadTooLarge(request)) return 'head_too_large';
    const { method = 'GET', url: target = '/', httpVersion, rawHeaders } = request;
    if (!target.startsWith('/')) return 'target_unreadable';
    const match = chooseRoute(options.routes(), method, target.split('?', 1)[0] ?? '');
    if (match === undefined) return 'no_route';
    const body = await readBody(request, kind.bodyLimitBytes);
    if (body === undefined) return 'too_large';
    const arrived = { method, target, httpVersion, rawHeaders, body, sourceIp: request.socket.remoteAddress ?? '' };
    if (kind.isUnsigned?.(arrived) === true) return 'unsigned';
    return { request: arrived, match, event: kind.toEvent(arrived, match, options.api, requestId, at) };
  }

  async function answerTo(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<GatewayAnswer | undefined> {
    const admitted = await admit(request, requestId, new Date());
    if (typeof admitted === 'string') return gatewayAnswer(admitted);
    return admitted.match.route.streamed === true ? stream(admitted, response, requestId) : invoke(admitted);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const answer = await answerTo(request, response, requestId);
    if (answer === undefined) return;
    try {
      send(response, answer, [kind.requestIdHeader, requestId]);
    } catch (error) {
      fault(`An answer cannot be sent: ${String(error)}`);
      send(response, gatewayAnswer('function_failed'), [kind.requestIdHeader, requestId]);
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
