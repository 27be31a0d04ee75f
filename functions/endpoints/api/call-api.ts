/** Any method on an API's path: the request goes on to the API with the session's token for it, and for no other. */
import { checkFetch, headerlessHeaders } from '../../http/csrf.ts';
import { withHeaders } from '../../http/answers.ts';
import type { HttpRequest, HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import { forward, refuse, type Forwarded, type Problem } from '../../proxy/forward.ts';
import type { Challenge } from '../../proxy/challenge.ts';
import type { Match } from '../../proxy/routes.ts';
import { readApiToken } from '../../session/jar.ts';
import { standingOf, type Standing } from '../../session/standing.ts';
import { activityCookies } from '../activity.ts';
import { currentSession, readWithKeys, sessionProblem } from '../current-session.ts';
import { isFresh, refused, type Admission, type Admitted } from './admission.ts';
import type { ApiContext } from './room.ts';

function problemResponse({ request }: ApiContext, { code, detail, headers }: Problem): HttpResponse {
  return withHeaders(problem(code, { ref: request.requestId, detail }), headers);
}

/** @returns undefined where the API's token is missing, or has to be renewed */
async function admitStanding(context: ApiContext, api: string, standing: Standing): Promise<Admitted | undefined> {
  const { request, broker, now } = context;
  const fingerprint = broker.groupOf.get(api)?.fingerprint ?? '';
  const { reading } = await readWithKeys(context, (rules) =>
    readApiToken(request.cookies, api, standing.binding, fingerprint, rules),
  );
  if (reading.kind !== 'token' || !isFresh(standing, api, reading.expiresAt, now)) return undefined;
  return { kind: 'admitted', token: reading.token, held: reading, cookies: [] };
}

/** @returns undefined where the jar alone does not decide */
async function admitByJar(context: ApiContext, api: string): Promise<Admission | undefined> {
  const { request, broker, now } = context;
  const { idle, revocation } = broker.configuration.session;
  if (broker.hasTable && revocation === 'immediate') return undefined;
  const known = broker.standings.find(request.cookies, now, idle);
  if (known !== undefined) return admitStanding(context, api, known);
  const { session } = await currentSession(context);
  if (session.kind !== 'live') {
    return session.kind === 'grantless' && broker.hasTable ? undefined : refused(sessionProblem(context, session));
  }
  const standing = standingOf(session);
  broker.standings.remember(request.cookies, standing);
  const admitted = await admitStanding(context, api, standing);
  return admitted && { ...admitted, cookies: await activityCookies(context, session) };
}

async function admit(context: ApiContext, { route, anonymous }: Match): Promise<Admission> {
  if (anonymous) return { kind: 'admitted', token: undefined, cookies: [] };
  const admission = await admitByJar(context, route.name);
  return admission ?? (await import('./admit-anew.ts')).admitAnew(context, route.name);
}

/** A cookie must never lie in anybody's cache. */
function withCookies(response: HttpResponse, cookies: readonly SetCookie[]): HttpResponse {
  if (cookies.length === 0) return response;
  const headers = response.headers.filter(([name]) => name !== 'cache-control');
  return { ...response, headers: [...headers, ['cache-control', 'no-store']], cookies };
}

/** RFC 6455, section 4.1. A function answers once and keeps no connection. */
const wantsWebSocket = ({ headers }: HttpRequest): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Sending these twice is as good as sending them once (RFC 9110, section 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** RFC 9470, section 3: another token of the same login would be refused as well. */
const stepUpOf = (forwarded: Forwarded): Challenge | undefined =>
  forwarded.kind === 'answered' && forwarded.challenge?.get('error') === 'insufficient_user_authentication'
    ? forwarded.challenge
    : undefined;

const isTokenRefused = ({ method }: HttpRequest, forwarded: Forwarded, { held }: Admitted): boolean =>
  forwarded.kind === 'answered' && forwarded.response.status === 401 && held !== undefined && idempotent.has(method);

async function send(context: ApiContext, match: Match, admitted: Admitted): Promise<HttpResponse> {
  const { request, broker, log } = context;
  const { publicOrigin } = broker.configuration;
  const { token } = admitted;
  let { cookies } = admitted;
  let forwarded = await forward(request, match, { send: broker.send, token, publicOrigin, nowMs: Date.now, log });
  const challenge = match.anonymous ? undefined : stepUpOf(forwarded);
  if (challenge !== undefined) {
    return (await import('./step-up.ts')).stepUpProblem(context, match.route.name, challenge, cookies);
  }
  if (isTokenRefused(request, forwarded, admitted)) {
    const repeated = await (await import('./repeat.ts')).repeat(context, match, admitted);
    if (repeated?.kind === 'ended') return repeated.response;
    if (repeated !== undefined) {
      ({ forwarded } = repeated);
      cookies = [...cookies, ...repeated.cookies];
    }
  }
  if (forwarded.kind === 'problem') return { ...problemResponse(context, forwarded), cookies };
  return withCookies(forwarded.response, cookies);
}

export async function callApi(context: ApiContext, match: Match): Promise<HttpResponse> {
  const { request, broker, log } = context;
  if (wantsWebSocket(request)) return problem('websocket_unsupported', { ref: request.requestId });
  const check = checkFetch(request, broker.configuration, match);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why, api: match.route.name });
    return problem('csrf_rejected', { ref: request.requestId });
  }
  const refusal = refuse(request, match);
  if (refusal !== undefined) return problemResponse(context, refusal);
  const admission = await admit(context, match);
  if (admission.kind === 'refused') return admission.response;
  const response = await send(context, match, admission);
  return check.headerless ? withHeaders(response, headerlessHeaders) : response;
}
