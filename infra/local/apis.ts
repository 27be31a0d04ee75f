/** Two APIs on this machine which verify the bearer token as a real one would and answer what they saw. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { JWTPayload } from 'jose';
import { createVerifier, seenToken } from './apis/bearer.ts';
import type { Verifier } from './apis/bearer.ts';
import { samples } from './apis/samples.ts';
import { jsonAnswer, special } from './apis/special.ts';
import type { ApiAnswer } from './apis/special.ts';
import { listen, readBody, shut } from './loopback.ts';

/** One API: the audience it expects and the port it listens on (0, the default: any). */
export interface ApiOptions {
  readonly audience: string;
  readonly port?: number;
}

export interface ApisOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly orders: ApiOptions;
  readonly profile: ApiOptions;
}

/** One request as it arrived at an API. For tests only: the headers hold the token. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, byte by byte as sent. */
  readonly target: string;
  /** Name, value, name, value, … as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Api {
  readonly origin: string;
  /** The newest ten thousand. */
  readonly requests: ApiRequest[];
  /** How many of the next requests are refused with 401, whatever their token. */
  refuseNext: number;
}

export interface Apis {
  readonly orders: Api;
  readonly profile: Api;
  close(): Promise<void>;
}

type Name = keyof typeof samples;

const mostRecorded = 10_000;

/** A path below this needs no token, and the answer tells whether one came. */
const anonymous = '/no-auth';

const isAnonymous = (path: string) => path === anonymous || path.startsWith(`${anonymous}/`);

/** https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function unauthorized(name: Name, why: string | undefined): ApiAnswer {
  const error = why === undefined ? {} : { error: 'invalid_token', error_description: why };
  const parameters = Object.entries(error).map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, "'")}"`);
  const answer = jsonAnswer(401, { api: name, ...error });
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': `Bearer ${parameters.join(', ')}`.trim() } };
}

/** What the API wants and what it saw: everything but the token. */
function report(
  { name, audience }: { readonly name: Name; readonly audience: string },
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  claims: JWTPayload,
): ApiAnswer {
  const { authorization, ...headers } = request.headers;
  const { aud, iss, sub, scope, exp } = claims;
  return jsonAnswer(200, {
    api: name,
    ...samples[name],
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    accepts: audience,
    aud,
    iss,
    sub,
    scope,
    exp,
    token: seenToken(authorization) ?? null,
    headers,
    body: { base64: body.toString('base64'), length: body.length },
  });
}

/** @throws where whoever asked does not stay to the end */
async function send(response: ServerResponse, answer: ApiAnswer): Promise<void> {
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.statusCode = answer.status;
  if (Buffer.isBuffer(answer.body)) {
    response.end(answer.body);
  } else if (response.req.method === 'HEAD') {
    answer.body.destroy();
    response.end();
  } else {
    await pipeline(answer.body, response);
  }
}

async function startApi(name: Name, { audience, port }: ApiOptions, verify: Verifier, ended: AbortSignal) {
  const requests: ApiRequest[] = [];

  async function answer(request: IncomingMessage, url: URL, body: Buffer): Promise<ApiAnswer> {
    if (api.refuseNext > 0) {
      api.refuseNext -= 1;
      return unauthorized(name, 'the API was told to refuse this token');
    }
    let claims: JWTPayload = {};
    if (!isAnonymous(url.pathname)) {
      const verdict = await verify(request.headers.authorization);
      if (verdict.kind !== 'valid') return unauthorized(name, verdict.kind === 'invalid' ? verdict.why : undefined);
      claims = verdict.claims;
    }
    const path = isAnonymous(url.pathname) ? url.pathname.slice(anonymous.length) : url.pathname;
    const { 'content-type': contentType, 'last-event-id': lastEventId } = request.headers;
    const asked = { path, query: url.searchParams, contentType, lastEventId: lastEventId?.toString(), body };
    const answered = await special({ ...asked, issuedAt: claims.iat }, ended);
    return answered ?? report({ name, audience }, request, url, body, claims);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const body = await readBody(request);
    requests.push({ method: request.method ?? '', target, rawHeaders: request.rawHeaders, body });
    if (requests.length > mostRecorded) requests.shift();
    await send(response, await answer(request, new URL(target, 'http://api'), body));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const api: Api = { origin: await listen(server, port), requests, refuseNext: 0 };
  return { api, server };
}

/** Starts both on 127.0.0.1. */
export async function startApis({ issuer, jwksUri, orders, profile }: ApisOptions): Promise<Apis> {
  const ended = new AbortController();
  const started = await Promise.all([
    startApi('orders', orders, createVerifier(issuer, jwksUri, orders.audience), ended.signal),
    startApi('profile', profile, createVerifier(issuer, jwksUri, profile.audience), ended.signal),
  ]);
  return {
    orders: started[0].api,
    profile: started[1].api,
    async close() {
      ended.abort();
      await Promise.all(started.map(({ server }) => shut(server)));
    },
  };
}
