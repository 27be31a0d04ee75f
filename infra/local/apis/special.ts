/** Paths under which an API answers in a way that is hard to forward: raw bodies, statuses, cookies, delays, streams. */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { orderEvents } from './events.ts';
import { everyByte, files } from './samples.ts';

/** An answer of an API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** One that is read as it comes goes on for as long as it likes. */
  readonly body: Buffer | Readable;
}

export interface SpecialRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly lastEventId?: string | undefined;
  readonly body: Buffer;
  /** `iat` of the access token; left out where there was none. */
  readonly issuedAt?: number | undefined;
}

const json = 'application/json; charset=utf-8';

export const jsonAnswer = (status: number, value: unknown): ApiAnswer => ({
  status,
  headers: { 'content-type': json },
  body: Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`),
});

const number = (query: URLSearchParams, name: string, otherwise: number, most: number): number =>
  Math.min(Number(query.get(name) ?? otherwise) || 0, most);

const answers: Readonly<
  Record<string, (request: SpecialRequest, ended: AbortSignal) => ApiAnswer | Promise<ApiAnswer>>
> = {
  /** The body, byte by byte, under its own type. */
  '/echo': ({ body, contentType }) => ({
    status: 200,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
    body,
  }),
  '/set-cookie': () => ({
    ...jsonAnswer(200, { cookies: 2 }),
    headers: { 'content-type': json, 'set-cookie': ['upstream=1; Path=/; HttpOnly', 'second=2; Path=/'] },
  }),
  /** `?ms=`: how long it takes. */
  '/slow': async ({ query }, ended) => {
    const ms = number(query, 'ms', 1000, 600_000);
    await sleep(ms, undefined, { signal: ended });
    return jsonAnswer(200, { ms });
  },
  /** `?n=`: how many. */
  '/bytes': ({ query }) => ({
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: everyByte(number(query, 'n', 256, 20_000_000)),
  }),
  /** `?to=`: the location. */
  '/redirect': ({ query }) => ({
    status: 302,
    headers: { location: query.get('to') ?? '/' },
    body: Buffer.alloc(0),
  }),
  /** The query as response headers. */
  '/headers': ({ query }) => ({
    ...jsonAnswer(200, {}),
    headers: { 'content-type': json, ...Object.fromEntries(query) },
  }),
  /** `?max_age=` and `?acr_values=`: what the API wants of the user's authentication; here a token that is recent enough. */
  '/recent': ({ query, issuedAt = 0 }) => {
    const maxAge = number(query, 'max_age', 60, 86_400);
    if (Date.now() / 1000 - issuedAt <= maxAge) return jsonAnswer(200, { recent: true });
    const wanted = [...query].map(([name, value]) => `, ${name}="${value.replaceAll(/["\\]/g, "'")}"`).join('');
    const challenge = `Bearer error="insufficient_user_authentication"${wanted}`;
    return { ...jsonAnswer(401, { recent: false }), headers: { 'content-type': json, 'www-authenticate': challenge } };
  },
  /** An event every second. */
  '/events': ({ lastEventId }, ended) => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: orderEvents(lastEventId, ended),
  }),
  '/empty': () => ({ status: 200, headers: {}, body: Buffer.alloc(0) }),
  '/gzip': () => ({
    status: 200,
    headers: { 'content-type': json, 'content-encoding': 'gzip' },
    body: gzipSync('{"compressed":true}\n'),
  }),
};

function statusOf(path: string): number | undefined {
  const status = Number(/^\/status\/(?<status>[2-5]\d\d)$/.exec(path)?.groups?.['status']);
  return Number.isNaN(status) ? undefined : status;
}

/**
 * @param ended ends a delay, or a stream
 * @returns `undefined` for a path that is not special
 */
export async function special(request: SpecialRequest, ended: AbortSignal): Promise<ApiAnswer | undefined> {
  const { path } = request;
  const status = statusOf(path);
  if (status !== undefined) return jsonAnswer(status, { status });
  if (Object.hasOwn(files, path)) {
    const file = files[path];
    return file && { status: 200, headers: { 'content-type': file.type }, body: file.body };
  }
  return Object.hasOwn(answers, path) ? answers[path]?.(request, ended) : undefined;
}
