/**
 * HTTP API payload format 2.0: the event made of a request, and the answer made of a result.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { isUtf8 } from 'node:buffer';
import type { Match } from './routes.ts';

/** A request as it arrived at the gateway. */
export interface GatewayRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  readonly httpVersion: string;
  /** Name, value, name, value, … as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** The API as events name it. */
export interface ApiIdentity {
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
}

/** An answer on its way to the client. */
export interface GatewayAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

const textTypes = /^(?:text\/.+|application\/(?:json|javascript|xml|.+\+json|.+\+xml))$/;

/** The gateway decides by the content type; bytes that are no text would not survive being one. */
function isText(contentType: string | undefined, body: Buffer): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return textTypes.test(type) && isUtf8(body);
}

/** Percent-decodes as the gateway does before it hands a path over: `%2F` becomes `/`; what is no escape stays. */
export function decodePath(path: string): string {
  return path.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    return Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8');
  });
}

/** Cookies apart, every other header under its lower-case name with repetitions joined by commas. */
function readHeaders(rawHeaders: readonly string[]): { headers: Record<string, string>; cookies: string[] } {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (name === 'cookie') cookies.push(...value.split(/;\s*/).filter((cookie) => cookie !== ''));
    else headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return { headers, cookies };
}

function readQuery(rawQueryString: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = parameters[name] === undefined ? value : `${parameters[name]},${value}`;
  }
  return parameters;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `22/Nov/2026:09:47:03 +0000` */
export function logTime(at: Date): string {
  const [date = '', time = ''] = at.toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${day}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

/**
 * @param request as it arrived
 * @param match the route it takes
 * @param api the API that serves it
 * @param requestId by which the gateway knows this request
 * @param at when it arrived
 * @param pathAsHandedOver what becomes of a percent-encoded path
 */
export function toEvent(
  request: GatewayRequest,
  match: Match,
  api: ApiIdentity,
  requestId: string,
  at: Date,
  pathAsHandedOver = decodePath,
): APIGatewayProxyEventV2 {
  const queryAt = request.target.indexOf('?');
  const path = pathAsHandedOver(queryAt < 0 ? request.target : request.target.slice(0, queryAt));
  const rawQueryString = queryAt < 0 ? '' : request.target.slice(queryAt + 1);
  const { headers, cookies } = readHeaders(request.rawHeaders);
  const text = isText(headers['content-type'], request.body);
  delete headers['transfer-encoding'];
  headers['content-length'] = String(request.body.length);
  headers['host'] = api.domainName;
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], request.sourceIp].filter(Boolean).join(', ');
  headers['x-forwarded-port'] = '443';
  headers['x-forwarded-proto'] = 'https';
  headers['x-amzn-trace-id'] ??=
    `Root=1-${Math.floor(at.getTime() / 1000).toString(16)}-${requestId.replaceAll('-', '').slice(0, 24)}`;

  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(rawQueryString !== '' && { queryStringParameters: readQuery(rawQueryString) }),
    ...(Object.keys(match.pathParameters).length > 0 && {
      pathParameters: Object.fromEntries(
        Object.entries(match.pathParameters).map(([name, value]) => [name, pathAsHandedOver(value)]),
      ),
    }),
    requestContext: {
      accountId: api.accountId,
      apiId: api.apiId,
      domainName: api.domainName,
      domainPrefix: api.domainName.split('.', 1)[0] ?? '',
      http: {
        method: request.method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: match.route.key,
      stage: '$default',
      time: logTime(at),
      timeEpoch: at.getTime(),
    },
    ...(request.body.length > 0 && { body: request.body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A result without `statusCode` is the body of a 200. */
function bareResult(value: unknown): GatewayAnswer {
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return { status: 200, headers: [['content-type', 'application/json']], body };
}

/** Names that describe the connection or the body on it; the gateway writes its own. */
export const ownedByTheGateway = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'upgrade',
]);

/**
 * @param result JSON that the function returned
 * @returns `undefined` when the gateway cannot make an answer of it
 */
export function fromResult(result: Buffer): GatewayAnswer | undefined {
  const value: unknown = JSON.parse(result.toString());
  if (!isRecord(value) || value['statusCode'] === undefined) return bareResult(value);
  const { statusCode, body = '', isBase64Encoded, cookies = [] } = value;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (typeof body !== 'string' || !Array.isArray(cookies)) return undefined;

  const headers: [string, string][] = Object.entries(isRecord(value['headers']) ? value['headers'] : {})
    .filter(([name]) => !ownedByTheGateway.has(name.toLowerCase()))
    .map(([name, header]) => [name.toLowerCase(), String(header)]);
  const hasType = headers.some(([name]) => name === 'content-type');
  if (!hasType && body !== '') headers.push(['content-type', 'text/plain;charset=UTF-8']);
  for (const cookie of cookies as unknown[]) headers.push(['set-cookie', String(cookie)]);
  return { status, headers, body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') };
}
