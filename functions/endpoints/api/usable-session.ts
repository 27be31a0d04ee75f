/** The session of a request as far as it may be used: read from the jar, completed from the store, ended by the store. */
import { serializedBytes } from '../../http/cookies.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import type { Ended } from '../../refresh/rows.ts';
import { grantOf, storedGrantOf, type Holdings } from '../../session/holdings.ts';
import type { Identity } from '../../session/identity.ts';
import { renewSession, type Issued } from '../../session/issue.ts';
import { withGrant } from '../../session/jar.ts';
import type { LiveSession } from '../../session/lifetimes.ts';
import type { ReadingRules } from '../../session/reading.ts';
import { addressOf, sealerOf } from '../context.ts';
import { currentSession, sessionProblem, type DeadSession } from '../current-session.ts';
import type { ApiContext } from './room.ts';
import type { Found } from './user.ts';

export type Usable =
  | {
      readonly kind: 'usable';
      readonly session: LiveSession;
      readonly rules: ReadingRules;
      /** What makes up for the grant that is missing in the jar. */
      readonly healed: Holdings | undefined;
    }
  | { readonly kind: 'dead'; readonly session: DeadSession }
  | { readonly kind: 'ended'; readonly why: Ended['why'] }
  | { readonly kind: 'silent' };

export type Unusable = Exclude<Usable, { kind: 'usable' }>;

/** The cookies that bring the jar up to date. */
export function renewalCookies(
  context: ApiContext,
  identity: Identity,
  holdings: Holdings,
  apis: ReadonlySet<string>,
): Issued {
  const { layout, hasTable } = context.broker;
  const around = { alongside: [], setCookieBytes: serializedBytes, hasStore: hasTable };
  return renewSession(
    { identity, grant: grantOf(holdings), tokens: holdings.tokens },
    apis,
    layout,
    sealerOf(context),
    around,
  );
}

async function heal(context: ApiContext, identity: Identity, rules: ReadingRules): Promise<Usable> {
  const { broker, request } = context;
  const found = await (await broker.refreshing()).find(identity, rules);
  if (found.kind === 'ended' || found.kind === 'silent') return found;
  if (found.kind === 'absent') return { kind: 'dead', session: { kind: 'over' } };
  if (found.kind === 'unreadable') return { kind: 'dead', session: found };
  const idleSeconds = broker.configuration.session.idle;
  const session = withGrant(request.cookies, identity, storedGrantOf(found.value), { ...rules, idleSeconds });
  return session.kind === 'live' ? { kind: 'usable', session, rules, healed: found.value } : { kind: 'dead', session };
}

/** Where every request is to honour a revocation, every request asks. */
async function recheck(context: ApiContext, usable: Extract<Usable, { kind: 'usable' }>): Promise<Usable> {
  const state = await (await context.broker.refreshing()).check(usable.session.identity);
  return state.kind === 'going_on' ? usable : state;
}

export async function usableSession(context: ApiContext): Promise<Usable> {
  const { broker } = context;
  const { session, rules } = await currentSession(context);
  if (session.kind === 'grantless' && broker.hasTable) return heal(context, session.identity, rules);
  if (session.kind !== 'live') return { kind: 'dead', session };
  const usable = { kind: 'usable', session, rules, healed: undefined } as const;
  const isImmediate = broker.hasTable && broker.configuration.session.revocation === 'immediate';
  return isImmediate ? recheck(context, usable) : usable;
}

/** Only what a login cures names one: a newer session has taken the place of a superseded one already. */
export function endedProblem(context: ApiContext, why: Ended['why'], cookies: readonly SetCookie[] = []): HttpResponse {
  const { request, broker, log } = context;
  const ref = request.requestId;
  log('info', 'session_ended', { why });
  if (why === 'superseded') return problem('session_superseded', { ref });
  return problem('session_over', { ref, loginUrl: addressOf(broker, 'login'), cookies });
}

export function unusableProblem(context: ApiContext, unusable: Unusable): HttpResponse {
  if (unusable.kind === 'dead') return sessionProblem(context, unusable.session);
  if (unusable.kind === 'ended') return endedProblem(context, unusable.why);
  context.log('error', 'store_unavailable', { during: 'check' });
  return problem('store_unavailable', { ref: context.request.requestId });
}

/** Once its newest token has ended, nothing but this looks whether the session has been revoked. */
export async function findChecked(context: ApiContext): Promise<Found> {
  const { now } = context;
  let usable = await usableSession(context);
  if (usable.kind === 'usable' && usable.session.grant.checkAfter <= now) usable = await recheck(context, usable);
  if (usable.kind === 'usable') {
    const { session, healed } = usable;
    const mended = healed === undefined ? undefined : renewalCookies(context, session.identity, healed, new Set());
    return { kind: 'somebody', session, cookies: mended?.kind === 'fits' ? mended.cookies : [] };
  }
  const isUndecided =
    usable.kind === 'silent' ||
    (usable.kind === 'dead' && (usable.session.kind === 'unreadable' || usable.session.kind === 'ambiguous'));
  return isUndecided ? { kind: 'failed', response: unusableProblem(context, usable) } : { kind: 'nobody' };
}
