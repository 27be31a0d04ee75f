/** Hands a request to its API and the answer back: the order of the steps, the time and size limits, what failures mean. */
import type { ProblemCode } from '../contract/wire.ts';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { Call, Failed, Limits, Send } from '../outgoing/send.ts';
import type { Log } from '../telemetry/log.ts';
import type { Challenge } from './challenge.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';
import type { Match, Route } from './routes.ts';

/** What forwarding needs beside the request. */
export interface Forwarding {
  readonly send: Send;
  /** The access token of this very API; left out on anonymous paths. */
  readonly token?: string | undefined;
  /** The origin at which browsers reach the broker. */
  readonly publicOrigin: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Why a request is not answered by its API. */
export interface Problem {
  readonly kind: 'problem';
  readonly code: ProblemCode;
  readonly detail: string;
  /** To be added to the answer, for example `Allow`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** `challenge` is what the API said about the token in `WWW-Authenticate`, for a 401. */
export type Forwarded =
  { readonly kind: 'answered'; readonly response: HttpResponse; readonly challenge: Challenge | undefined } | Problem;

/** Below this there is no sense in asking the API. */
const leastMs = 2_000;
/** What the broker needs after the API has answered. */
const reserveMs = 500;
/** In base64 and with headers and cookies these fill the 6 MB that a function may answer. */
const largestAnswer = 4_500_000;

/** Safe methods (RFC 9110, section 9.2.1): sending one twice changes nothing. */
const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

const problem = (code: ProblemCode, detail: string, headers: Problem['headers'] = []): Problem => ({
  kind: 'problem',
  code,
  detail,
  headers,
});

/**
 * What can be said about a request before anybody looks at its session.
 *
 * @returns undefined where it may be forwarded
 */
export function refuse({ method, query, body }: HttpRequest, { route: { api } }: Match): Problem | undefined {
  // Methods are case-sensitive (RFC 9110, section 9.1).
  if (!api.methods.some((allowed) => allowed === method)) {
    return problem('method_not_allowed', 'The API does not take this method.', [['allow', api.methods.join(', ')]]);
  }
  if (query.includes('#')) return problem('path_invalid', 'The query holds a "#" that is not encoded.');
  if (body.length > api.bodyLimitBytes) {
    return problem('body_too_large', `The API takes at most ${api.bodyLimitBytes} bytes.`);
  }
  return undefined;
}

/** The path is canonical and the query has been checked, so that nothing in them can lead out of the base. */
function urlOf({ origin, basePath }: Route, rest: string, query: string): string {
  const path = basePath + rest;
  return `${origin}${path === '' ? '/' : path}${query === '' ? '' : `?${query}`}`;
}

function limitsOf({ api: { timeouts } }: Route, leftMs: number): Limits {
  const totalMs = leftMs - reserveMs;
  const responseMs = timeouts.response * 1000;
  return {
    connectMs: timeouts.connect * 1000,
    headersMs: responseMs,
    idleMs: responseMs,
    totalMs,
    maxBytes: largestAnswer,
  };
}

const failures: Readonly<Record<Failed['reason'], readonly [code: ProblemCode, detail: string]>> = {
  timeout: ['upstream_timeout', 'The API did not answer in the time it has.'],
  unreachable: ['upstream_unreachable', 'No connection to the API could be made.'],
  tls: ['upstream_unreachable', 'No trusted connection to the API could be made.'],
  reset: ['upstream_unreachable', 'The connection to the API broke.'],
  aborted: ['upstream_unreachable', 'The call to the API was given up.'],
  malformed: ['upstream_invalid', 'What the API sent is not HTTP.'],
  too_large: ['upstream_too_large', 'The answer of the API is larger than what can be passed on.'],
};

/** Bodies of GET and HEAD have no meaning (RFC 9110, section 9.3.1) and stay here. */
function callFor(request: HttpRequest, { route, rest }: Match, forwarding: Forwarding, leftMs: number): Call {
  const { token, publicOrigin } = forwarding;
  const safe = isSafe(request.method);
  const body = safe || request.body.length === 0 ? undefined : request.body;
  return {
    url: urlOf(route, rest, request.query),
    method: request.method,
    headers: requestHeaders(request, route.requestHeaders, { token, publicOrigin, body: body !== undefined }),
    body,
    limits: limitsOf(route, leftMs),
    kept: safe ? 'repeatable' : 'once',
  };
}

/**
 * Sends a request on to its API. Redirects are not followed, and a request that may have arrived is sent again only where
 * its method is safe.
 *
 * @param request below the path of the matched API
 * @returns the answer as the browser gets it, or the problem to answer with; what an API answers is no problem, whatever
 *   its status
 */
export async function forward(request: HttpRequest, match: Match, forwarding: Forwarding): Promise<Forwarded> {
  const { send, publicOrigin, nowMs, log } = forwarding;
  const { route } = match;
  const { method } = request;
  const refusal = refuse(request, match);
  if (refusal !== undefined) return refusal;
  const leftMs = request.deadlineAtMs - nowMs();
  if (leftMs < leastMs) return problem('upstream_timeout', 'There was no time left to ask the API.');

  const call = callFor(request, match, forwarding, leftMs);
  const result = await send(call);
  if (result.kind === 'failed') {
    const [code, detail] = failures[result.reason];
    log('warn', 'proxy_failed', { api: route.name, method, code, reason: result.reason, sent: result.sent });
    return problem(code, detail);
  }
  const { status, rawHeaders } = result;
  if (status < 200 || status > 599) {
    log('warn', 'proxy_failed', { api: route.name, method, code: 'upstream_invalid', status });
    return problem('upstream_invalid', 'The API answered with a status that does not exist.');
  }
  const { headers, challenge } = responseHeaders(rawHeaders, status, route, { url: call.url, publicOrigin });
  const { body, arriving } = result;
  if (arriving === undefined) {
    return { kind: 'answered', response: { status, headers, cookies: [], body }, challenge };
  }
  const { message, length } = arriving;
  const silenceMs = route.api.timeouts.silence * 1000;
  const response = { status, headers, cookies: [], body, arriving: { bytes: message, length, silenceMs } };
  return { kind: 'answered', response, challenge };
}
