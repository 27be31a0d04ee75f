/** One request as each kind of gateway states it. Written from the vendors' documentation and apart from the readers. */
import type { EventReading } from '../../functions/http/event-parts.ts';
import { formatOf, readEvent } from '../../functions/http/events.ts';

/** What a client sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  /** As sent; for a REST API it is taken apart. */
  readonly query: string;
  /** A name may occur more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly cookie: string | undefined;
  readonly body: Buffer;
}

export const nowMs = 1_800_000_000_000;
export const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 29_000 };
const client = '192.0.2.7';

const bodyOf = ({ body }: Sent) => ({
  body: body.length === 0 ? null : body.toString('base64'),
  isBase64Encoded: body.length > 0,
});

function joined({ headers }: Sent): Record<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    result.set(key, result.has(key) ? `${String(result.get(key))},${value}` : value);
  }
  return Object.fromEntries(result);
}

function listed(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [name, value] of pairs) result.set(name, [...(result.get(name) ?? []), value]);
  return Object.fromEntries(result);
}

const payload2 =
  (domainName: string) =>
  (sent: Sent): object => ({
    version: '2.0',
    rawPath: sent.path,
    rawQueryString: sent.query,
    headers: joined(sent),
    ...(sent.cookie === undefined ? {} : { cookies: sent.cookie.split('; ') }),
    requestContext: { domainName, http: { method: sent.method, sourceIp: client }, timeEpoch: nowMs - 500 },
    ...bodyOf(sent),
  });

const withCookie = ({ headers, cookie }: Sent) =>
  cookie === undefined ? headers : [...headers, ['cookie', cookie] as const];

const payload1 = (sent: Sent): object => ({
  httpMethod: sent.method,
  path: sent.path,
  multiValueHeaders: listed(withCookie(sent)),
  ...bodyOf(sent),
});

const rest = (sent: Sent): object => ({
  ...payload1(sent),
  multiValueQueryStringParameters: listed(new URLSearchParams(sent.query)),
  requestContext: { identity: { sourceIp: client }, requestTimeEpoch: nowMs - 500 },
});

const pairsOf = (query: string): (readonly [string, string])[] =>
  query.split('&').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [name, value.join('=')];
  });

/** A load balancer writes all names in lower case, and the client's address behind those that were sent. */
const balancer = (sent: Sent): object => {
  const { 'x-forwarded-for': forwardedFor, ...headers } = joined({ ...sent, headers: withCookie(sent) });
  return {
    ...payload1(sent),
    multiValueHeaders: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      'x-forwarded-for': [forwardedFor === undefined ? client : `${forwardedFor}, ${client}`],
    },
    multiValueQueryStringParameters: sent.query === '' ? {} : listed(pairsOf(sent.query)),
    requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b' } },
  };
};

/** Kind of gateway → the event that it makes of a request. An HTTP API decodes the path first, which is up to the caller. */
export const gateways = {
  'HTTP API': payload2('api.example.com'),
  'Function URL': payload2('abc.lambda-url.eu-central-1.on.aws'),
  'REST API': rest,
  'load balancer': balancer,
} as const;

export const read = async (event: unknown): Promise<EventReading> =>
  readEvent(await formatOf(event), event, context, nowMs);
