/** What all event formats have in common: the parts of a request are held against the limits and become a request. */
import { parseCookies } from './cookies.ts';
import type { Cookies, HttpRequest } from './message.ts';

/** What the runtime says about an invocation. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** The fields of a documented type, with nothing believed about their values. */
export type Unverified<Field extends PropertyKey> = Readonly<Partial<Record<Field, unknown>>>;

export const fieldsOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

/** A request as one event format states it, before anything about it is believed. */
export interface EventParts {
  readonly method: unknown;
  readonly path: unknown;
  readonly payload: HttpRequest['payload'];
  readonly pathEncoding: HttpRequest['pathEncoding'];
  /** Without `?`, still percent-encoded. */
  readonly query: unknown;
  /** An object of names in any case → text. */
  readonly headers: unknown;
  /** The pieces of the `Cookie` header where the format takes it out of the headers. */
  readonly cookies: unknown;
  readonly body: unknown;
  readonly isBase64Encoded: unknown;
  readonly sourceIp: unknown;
  /** When the gateway took the request, in milliseconds since the epoch. */
  readonly acceptedAtMs: unknown;
}

/** An event that is not a request, or is over the limits. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly code: 'request_malformed' | 'headers_too_large';
  /** Fit for a log line: it repeats nothing that was sent. */
  readonly reason: string;
}

export type EventReading = { readonly kind: 'request'; readonly request: HttpRequest } | Malformed;

/** A gateway gives up after 30 s; the answer has to be on its way before that. */
const gatewayPatienceMs = 28_000;
const maxPathCharacters = 8 * 1024;
export const maxQueryCharacters = 8 * 1024;
const maxHeaders = 200;
/** Cookies included, which have a limit of their own. */
const maxHeaderCharacters = 48 * 1024;

const methodToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;
const queryCharacters = /^[\x21-\x7e]*$/;
/** No control character but the tab (RFC 9110, section 5.5). */
const headerCharacters = /^[\t\x20-\x7e\u0080-\uffff]*$/;
const noBytes = Buffer.alloc(0);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNothing = (value: unknown): value is null | undefined => value === undefined || value === null;

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

export const malformed = (reason: string, code: Malformed['code'] = 'request_malformed'): Malformed => ({
  kind: 'malformed',
  code,
  reason,
});

const isMalformed = (value: object): value is Malformed => 'kind' in value && value.kind === 'malformed';

function readHeaders(sent: unknown): Map<string, string> | Malformed {
  const headers = new Map<string, string>();
  if (isNothing(sent)) return headers;
  if (!isRecord(sent)) return malformed('headers are not an object');
  let characters = 0;
  for (const name of Object.keys(sent)) {
    const value: unknown = sent[name];
    if (isNothing(value)) continue;
    if (typeof value !== 'string') return malformed('a header is not text');
    characters += name.length + value.length;
    if (characters > maxHeaderCharacters) return malformed('headers are too large', 'headers_too_large');
    if (!headerCharacters.test(value)) return malformed('a header holds a control character');
    const key = name.toLowerCase();
    const earlier = headers.get(key);
    headers.set(key, earlier === undefined ? value : `${earlier},${value}`);
    if (headers.size > maxHeaders) return malformed('there are too many headers', 'headers_too_large');
  }
  return headers;
}

/** Where an event carries cookies twice, the list counts: of the header some gateways keep the last pair only. */
function readCookies(list: unknown, header: string | undefined): Cookies | Malformed {
  const texts = isNothing(list) ? [] : list;
  if (!isTextList(texts)) return malformed('cookies are not a list of texts');
  const cookies = parseCookies(texts.length > 0 || header === undefined ? texts : [header]);
  return cookies === 'too_large' ? malformed('cookies are too large', 'headers_too_large') : cookies;
}

/** `Buffer.from` skips what is not base64, so a body that has lost bytes on the way is found by its length. */
function decodeBase64(text: string): Buffer | Malformed {
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const isWhole = text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding;
  return isWhole ? bytes : malformed('the body is not base64');
}

function readBody(body: unknown, isBase64Encoded: unknown): Buffer | Malformed {
  if (isNothing(body) || body === '') return noBytes;
  if (typeof body !== 'string') return malformed('the body is not text');
  return isBase64Encoded === true ? decodeBase64(body) : Buffer.from(body);
}

function deadlineAtMs(acceptedAtMs: unknown, context: InvocationContext, nowMs: number): number {
  const isTime = typeof acceptedAtMs === 'number' && acceptedAtMs > 0 && acceptedAtMs <= nowMs;
  return Math.min(nowMs + context.getRemainingTimeInMillis(), (isTime ? acceptedAtMs : nowMs) + gatewayPatienceMs);
}

function readTarget({ method, path, query }: EventParts): { method: string; path: string; query: string } | Malformed {
  if (typeof method !== 'string' || !methodToken.test(method)) return malformed('the method is not a token');
  if (typeof path !== 'string' || !path.startsWith('/')) return malformed('there is no path');
  if (path.length > maxPathCharacters) return malformed('the path is too long', 'headers_too_large');
  const text = query ?? '';
  if (typeof text !== 'string') return malformed('the query is not text');
  if (text.length > maxQueryCharacters) return malformed('the query is too long', 'headers_too_large');
  return queryCharacters.test(text) ? { method, path, query: text } : malformed('the query is not percent-encoded');
}

/**
 * Makes a request of its parts. Every size is capped before anything expensive is done, and nothing is believed to be
 * of the type that the format promises.
 *
 * @param parts what one event format states
 * @param nowMs milliseconds since the epoch
 */
export function readParts(parts: EventParts, context: InvocationContext, nowMs: number): EventReading {
  const target = readTarget(parts);
  if (isMalformed(target)) return target;
  const headers = readHeaders(parts.headers);
  if (isMalformed(headers)) return headers;
  const cookies = readCookies(parts.cookies, headers.get('cookie'));
  if (isMalformed(cookies)) return cookies;
  const body = readBody(parts.body, parts.isBase64Encoded);
  if (isMalformed(body)) return body;
  headers.delete('cookie');
  // Field by field, so that what is compiled for its shape lasts: docs/performance.md, "Shapes that last".
  const request: HttpRequest = {
    method: target.method,
    path: target.path,
    query: target.query,
    payload: parts.payload,
    pathEncoding: parts.pathEncoding,
    headers,
    cookies,
    body,
    sourceIp: typeof parts.sourceIp === 'string' ? parts.sourceIp : '',
    requestId: context.awsRequestId,
    deadlineAtMs: deadlineAtMs(parts.acceptedAtMs, context, nowMs),
  };
  return { kind: 'request', request };
}
