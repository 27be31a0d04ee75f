/**
 * REST API proxy integration, payload format 1.0: the event made of a request, and the answer made of a result.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { isRecord, logTime, ownedByTheGateway } from './http-api-event.ts';
import type { ApiIdentity, GatewayAnswer, GatewayRequest, JsonRecord } from './http-api-event.ts';
import type { Match } from './routes.ts';

const stage = 'live';

type Lists = Record<string, string[]>;

function collect(pairs: Iterable<readonly [name: string, value: string]>): Lists {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const known = lists.get(name);
    if (known === undefined) lists.set(name, [value]);
    else known.push(value);
  }
  return Object.fromEntries(lists);
}

/** The last value of each name; `null` where there is no name. */
function lastOf(lists: Lists): Record<string, string> | null {
  const entries = Object.entries(lists);
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([name, values]) => [name, values.at(-1) ?? '']));
}

const orNull = (lists: Lists): Lists | null => (Object.keys(lists).length === 0 ? null : lists);

/** Names as they were sent, all values of each, cookies among them. */
function headersOf({ rawHeaders, sourceIp, body }: GatewayRequest, { domainName }: ApiIdentity): Lists {
  const pairs: [name: string, value: string][] = [];
  const replaced = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'x-forwarded-for']);
  let forwarded = sourceIp;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() === 'x-forwarded-for') forwarded = `${value}, ${forwarded}`;
    else if (!replaced.has(name.toLowerCase())) pairs.push([name, value]);
  }
  if (body.length > 0) pairs.push(['Content-Length', String(body.length)]);
  pairs.push(['Host', domainName], ['X-Forwarded-For', forwarded]);
  pairs.push(['X-Forwarded-Port', '443'], ['X-Forwarded-Proto', 'https']);
  return collect(pairs);
}

const nobody = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
};

/**
 * The path stays encoded. Parameters are decoded, plus signs among them, and the query itself is not handed over.
 *
 * @param request as it arrived
 * @param match the route it takes
 * @param api the API that serves it
 * @param requestId by which the gateway knows this request
 * @param at when it arrived
 */
export function toRestEvent(
  request: GatewayRequest,
  match: Match,
  api: ApiIdentity,
  requestId: string,
  at: Date,
): APIGatewayProxyEvent {
  const queryAt = request.target.indexOf('?');
  const path = queryAt < 0 ? request.target : request.target.slice(0, queryAt);
  const parameters = collect(new URLSearchParams(queryAt < 0 ? '' : request.target.slice(queryAt + 1)));
  const headers = headersOf(request, api);
  const [, resource = ''] = match.route.key.split(' ');
  const userAgent =
    Object.entries(headers)
      .find(([name]) => name.toLowerCase() === 'user-agent')?.[1]
      .at(-1) ?? null;
  return {
    resource,
    path,
    httpMethod: request.method,
    headers: lastOf(headers) ?? {},
    multiValueHeaders: headers,
    queryStringParameters: lastOf(parameters),
    multiValueQueryStringParameters: orNull(parameters),
    pathParameters: Object.keys(match.pathParameters).length > 0 ? match.pathParameters : null,
    stageVariables: null,
    requestContext: {
      accountId: api.accountId,
      apiId: api.apiId,
      authorizer: null,
      domainName: api.domainName,
      domainPrefix: api.domainName.split('.', 1)[0] ?? '',
      extendedRequestId: requestId,
      httpMethod: request.method,
      identity: { ...nobody, sourceIp: request.sourceIp, userAgent },
      path: `/${stage}${path}`,
      protocol: `HTTP/${request.httpVersion}`,
      requestId,
      requestTime: logTime(at),
      requestTimeEpoch: at.getTime(),
      resourceId: 'local',
      resourcePath: resource,
      stage,
    },
    body: request.body.length > 0 ? request.body.toString('base64') : null,
    isBase64Encoded: request.body.length > 0,
  };
}

/** Names that a REST API keeps for itself: what a function says under one of them arrives under another. */
const remapped = new Set(['date', 'server', 'www-authenticate']);

export const nameOut = (name: string): string => (remapped.has(name) ? `x-amzn-remapped-${name}` : name);

/** All values of both maps; a name in both counts in the one with many values. */
function headersOut({ headers, multiValueHeaders }: JsonRecord): [name: string, value: string][] {
  const many = new Map<string, unknown>();
  for (const given of [headers, multiValueHeaders]) {
    for (const [name, values] of Object.entries(isRecord(given) ? given : {})) many.set(name.toLowerCase(), values);
  }
  return [...many]
    .filter(([name]) => !ownedByTheGateway.has(name))
    .flatMap(([name, values]) => {
      const list: readonly unknown[] = Array.isArray(values) ? (values as unknown[]) : [values];
      return list.map((value): [string, string] => [nameOut(name), String(value)]);
    });
}

/**
 * @param result JSON that the function returned
 * @returns `undefined` when it is not of the format, which a REST API answers with 502
 */
export function fromRestResult(result: Buffer): GatewayAnswer | undefined {
  const value: unknown = JSON.parse(result.toString());
  if (!isRecord(value)) return undefined;
  const { statusCode, body = '', isBase64Encoded } = value;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof body !== 'string') return undefined;
  const headers = headersOut(value);
  if (!headers.some(([name]) => name === 'content-type') && body !== '') {
    headers.push(['content-type', 'application/json']);
  }
  return { status, headers, body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') };
}
