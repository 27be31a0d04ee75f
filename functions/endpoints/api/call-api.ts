/** Any method on an API's path: the request goes on to the API with the session's token for it, and for no other. */
import { checkFetch, headerlessHeaders } from '../../http/csrf.ts';
import { withHeaders } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import { forward, refuse, type Problem } from '../../proxy/forward.ts';
import type { Match } from '../../proxy/routes.ts';
import { readApiToken } from '../../session/jar.ts';
import type { LiveSession } from '../../session/lifetimes.ts';
import { seenCookie } from '../../session/seen.ts';
import { addressOf, sealerOf } from '../context.ts';
import { currentSession, readWithKeys, sessionProblem } from '../current-session.ts';
import type { ApiContext } from './room.ts';

type Admission =
  | { readonly kind: 'admitted'; readonly token: string | undefined; readonly cookies: readonly SetCookie[] }
  | { readonly kind: 'refused'; readonly response: HttpResponse };

const refused = (response: HttpResponse): Admission => ({ kind: 'refused', response });

function problemResponse({ request }: ApiContext, { code, detail, headers }: Problem): HttpResponse {
  return withHeaders(problem(code, { ref: request.requestId, detail }), headers);
}

/** An API that failed the audience guarantee answers with its code; without a token nothing else is left but a login. */
function withoutToken(context: ApiContext, { route }: Match, { grant }: LiveSession): HttpResponse {
  const { request, broker, log } = context;
  const ref = request.requestId;
  const failure = grant.failures.get(route.name);
  if (failure === undefined) return sessionProblem(context, { kind: 'over' });
  log('warn', 'proxy_denied', { api: route.name, code: failure.code });
  const where = broker.configuration.development
    ? ` ${addressOf(broker, 'diagnostics')} says what came back and what to do.`
    : '';
  return problem(failure.code, { ref, detail: `There is no usable access token for this API.${where}` });
}

async function admit(context: ApiContext, match: Match, session: LiveSession): Promise<Admission> {
  const { request, broker, now } = context;
  const { name } = match.route;
  const fingerprint = broker.fingerprints.get(name) ?? '';
  const { reading } = await readWithKeys(context, (rules) =>
    readApiToken(request.cookies, name, session, fingerprint, rules),
  );
  if (reading.kind === 'unreadable') return refused(sessionProblem(context, reading));
  if (reading.kind === 'missing' || reading.expiresAt <= now) return refused(withoutToken(context, match, session));
  const seen = seenCookie(session, broker.configuration.session.idle, sealerOf(context));
  return { kind: 'admitted', token: reading.token, cookies: seen === undefined ? [] : [seen] };
}

async function authorize(context: ApiContext, match: Match): Promise<Admission> {
  if (match.anonymous) return { kind: 'admitted', token: undefined, cookies: [] };
  const { session } = await currentSession(context);
  return session.kind === 'live' ? admit(context, match, session) : refused(sessionProblem(context, session));
}

/** A cookie must never lie in anybody's cache. */
function withCookies(response: HttpResponse, cookies: readonly SetCookie[]): HttpResponse {
  if (cookies.length === 0) return response;
  const headers = response.headers.filter(([name]) => name !== 'cache-control');
  return { ...response, headers: [...headers, ['cache-control', 'no-store']], cookies };
}

export async function callApi(context: ApiContext, match: Match): Promise<HttpResponse> {
  const { request, broker, log } = context;
  const { publicOrigin } = broker.configuration;
  const check = checkFetch(request, broker.configuration, match);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why, api: match.route.name });
    return problem('csrf_rejected', { ref: request.requestId });
  }
  const refusal = refuse(request, match);
  if (refusal !== undefined) return problemResponse(context, refusal);
  const admission = await authorize(context, match);
  if (admission.kind === 'refused') return admission.response;
  const { token, cookies } = admission;
  const forwarded = await forward(request, match, { send: broker.send, token, publicOrigin, nowMs: Date.now, log });
  if (forwarded.kind === 'problem') return { ...problemResponse(context, forwarded), cookies };
  const response = withCookies(forwarded.response, cookies);
  return check.headerless ? withHeaders(response, headerlessHeaders) : response;
}
