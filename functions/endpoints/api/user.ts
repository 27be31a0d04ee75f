/** `GET /bff/user`: who is logged in, as an array of claims; nobody is told what they are not to see. */
import { claim } from '../../contract/wire.ts';
import { empty, json } from '../../http/answers.ts';
import { checkFetch } from '../../http/csrf.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { parseParameters, single } from '../../http/query.ts';
import type { JsonValue } from '../../session/fields.ts';
import { logoutSid } from '../../session/identity.ts';
import { sessionEndsAt, type LiveSession } from '../../session/lifetimes.ts';
import { activityCookies } from '../activity.ts';
import { addressOf, type Context } from '../context.ts';
import { currentSession, sessionProblem } from '../current-session.ts';
import type { ApiContext } from './room.ts';

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

/** What there is to say, or the answer that says that nothing can be said. */
export type Found =
  | { readonly kind: 'somebody'; readonly session: LiveSession; readonly cookies: readonly SetCookie[] }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'failed'; readonly response: HttpResponse };

/** The jar alone decides, until its newest token has ended or where every request is to ask. */
function isPlain({ broker, now }: ApiContext, { grant }: LiveSession): boolean {
  return !broker.hasTable || (grant.checkAfter > now && broker.configuration.session.revocation !== 'immediate');
}

async function find(context: ApiContext): Promise<Found> {
  const { session } = await currentSession(context);
  if (session.kind === 'live' && isPlain(context, session)) return { kind: 'somebody', session, cookies: [] };
  const mayBeMended = session.kind === 'live' || session.kind === 'grantless';
  if (mayBeMended && context.broker.hasTable) return (await import('./usable-session.ts')).findChecked(context);
  const isUndecided = session.kind === 'unreadable' || session.kind === 'ambiguous';
  return isUndecided ? { kind: 'failed', response: sessionProblem(context, session) } : { kind: 'nobody' };
}

export async function user(context: ApiContext): Promise<HttpResponse> {
  const { request, broker, log, now } = context;
  const { anonymous } = broker.configuration.session;
  const check = checkFetch(request, broker.configuration);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why });
    return empty(401);
  }
  const found = await find(context);
  if (found.kind === 'failed') return found.response;
  if (found.kind === 'nobody') return anonymous === 'null' ? json(null) : empty(401);
  const { session, cookies } = found;
  const activity = slides(request.query) ? await activityCookies(context, session) : [];
  const current = activity.length === 0 ? session : { ...session, lastActiveAt: now };
  return json(describe(context, current), [...cookies, ...activity]);
}
