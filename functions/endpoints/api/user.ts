/** `GET /bff/user`: who is logged in, as an array of claims; nobody is told what they are not to see. */
import { claim } from '../../contract/wire.ts';
import { empty, json } from '../../http/answers.ts';
import { checkFetch } from '../../http/csrf.ts';
import type { HttpResponse } from '../../http/message.ts';
import { parseParameters, single } from '../../http/query.ts';
import type { JsonValue } from '../../session/fields.ts';
import { logoutSid } from '../../session/identity.ts';
import { sessionEndsAt, type LiveSession } from '../../session/lifetimes.ts';
import { seenCookie } from '../../session/seen.ts';
import { addressOf, sealerOf, type Context } from '../context.ts';
import type { ApiContext } from './room.ts';
import { renewalCookies, unusableProblem, usableSession, type Usable } from './usable-session.ts';

interface Claim {
  readonly type: string;
  readonly value: string | number | boolean;
}

/** One entry for each value of a list; an object is given as its JSON text. */
function claimsOf(type: string, value: JsonValue): readonly Claim[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => claimsOf(type, item));
  if (value === null) return [];
  return [{ type, value: typeof value === 'object' ? JSON.stringify(value) : value }];
}

function describe({ broker, now }: Context, session: LiveSession): readonly Claim[] {
  const { claims, sessionState } = session.identity;
  const endsAt = sessionEndsAt(session, broker.configuration.session.idle);
  const logoutUrl = `${addressOf(broker, 'logout')}?sid=${logoutSid(session.identity)}`;
  return [
    ...Object.entries(claims).flatMap(([type, value]) => claimsOf(type, value)),
    { type: claim.logoutUrl, value: logoutUrl },
    { type: claim.sessionExpiresIn, value: Math.max(0, endsAt - now) },
    ...(sessionState === undefined ? [] : [{ type: claim.sessionState, value: sessionState }]),
  ];
}

/** A request that only looks must say so, or a page left open would keep its session for ever. */
function slides(query: string): boolean {
  const slide = single(parseParameters(query) ?? new Map<string, string[]>(), 'slide');
  return slide.kind !== 'value' || slide.value !== 'false';
}

/** Once its newest token has ended, nothing but this looks whether the session has been revoked. */
async function checkedSession(context: ApiContext): Promise<Usable> {
  const usable = await usableSession(context);
  const { broker, now } = context;
  if (usable.kind !== 'usable' || !broker.hasTable || usable.session.grant.checkAfter > now) return usable;
  const state = await (await broker.refreshing()).check(usable.session.identity);
  return state.kind === 'going_on' ? usable : state;
}

export async function user(context: ApiContext): Promise<HttpResponse> {
  const { request, broker, log, now } = context;
  const { idle, anonymous } = broker.configuration.session;
  const check = checkFetch(request, broker.configuration);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why });
    return empty(401);
  }
  const usable = await checkedSession(context);
  if (usable.kind === 'silent') return unusableProblem(context, usable);
  if (usable.kind === 'dead' && (usable.session.kind === 'unreadable' || usable.session.kind === 'ambiguous')) {
    return unusableProblem(context, usable);
  }
  if (usable.kind !== 'usable') return anonymous === 'null' ? json(null) : empty(401);
  const { session, healed } = usable;
  const mended = healed === undefined ? undefined : renewalCookies(context, session.identity, healed, new Set());
  const seen = slides(request.query) ? seenCookie(session, idle, sealerOf(context)) : undefined;
  const current = seen === undefined ? session : { ...session, lastActiveAt: now };
  const cookies = mended?.kind === 'fits' ? mended.cookies : [];
  return json(describe(context, current), seen === undefined ? cookies : [...cookies, seen]);
}
