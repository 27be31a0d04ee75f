/** `POST /bff/refresh`: renews every token that has run out or is about to, one after another, without an API call. */
import { checkFetch } from '../../http/csrf.ts';
import { json } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import type { Grant } from '../../session/grant.ts';
import type { RedemptionGroup } from '../../audience/groups.ts';
import type { ApiContext } from './room.ts';
import { renew } from './renew.ts';
import { renewalCookies, unusableProblem, usableSession, type Usable } from './usable-session.ts';

/** Missing, or inside its margin; an API that has failed is not asked for again before its time. */
function isDue(grant: Grant, group: RedemptionGroup, now: number): boolean {
  const [name] = group.apis;
  const failure = grant.failures.get(name);
  if (failure !== undefined && failure.retryAt > now) return false;
  const times = grant.tokens.get(name);
  return times === undefined || times.refreshAt <= now;
}

/** Later cookies of one name take the place of earlier ones. */
const newestCookies = (cookies: readonly SetCookie[]): readonly SetCookie[] => [
  ...new Map(cookies.map((cookie) => [`${cookie.name} ${cookie.path}`, cookie])).values(),
];

/** Seconds until the first of the session's API tokens ends; where there is none, until the session does. */
function expiresIn({ tokens }: Grant, sessionEndsAt: number, now: number): number {
  const ends = [...tokens.values()].map(({ endsAt }) => endsAt);
  return Math.max(0, Math.min(...ends, ...(ends.length === 0 ? [sessionEndsAt] : [])) - now);
}

type UsableSession = Extract<Usable, { kind: 'usable' }>;

async function renewAll(context: ApiContext, { session, rules, healed }: UsableSession): Promise<HttpResponse> {
  const { broker, now } = context;
  const { identity } = session;
  const mended = healed === undefined ? undefined : renewalCookies(context, identity, healed, new Set());
  const cookies: SetCookie[] = mended?.kind === 'fits' ? [...mended.cookies] : [];
  let { grant } = session;
  const isRenewable = grant.refreshToken !== undefined || grant.refreshTokenInStore === true;
  for (const group of isRenewable ? broker.groups : []) {
    if (!isDue(grant, group, now)) continue;
    const currentEndsAt = grant.tokens.get(group.apis[0])?.endsAt;
    const renewed = await renew(context, { identity, grant, group, currentEndsAt, rules });
    if (renewed.kind === 'failed') {
      return { ...renewed.response, cookies: newestCookies([...cookies, ...renewed.response.cookies]) };
    }
    cookies.push(...(renewed.kind === 'token' ? renewed.cookies : renewed.response.cookies));
    grant = renewed.grant ?? grant;
  }
  return json({ expires_in: expiresIn(grant, identity.endsAt, now) }, newestCookies(cookies));
}

export async function refresh(context: ApiContext): Promise<HttpResponse> {
  const { request, broker, log } = context;
  const check = checkFetch(request, broker.configuration);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why });
    return problem('csrf_rejected', { ref: request.requestId });
  }
  const usable = await usableSession(context);
  return usable.kind === 'usable' ? renewAll(context, usable) : unusableProblem(context, usable);
}
