/** A request to the provider as it arrived, and the same request with other parameters for oidc-provider to read. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { systemClock } from '../../../functions/contract/units.ts';
import type { EpochSeconds } from '../../../functions/contract/units.ts';

const endpoints = {
  '/authorize': 'authorize',
  '/oauth/token': 'token',
  '/oauth/revoke': 'revoke',
  '/oauth/par': 'par',
  '/.well-known/jwks.json': 'jwks',
  '/.well-known/openid-configuration': 'discovery',
  '/userinfo': 'userinfo',
  '/oidc/logout': 'logout',
  '/v2/logout': 'logout',
  '/u/login': 'login',
} as const;

/** `resume` is the way back from the login page. */
export type Endpoint = (typeof endpoints)[keyof typeof endpoints] | 'resume';

/** One request as it arrived. For tests only: the parameters hold codes, secrets and tokens. */
export interface RecordedRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  /** Query and form parameters; of a repeated one every value. */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  readonly clientAuth: 'none' | 'basic' | 'post' | 'private_key_jwt' | 'bearer';
  readonly at: EpochSeconds;
  /** Set once it is answered. */
  status?: number;
}

export function endpointOf(path: string): Endpoint | undefined {
  if (Object.hasOwn(endpoints, path)) return endpoints[path as keyof typeof endpoints];
  return path.startsWith('/authorize/') ? 'resume' : undefined;
}

export const isForm = (request: IncomingMessage): boolean =>
  request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;

function collected(...sources: readonly URLSearchParams[]): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = {};
  for (const source of sources) {
    for (const [name, value] of source) {
      const before = parameters[name];
      parameters[name] = before === undefined ? value : [before, value].flat();
    }
  }
  return parameters;
}

function clientAuthOf(request: IncomingMessage, form: URLSearchParams): RecordedRequest['clientAuth'] {
  const scheme = request.headers.authorization?.split(' ')[0]?.toLowerCase();
  if (scheme === 'basic' || scheme === 'bearer') return scheme;
  if (form.has('client_assertion')) return 'private_key_jwt';
  return form.has('client_secret') ? 'post' : 'none';
}

/** @param form the body's parameters, empty where it is no form */
export function recorded(
  endpoint: Endpoint,
  request: IncomingMessage,
  url: URL,
  form: URLSearchParams,
): RecordedRequest {
  return {
    endpoint,
    method: request.method ?? '',
    path: url.pathname,
    parameters: collected(url.searchParams, form),
    clientAuth: clientAuthOf(request, form),
    at: systemClock(),
  };
}

/**
 * A request like this one whose body can be read again. Handing oidc-provider a parsed body instead makes it warn on the
 * console.
 */
export function replay(request: IncomingMessage, url: string, body: Buffer): IncomingMessage {
  const copy = new IncomingMessage(new Socket());
  const headers = { ...request.headers };
  if (body.length > 0 || headers['content-length'] !== undefined) {
    headers['content-length'] = String(body.length);
    delete headers['transfer-encoding'];
  }
  const { method, httpVersion, httpVersionMajor, httpVersionMinor } = request;
  Object.assign(copy, { method, url, headers, httpVersion, httpVersionMajor, httpVersionMinor, complete: true });
  if (body.length > 0) copy.push(body);
  copy.push(null);
  return copy;
}
