/**
 * The event of a REST API's Lambda proxy integration, and of a load balancer with multi-value headers, which looks the
 * same: event in, result out. Apart from `events.ts`, because a function that never meets one need not load it.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { serializeCookie } from './cookies.ts';
import { fieldsOf, maxQueryCharacters, type EventParts, type Unverified } from './event-parts.ts';
import type { EventFormat } from './events.ts';
import type { HttpResponse } from './message.ts';

type Event = Unverified<keyof APIGatewayProxyEvent | 'version'>;
type Context = Unverified<keyof APIGatewayProxyEvent['requestContext'] | keyof ALBEvent['requestContext']>;
type Identity = Unverified<keyof APIGatewayProxyEvent['requestContext']['identity']>;

/** Values that are not in a list stay as they are, to be refused where the parts are read. */
const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

const isCookie = (name: string): boolean => name.toLowerCase() === 'cookie';

/** Cookies apart; of every other name all values, and not the last one alone as in `headers`. */
function splitHeaders(lists: object): { headers: object; cookies: readonly unknown[] } {
  const entries = Object.entries(lists) as [name: string, values: unknown][];
  const joined = entries.map(([name, values]) => {
    const texts = listed(values);
    return [name, texts.every((text) => typeof text === 'string') ? texts.join(',') : values] as const;
  });
  return {
    headers: Object.fromEntries(joined.filter(([name]) => !isCookie(name))),
    cookies: entries.flatMap(([name, values]) => (isCookie(name) ? listed(values) : [])),
  };
}

/** No lone surrogate, and nothing that a gateway puts in the place of bytes that it could not decode. */
const isWhole = (text: string): boolean => text.isWellFormed() && !text.includes('\ufffd');

/**
 * The event has no query, only its parameters: by name, and where it comes from a REST API with escapes and plus signs
 * decoded. What is rebuilt means the same and is not always the same bytes; values of one name come together.
 *
 * @returns `undefined` where it cannot be rebuilt
 */
function rebuildQuery(parameters: object, isEncoded: boolean): string | undefined {
  let query = '';
  for (const [name, values] of Object.entries(parameters) as [string, unknown][]) {
    for (const value of listed(values)) {
      if (typeof value !== 'string' || !isWhole(name) || !isWhole(value)) return undefined;
      const pair = isEncoded ? [name, value] : [encodeURIComponent(name), encodeURIComponent(value)];
      query += `${query === '' ? '' : '&'}${pair.join('=')}`;
      // Refused as too long when the parts are read; what follows would change nothing about that.
      if (query.length > maxQueryCharacters) return query;
    }
  }
  return query;
}

/** A load balancer says who called in a header only, and writes what it knows itself at the end. */
function lastAddress(headers: object): unknown {
  const sent = Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-forwarded-for')?.[1] as unknown;
  return typeof sent === 'string' ? sent.split(',').at(-1)?.trim() : undefined;
}

/** @returns the parts of the request, or `undefined` when the event is of another format */
function partsOf(event: unknown): EventParts | undefined {
  const fields: Event = fieldsOf(event);
  // An HTTP API that was told to speak format 1.0 hands the path over decoded; it has format 2.0 for that.
  if (fields.version !== undefined) return undefined;
  // A load balancer without multi-value headers keeps of each header, cookies included, the last one only.
  if (fields.multiValueHeaders === undefined || Array.isArray(fields.multiValueHeaders)) return undefined;
  const context: Context = fieldsOf(fields.requestContext);
  const identity: Identity = fieldsOf(context.identity);
  const isBalancer = context.elb !== undefined;
  const { headers, cookies } = splitHeaders(fieldsOf(fields.multiValueHeaders));
  return {
    method: fields.httpMethod,
    path: fields.path,
    payload: '1.0',
    pathEncoding: 'encoded',
    query: rebuildQuery(fieldsOf(fields.multiValueQueryStringParameters), isBalancer) ?? false,
    headers,
    cookies,
    body: fields.body,
    isBase64Encoded: fields.isBase64Encoded,
    sourceIp: isBalancer ? lastAddress(headers) : identity.sourceIp,
    acceptedAtMs: context.requestTimeEpoch,
  };
}

/**
 * Every body is base64: the API declares all media types as binary, so that none is taken for text on its way.
 *
 * @throws TypeError when a cookie cannot be written safely
 */
function resultOf({ status, headers, cookies, body }: HttpResponse): APIGatewayProxyResult {
  const lists = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    const earlier = lists.get(name);
    if (earlier === undefined) lists.set(name, [value]);
    else earlier.push(value);
  };
  for (const [name, value] of headers) add(name, value);
  for (const cookie of cookies) add('set-cookie', serializeCookie(cookie));
  return {
    statusCode: status,
    multiValueHeaders: Object.fromEntries(lists),
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: body.length > 0,
  };
}

export const payload1: EventFormat = { partsOf, resultOf };
