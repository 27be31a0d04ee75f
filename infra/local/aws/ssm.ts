/**
 * The part of AWS Systems Manager Parameter Store that the broker and its operator use, on this machine. It checks that
 * a request is signed, not by whom; it throttles as AWS does, and can be made to fail.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, readBody, shut } from '../loopback.ts';
import { isOperation, openParameters, ParameterStoreError } from './parameters.ts';
import type { Parameters, ParameterType } from './parameters.ts';
import { signatureFault } from './signature.ts';

export type { ParameterType } from './parameters.ts';

export interface SsmOptions {
  /** 0 (default): any free port. */
  readonly port?: number;
  /** Where the parameters are kept between starts; default: nowhere. */
  readonly file?: string;
  /** Reads per second, all operations together, before one is throttled; default 40, as AWS. */
  readonly readsPerSecond?: number;
}

/** One call: the operation, the names it was for, and how it was answered. */
export interface SsmCall {
  readonly operation: string;
  readonly names: readonly string[];
  /** 0: never answered. */
  readonly status: number;
  readonly error?: string;
}

export interface Ssm {
  readonly endpoint: string;
  readonly calls: SsmCall[];
  /** `fail`: 500 to everything; `hang`: no answer; `throttle`: ThrottlingException to everything. */
  mode: 'normal' | 'fail' | 'hang' | 'throttle';
  /** Writes a parameter, or its next version. Returns the version. */
  put(name: string, value: string, type?: ParameterType): number;
  close(): Promise<void>;
}

interface Outcome {
  readonly status: number;
  readonly error?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const isRead = (operation: string) => operation.startsWith('Get');

const refusal = (error: string, message = '', status = 400): Outcome => ({
  status,
  error,
  body: { __type: error, message },
});

/** @returns whether this call is one too many in the second that ends now */
function createThrottle(perSecond: number): () => boolean {
  let recent: number[] = [];
  return () => {
    const now = performance.now();
    recent = recent.filter((at) => at > now - 1000);
    if (recent.length >= perSecond) return true;
    recent.push(now);
    return false;
  };
}

function namesIn(input: unknown): string[] {
  const { Name, Names, Path } = (input ?? {}) as { Name?: unknown; Names?: unknown; Path?: unknown };
  return [Name, Path, ...(Array.isArray(Names) ? (Names as unknown[]) : [])].filter(
    (name): name is string => typeof name === 'string',
  );
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function perform(parameters: Parameters, operation: string, input: unknown): Outcome {
  if (!isOperation(operation)) return refusal('UnknownOperationException');
  if (typeof input !== 'object' || input === null) return refusal('SerializationException');
  try {
    return { status: 200, body: parameters.call(operation, input) };
  } catch (error) {
    if (error instanceof ParameterStoreError) return refusal(error.type, error.message);
    throw error;
  }
}

function send(response: ServerResponse, outcome: Outcome): void {
  response.writeHead(outcome.status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
  });
  response.end(JSON.stringify(outcome.body));
}

/** Starts the endpoint on 127.0.0.1. */
export async function startSsm(options: SsmOptions = {}): Promise<Ssm> {
  const parameters = openParameters(options.file);
  const isOneTooMany = createThrottle(options.readsPerSecond ?? 40);
  const calls: SsmCall[] = [];

  function outcomeOf(request: IncomingMessage, operation: string, input: unknown): Outcome {
    const fault = signatureFault(request, 'ssm');
    if (fault !== undefined) return refusal(fault.type, fault.message);
    if (ssm.mode === 'fail') return refusal('InternalServerError', 'switched to fail', 500);
    if (ssm.mode === 'throttle' || (isRead(operation) && isOneTooMany())) {
      return refusal('ThrottlingException', 'Rate exceeded');
    }
    return perform(parameters, operation, input);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const input = parse(await readBody(request));
    const [service, operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    const names = namesIn(input);
    if (ssm.mode === 'hang') {
      calls.push({ operation, names, status: 0 });
      return;
    }
    const outcome =
      service === 'AmazonSSM' ? outcomeOf(request, operation, input) : refusal('UnknownOperationException');
    const error = outcome.error === undefined ? {} : { error: outcome.error };
    calls.push({ operation, names, status: outcome.status, ...error });
    send(response, outcome);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });

  const ssm: Ssm = {
    endpoint: await listen(server, options.port),
    calls,
    mode: 'normal',
    put: (name, value, type) => parameters.put(name, value, type),
    close: () => shut(server),
  };
  return ssm;
}
