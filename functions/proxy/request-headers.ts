/**
 * The headers that an API receives: those of the client that are on a list, and those that only the broker sets. Nothing
 * the client sends can take the place of the latter.
 */
import { isIP } from 'node:net';
import type { HttpRequest } from '../http/message.ts';
import { nominatedBy } from './connection.ts';
import { traceOf } from './trace.ts';

/**
 * What every API gets to see when the client sends it: negotiation, what the body is, conditions and ranges, how an
 * event stream goes on, safe repetition, caching wishes, who calls, and identifiers for logs. `Origin`, `Referer` and the
 * `Sec-` headers are not among them: they speak of the page, and the API's client is the broker.
 */
const usual: readonly string[] = [
  'accept',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'pragma',
  'prefer',
  'range',
  'user-agent',
  'x-correlation-id',
  'x-request-id',
  'x-requested-with',
];

/**
 * What an API cannot ask for: credentials, what belongs to one connection (RFC 9110, section 7.6.1), what says where a
 * request came from or what it is in truth, and what the broker works out itself.
 */
const never =
  /^(?:authorization|cookie|host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|expect|via|forwarded|x-forwarded.*|x-real-ip|x-client-ip|true-client-ip|client-ip|x-cluster-client-ip|x-original-.*|x-rewrite-url|x-amz-.*|x-amzn-.*|cloudfront-.*|x-http-method.*|x-method-override|accept-encoding|traceparent|tracestate|x-csrf)$/;

const ofBody: ReadonlySet<string> = new Set(['content-encoding', 'content-language', 'content-type']);

/** What Node can put into a header: one byte per character, no control character but the tab. */
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param additions the header names that an API's configuration adds, in lower case
 * @returns the names of the client's headers that this API receives
 */
export const forwardedNames = (additions: readonly string[]): ReadonlySet<string> =>
  new Set([...usual, ...additions.filter((name) => !never.test(name))]);

/** Without what the client declares to be of this connection alone. */
function withoutNominated(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const connection = headers.get('connection');
  if (connection === undefined) return headers;
  const rest = new Map(headers);
  for (const name of nominatedBy(connection)) rest.delete(name);
  return rest;
}

/** What only the broker knows. */
export interface Own {
  /** The access token of this API; left out on anonymous paths. */
  readonly token?: string | undefined;
  /** The origin at which browsers reach the broker. */
  readonly publicOrigin: string;
  /** Whether a body is sent along. */
  readonly body: boolean;
}

/**
 * @param allowed from `forwardedNames`
 * @returns all headers but `Host` and `Content-Length`, which belong to the connection
 */
export function requestHeaders(
  { headers: sent, sourceIp }: Pick<HttpRequest, 'headers' | 'sourceIp'>,
  allowed: ReadonlySet<string>,
  { token, publicOrigin, body }: Own,
): Record<string, string> {
  const result: Record<string, string> = {};
  const headers = withoutNominated(sent);
  headers.forEach((value, name) => {
    if (!allowed.has(name) || (!body && ofBody.has(name))) return;
    if (sendable.test(value)) result[name] = value;
  });
  const encodings = headers.get('accept-encoding');
  // The answer is passed on as it is encoded, so the client alone can say what may be done to it.
  result['accept-encoding'] = encodings !== undefined && sendable.test(encodings) ? encodings : 'identity';
  const trace = traceOf(headers);
  result['traceparent'] = trace.traceparent;
  if (trace.tracestate !== undefined) result['tracestate'] = trace.tracestate;
  const scheme = publicOrigin.indexOf('://');
  result['x-forwarded-host'] = publicOrigin.slice(scheme + 3);
  result['x-forwarded-proto'] = publicOrigin.slice(0, scheme);
  if (isIP(sourceIp) !== 0) result['x-forwarded-for'] = sourceIp;
  if (token !== undefined) result['authorization'] = `Bearer ${token}`;
  return result;
}
