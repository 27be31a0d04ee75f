/** One signed call to an AWS service that speaks JSON, tried again while the service says that it is too busy. */
import { originOf } from '../outgoing/sockets.ts';
import { send } from '../outgoing/send.ts';
import type { Answered, Failed } from '../outgoing/send.ts';
import type { CredentialsSource } from './credentials.ts';
import { sign } from './sign.ts';

/** A service in a region, and with whose authority it is called. */
export interface Service {
  readonly name: 'ssm' | 'dynamodb';
  readonly region: string;
  /** Scheme and authority, where it is not the public endpoint of the region. */
  readonly endpoint?: string | undefined;
  readonly credentials: CredentialsSource;
}

/** How often to try. */
export interface Retry {
  /** No try begins later than this many milliseconds after the first; 0 is one try. */
  readonly withinMs: number;
}

/** What is called. */
export interface Operation {
  /** For example `GetParameters`. */
  readonly name: string;
  readonly input: object;
  /** For one try, in milliseconds. */
  readonly timeoutMs: number;
  readonly retry: Retry;
  /**
   * Whether a second execution does no harm. Where it does, only an answer which says that nothing was done is followed by
   * another try.
   */
  readonly repeatable: boolean;
  /** Whether an output says that the service was too busy for a part of it; then all of it is tried again. */
  readonly isPartial?: (output: Readonly<Record<string, unknown>>) => boolean;
}

/** Why there is no output. */
export type CallFailure =
  'credentials' | 'throttled' | 'denied' | 'unavailable' | 'unreachable' | 'timeout' | 'answer_unreadable';

/** What came of it. `refused`: the service understood the request and said no; `type` is its error's name without namespace. */
export type CallResult =
  | { readonly kind: 'done'; readonly output: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly type: string; readonly error: Readonly<Record<string, unknown>> }
  | { readonly kind: 'failed'; readonly reason: CallFailure; readonly type?: string | undefined };

/** What a test puts in the place of clock, chance and waiting. */
export interface Surroundings {
  readonly nowMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

const surroundingsOfThisProcess: Surroundings = {
  nowMs: Date.now,
  random: Math.random,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const protocols = {
  ssm: { prefix: 'AmazonSSM', contentType: 'application/x-amz-json-1.1' },
  dynamodb: { prefix: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
} as const;

const throttling = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

const denying = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The error's name, without the namespace before `#` and the address after `:`. */
function errorType(error: Record<string, unknown>): string {
  const type = error['__type'] ?? error['code'];
  if (typeof type !== 'string') return '';
  const start = type.lastIndexOf('#') + 1;
  const end = type.indexOf(':', start);
  return type.slice(start, end === -1 ? undefined : end);
}

function judge(answer: Answered, { isPartial }: Operation): CallResult {
  const body = parseObject(answer.body);
  if (answer.status === 200) {
    if (body === undefined) return { kind: 'failed', reason: 'answer_unreadable' };
    return isPartial?.(body) === true ? { kind: 'failed', reason: 'throttled' } : { kind: 'done', output: body };
  }
  const type = errorType(body ?? {});
  if (answer.status === 429 || throttling.has(type)) return { kind: 'failed', reason: 'throttled', type };
  if (answer.status >= 500) return { kind: 'failed', reason: 'unavailable', type };
  if (answer.status === 401 || answer.status === 403 || denying.has(type)) {
    return { kind: 'failed', reason: 'denied', type };
  }
  return body === undefined ? { kind: 'failed', reason: 'answer_unreadable' } : { kind: 'refused', type, error: body };
}

function judgeFailure(failed: Failed): CallResult {
  if (failed.reason === 'timeout') return { kind: 'failed', reason: 'timeout' };
  const unreadable = failed.reason === 'malformed' || failed.reason === 'too_large';
  return { kind: 'failed', reason: unreadable ? 'answer_unreadable' : 'unreachable' };
}

const publicEndpoint = ({ name, region }: Service): string =>
  `https://${name}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

async function tryOnce(service: Service, operation: Operation, nowMs: number): Promise<[CallResult, sent: boolean]> {
  const url = service.endpoint ?? publicEndpoint(service);
  const protocol = protocols[service.name];
  const body = JSON.stringify(operation.input);
  let credentials;
  try {
    credentials = await service.credentials();
  } catch {
    return [{ kind: 'failed', reason: 'credentials' }, false];
  }
  const headers = sign(
    {
      service: service.name,
      region: service.region,
      host: originOf(url.replace(/\/$/, '')).host,
      target: `${protocol.prefix}.${operation.name}`,
      contentType: protocol.contentType,
      body,
    },
    credentials,
    nowMs,
  );
  const { timeoutMs } = operation;
  const result = await send({
    url,
    method: 'POST',
    headers,
    body: Buffer.from(body),
    limits: { connectMs: timeoutMs, headersMs: timeoutMs, idleMs: timeoutMs, totalMs: timeoutMs, maxBytes: 2 ** 20 },
    kept: operation.repeatable ? 'repeatable' : 'once',
  });
  return result.kind === 'failed' ? [judgeFailure(result), result.sent] : [judge(result, operation), true];
}

function worthAnotherTry(result: CallResult, sent: boolean, repeatable: boolean): boolean {
  if (result.kind !== 'failed') return false;
  if (result.reason === 'throttled') return true;
  return ['unavailable', 'unreachable', 'timeout'].includes(result.reason) && (repeatable || !sent);
}

/**
 * Calls an operation. Between tries it waits for a random part of 100 ms, doubling to 1 s, so that instances which were
 * turned away together do not come back together.
 */
export async function call(
  service: Service,
  operation: Operation,
  { nowMs, random, pause }: Surroundings = surroundingsOfThisProcess,
): Promise<CallResult> {
  const startedAtMs = nowMs();
  for (let longestMs = 100; ; longestMs = Math.min(2 * longestMs, 1000)) {
    const [result, sent] = await tryOnce(service, operation, nowMs());
    const waitMs = random() * longestMs;
    const inTime = nowMs() + waitMs - startedAtMs < operation.retry.withinMs;
    if (!inTime || !worthAnotherTry(result, sent, operation.repeatable)) return result;
    await pause(waitMs);
  }
}
