/** Any method on an API's path: the request goes on to the API with the session's token for it, and for no other. */
import type { RedemptionGroup } from '../../audience/groups.ts';
import { checkFetch, headerlessHeaders } from '../../http/csrf.ts';
import { withHeaders } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import { forward, refuse, type Problem } from '../../proxy/forward.ts';
import type { Match } from '../../proxy/routes.ts';
import { readApiToken } from '../../session/jar.ts';
import type { LiveSession } from '../../session/lifetimes.ts';
import { seenCookie } from '../../session/seen.ts';
import { sealerOf } from '../context.ts';
import { readWithKeys, sessionProblem } from '../current-session.ts';
import { audienceProblem, renew } from './renew.ts';
import type { ApiContext } from './room.ts';
import { renewalCookies, unusableProblem, usableSession, type Usable } from './usable-session.ts';

type Admission =
  | { readonly kind: 'admitted'; readonly token: string | undefined; readonly cookies: readonly SetCookie[] }
  | { readonly kind: 'refused'; readonly response: HttpResponse };

const refused = (response: HttpResponse): Admission => ({ kind: 'refused', response });

function problemResponse({ request }: ApiContext, { code, detail, headers }: Problem): HttpResponse {
  return withHeaders(problem(code, { ref: request.requestId, detail }), headers);
}

type UsableSession = Extract<Usable, { kind: 'usable' }>;

/** The jar's token is good until its margin begins; what the grant says of it is as old as the grant. */
const isFresh = ({ grant }: LiveSession, api: string, expiresAt: number, now: number): boolean =>
  (grant.tokens.get(api)?.refreshAt ?? expiresAt) > now && expiresAt > now;

async function tokenFor(
  context: ApiContext,
  group: RedemptionGroup,
  usable: UsableSession,
  api: string,
): Promise<Admission> {
  const { request, now } = context;
  const { session, rules, healed } = usable;
  const { identity, grant } = session;
  const { reading } = await readWithKeys(context, (by) =>
    readApiToken(request.cookies, api, session, group.fingerprint, by),
  );
  if (reading.kind === 'unreadable') return refused(sessionProblem(context, reading));
  const mended = healed === undefined ? undefined : renewalCookies(context, identity, healed, new Set());
  const cookies = mended?.kind === 'fits' ? mended.cookies : [];
  if (reading.kind === 'token' && isFresh(session, api, reading.expiresAt, now)) {
    return { kind: 'admitted', token: reading.token, cookies };
  }
  const failure = grant.failures.get(api);
  if (failure !== undefined && failure.retryAt > now)
    return refused(audienceProblem(context, api, failure.code, cookies));
  const currentEndsAt = reading.kind === 'token' ? reading.expiresAt : undefined;
  const renewed = await renew(context, {
    identity,
    grant: healed === undefined ? grant : undefined,
    group,
    currentEndsAt,
    rules,
  });
  if (renewed.kind !== 'token') return refused(renewed.response);
  const token = renewed.token ?? (reading.kind === 'token' ? reading.token : undefined);
  return { kind: 'admitted', token, cookies: renewed.cookies };
}

async function authorize(context: ApiContext, { route, anonymous }: Match): Promise<Admission> {
  if (anonymous) return { kind: 'admitted', token: undefined, cookies: [] };
  const { broker } = context;
  const usable = await usableSession(context);
  if (usable.kind !== 'usable') return refused(unusableProblem(context, usable));
  const group = broker.groupOf.get(route.name);
  if (group === undefined) return refused(problem('not_found', { ref: context.request.requestId }));
  const admission = await tokenFor(context, group, usable, route.name);
  if (admission.kind === 'refused') return admission;
  const seen = seenCookie(usable.session, broker.configuration.session.idle, sealerOf(context));
  return seen === undefined ? admission : { ...admission, cookies: [...admission.cookies, seen] };
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
