/**
 * The Lambda Runtime API for one function process: hands it one event at a time and takes what it answers.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, shut } from '../loopback.ts';
import { payloadLimitBytes } from './function.ts';
import type { Outcome, StreamedResult } from './function.ts';

/** One event on its way into the process. */
export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** When the process will be killed, in milliseconds since the epoch. */
  readonly deadlineAtMs: number;
  readonly event: Buffer;
}

/** What the process tells the machine that runs it. */
export interface RuntimeListener {
  /** It asks for an event: the first time this ends its initialisation. */
  idle(): void;
  /** Its initialisation failed; it will exit. */
  initFailed(outcome: Outcome): void;
  /** The invocation that was handed over last has begun to answer; `done` follows when it has come to its end. */
  streaming(answer: Omit<StreamedResult, 'cancel'>): void;
  /** The invocation that was handed over last has come to its end. */
  done(outcome: Outcome): void;
}

export interface RuntimeApi {
  /** `host:port` for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Hands one event to the process, which must be idle. */
  hand(invocation: Invocation): void;
  close(): Promise<void>;
}

const prefix = '/2018-06-01/runtime/';

/** Reads a body to its end; `undefined` once it has grown beyond the limit. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
  }
  return size <= limitBytes ? Buffer.concat(chunks) : undefined;
}

function reportedError(body: Buffer | undefined): Outcome {
  try {
    const { errorType, errorMessage } = JSON.parse(body?.toString() ?? '') as Record<string, unknown>;
    return { kind: 'error', errorType: String(errorType), errorMessage: String(errorMessage) };
  } catch {
    return { kind: 'error', errorType: 'Runtime.Unknown', errorMessage: 'The function reported an unreadable error.' };
  }
}

async function resultOf(request: IncomingMessage): Promise<Outcome> {
  const body = await readBody(request, payloadLimitBytes);
  if (body !== undefined) return { kind: 'result', body };
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${payloadLimitBytes} bytes).`;
  return { kind: 'error', errorType: 'Function.ResponseSizeTooLarge', errorMessage };
}

const isStreamed = ({ headers }: IncomingMessage): boolean =>
  headers['lambda-runtime-function-response-mode'] === 'streaming';

/** The invocation has come to its end when the last byte has been taken; one that breaks off ends with its process. */
async function endOf(written: IncomingMessage): Promise<Outcome> {
  await once(written, 'end');
  return { kind: 'result', body: Buffer.alloc(0) };
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}

/**
 * Listens on a free loopback port.
 * @param listener is told what the process does
 */
export async function startRuntimeApi(listener: RuntimeListener): Promise<RuntimeApi> {
  let parked: ServerResponse | undefined;
  let running: string | undefined;

  async function end(request: IncomingMessage, response: ServerResponse, isError: boolean): Promise<void> {
    const outcome = isError ? reportedError(await readBody(request, payloadLimitBytes)) : await resultOf(request);
    running = undefined;
    answer(response, outcome.kind === 'error' && outcome.errorType === 'Function.ResponseSizeTooLarge' ? 413 : 202);
    listener.done(outcome);
  }

  async function stream(written: IncomingMessage, response: ServerResponse): Promise<void> {
    const ended = endOf(written);
    listener.streaming({ contentType: written.headers['content-type'] ?? '', written });
    const outcome = await ended;
    running = undefined;
    answer(response, 202);
    listener.done(outcome);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${request.url?.replace(prefix, '')}`;
    if (call === 'GET invocation/next') {
      parked = response;
      return listener.idle();
    }
    if (call === 'POST init/error') {
      const outcome = reportedError(await readBody(request, payloadLimitBytes));
      answer(response, 202);
      return listener.initFailed(outcome);
    }
    if (running !== undefined && call === `POST invocation/${running}/response`) {
      return isStreamed(request) ? stream(request, response) : end(request, response, false);
    }
    if (running !== undefined && call === `POST invocation/${running}/error`) return end(request, response, true);
    answer(response, 404);
  }

  // A function that streams has its connection from the first moment, and may think for long before it sends anything.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const origin = await listen(server);

  return {
    address: new URL(origin).host,
    hand(invocation) {
      if (parked === undefined) throw new Error('The function process has not asked for an event.');
      running = invocation.requestId;
      parked.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.requestId,
        'lambda-runtime-deadline-ms': String(invocation.deadlineAtMs),
        'lambda-runtime-invoked-function-arn': invocation.functionArn,
      });
      parked.end(invocation.event);
      parked = undefined;
    },
    close: async () => shut(server),
  };
}
