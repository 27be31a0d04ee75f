/**
 * The payload format 2.0 of API Gateway HTTP APIs and Lambda Function URLs: its event in, its result out.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { serializeCookie } from './cookies.ts';
import { fieldsOf, type EventParts, type Unverified } from './event-parts.ts';
import type { HttpResponse } from './message.ts';

type Event = Unverified<keyof APIGatewayProxyEventV2>;
type Context = Unverified<keyof APIGatewayProxyEventV2['requestContext']>;
type Http = Unverified<keyof APIGatewayProxyEventV2['requestContext']['http']>;

/** A Function URL hands the path over as it was sent; an HTTP API decodes it first. */
const isFunctionUrl = (domainName: unknown): boolean =>
  typeof domainName === 'string' && domainName.includes('.lambda-url.');

/** @returns the parts of the request, or `undefined` when the event is of another format */
export function partsOfPayload2(event: unknown): EventParts | undefined {
  const fields: Event = fieldsOf(event);
  if (fields.version !== '2.0') return undefined;
  const context: Context = fieldsOf(fields.requestContext);
  const http: Http = fieldsOf(context.http);
  return {
    method: http.method,
    path: fields.rawPath,
    payload: '2.0',
    pathEncoding: isFunctionUrl(context.domainName) ? 'encoded' : 'decoded',
    query: fields.rawQueryString,
    headers: fields.headers,
    cookies: fields.cookies,
    body: fields.body,
    isBase64Encoded: fields.isBase64Encoded,
    sourceIp: http.sourceIp,
    acceptedAtMs: context.timeEpoch,
  };
}

/** A name that occurs more than once becomes one list; `Set-Cookie`, which is no list, goes its own way. */
function joinHeaders(headers: HttpResponse['headers']): Record<string, string> {
  const single = Object.fromEntries(headers);
  if (Object.keys(single).length === headers.length) return single;
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const earlier = joined.get(name);
    joined.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(joined);
}

/** @throws TypeError when a cookie cannot be written safely */
export function resultOfPayload2(response: HttpResponse): APIGatewayProxyStructuredResultV2 {
  const { status, body } = response;
  const isBinary = typeof body !== 'string' && body.length > 0;
  return {
    statusCode: status,
    headers: joinHeaders(response.headers),
    cookies: response.cookies.map(serializeCookie),
    body: typeof body === 'string' ? body : body.toString('base64'),
    isBase64Encoded: isBinary,
  };
}
