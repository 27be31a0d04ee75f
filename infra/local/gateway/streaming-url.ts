/** The URL of a function whose answers are streamed: one invocation per request, bytes passed on as they are written. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StreamedResult } from '../lambda/function.ts';
import type { Lambda } from '../lambda/lambda.ts';
import { listen, readBody, shut } from '../loopback.ts';
import { toEvent } from './http-api-event.ts';
import { integrationType, readPrelude } from './prelude.ts';

export interface StreamingUrlOptions {
  readonly functionName: string;
  readonly accountId: string;
  readonly region: string;
  readonly lambda: Pick<Lambda, 'begin'>;
  /** Takes what went wrong behind an answer of the front's own. */
  readonly onFault?: (message: string) => void;
}

export interface StreamingUrl {
  readonly origin: string;
  close(): Promise<void>;
}

const route = { key: '$default', functionName: '', timeoutMs: 0 };

/** As an HTTP API's, with the path as it was sent. */
function eventOf(request: IncomingMessage, body: Buffer, { accountId, region }: StreamingUrlOptions): object {
  const { method = 'GET', url: target = '/', httpVersion, rawHeaders, socket } = request;
  const api = { apiId: 'local', accountId, domainName: `local.lambda-url.${region}.on.aws` };
  const sourceIp = socket.remoteAddress ?? '';
  const arrived = { method, target, httpVersion, rawHeaders, body, sourceIp };
  const event = toEvent(arrived, { route, pathParameters: {} }, api, randomUUID(), new Date());
  const path = target.split('?', 1)[0] ?? '/';
  const { requestContext } = event;
  return { ...event, rawPath: path, requestContext: { ...requestContext, http: { ...requestContext.http, path } } };
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ Message: message }));
}

/** The front's own business. */
const dropped = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** A function that fails on the way says so in the trailers: the answer is then cut off. */
function passOn({ written }: StreamedResult, response: ServerResponse): void {
  written.on('end', () => {
    if (written.trailers['lambda-runtime-function-error-type'] === undefined) response.end();
    else response.destroy();
  });
  for (const event of ['error', 'aborted']) written.on(event, () => response.destroy());
  written.pipe(response, { end: false });
}

/** @param options the function, and where it pretends to be */
export async function startStreamingUrl(options: StreamingUrlOptions): Promise<StreamingUrl> {
  const { functionName, lambda, onFault = () => undefined } = options;

  async function begin(result: StreamedResult, response: ServerResponse): Promise<void> {
    const left = (): void => {
      if (!response.writableFinished) result.cancel();
    };
    if (response.destroyed) return left();
    response.on('close', left);
    const { contentType, written } = result;
    const read = contentType === integrationType ? await readPrelude(written) : undefined;
    const prelude = contentType === integrationType ? read : { status: 200, headers: [], rest: Buffer.alloc(0) };
    if (prelude === undefined) {
      onFault(`${functionName} answered without a prelude.`);
      written.resume();
      return answer(response, 502, 'Internal Server Error');
    }
    const headers = prelude.headers.filter(([name]) => !dropped.has(name));
    response.writeHead(prelude.status, headers.flat());
    response.flushHeaders();
    if (prelude.rest.length > 0) response.write(prelude.rest);
    passOn(result, response);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await lambda.begin(functionName, eventOf(request, await readBody(request), options));
    if (outcome.kind === 'stream') return begin(outcome, response);
    if (outcome.kind === 'event_too_large') return answer(response, 413, 'Request Entity Too Large');
    const why = outcome.kind === 'error' ? `${outcome.errorType}: ${outcome.errorMessage}` : 'it does not stream';
    onFault(`${functionName} failed: ${why}`);
    answer(response, 502, 'Internal Server Error');
  }

  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!request.socket.destroyed) onFault(`The function URL failed: ${String(error)}`);
      response.destroy();
    });
  });
  return { origin: await listen(server), close: async () => shut(server) };
}
