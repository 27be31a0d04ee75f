/**
 * AWS credentials: what they are, and where a function gets them when the runtime hands it an address instead of values.
 */
import { send } from '../outgoing/send.ts';

/** What requests to AWS are signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Asked before every signed call, so that credentials may change under a running function. */
export type CredentialsSource = () => Promise<Credentials>;

/** Where the container endpoint is, as the environment names it. */
export interface ContainerEndpoint {
  /** `AWS_CONTAINER_CREDENTIALS_FULL_URI` */
  readonly url: string;
  /** `AWS_CONTAINER_AUTHORIZATION_TOKEN` */
  readonly authorization?: string | undefined;
  readonly timeoutMs: number;
}

/** The endpoint gave no credentials. */
export class CredentialsUnavailable extends Error {
  constructor(reason: string) {
    super(`the container endpoint gave no credentials: ${reason}`);
    this.name = 'CredentialsUnavailable';
  }
}

/** AWS renews credentials at least five minutes before the old ones end. */
const marginMs = 5 * 60_000;

const textIn = (value: object, name: string): string | undefined => {
  const member: unknown = (value as Readonly<Record<string, unknown>>)[name];
  return typeof member === 'string' && member !== '' ? member : undefined;
};

function parse(body: Buffer): { credentials: Credentials; endsAtMs: number } {
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new CredentialsUnavailable('not an object');
  const accessKeyId = textIn(value, 'AccessKeyId');
  const secretAccessKey = textIn(value, 'SecretAccessKey');
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new CredentialsUnavailable('a key is missing');
  const endsAtMs = Date.parse(textIn(value, 'Expiration') ?? '');
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken: textIn(value, 'Token') },
    endsAtMs: Number.isNaN(endsAtMs) ? 0 : endsAtMs,
  };
}

async function fetchCredentials(endpoint: ContainerEndpoint): Promise<ReturnType<typeof parse>> {
  const { timeoutMs } = endpoint;
  const result = await send({
    url: endpoint.url,
    method: 'GET',
    headers: endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization },
    limits: { connectMs: timeoutMs, headersMs: timeoutMs, idleMs: timeoutMs, totalMs: timeoutMs, maxBytes: 64 * 1024 },
    kept: 'repeatable',
  });
  if (result.kind === 'failed') throw new CredentialsUnavailable(result.reason);
  if (result.status !== 200) throw new CredentialsUnavailable(`status ${result.status}`);
  try {
    return parse(result.body);
  } catch (error) {
    // The message of a JSON error quotes what it read, which may be half a key.
    throw error instanceof CredentialsUnavailable ? error : new CredentialsUnavailable('not JSON');
  }
}

/**
 * Credentials from the container endpoint, kept until five minutes before they end. Callers at the same time share one
 * request; a failure is not kept.
 *
 * @param nowMs reads the clock in milliseconds
 * @returns a source that rejects with `CredentialsUnavailable`
 */
export function containerCredentials(endpoint: ContainerEndpoint, nowMs: () => number = Date.now): CredentialsSource {
  let current: { credentials: Credentials; endsAtMs: number } | undefined;
  let pending: ReturnType<typeof fetchCredentials> | undefined;
  return async () => {
    if (current !== undefined && nowMs() < current.endsAtMs - marginMs) return current.credentials;
    pending ??= fetchCredentials(endpoint).finally(() => (pending = undefined));
    current = await pending;
    return current.credentials;
  };
}
