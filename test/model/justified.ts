/** For every error that a request can get: what must have happened for it to be true. */
import { now, type Request, type Session, type Truth } from './truth.ts';

const longestUnknownMs = 31_000;
const failureMs = 61_000;
const idleMs = 1800_000;
/** A token that is shorter than this can end before anybody hears of it. */
const redemptionSeconds = 8;

/** The session has ended, or can do nothing any more. */
function isOver({ settings, provider, scheduler }: Truth, session: Session): boolean {
  if (session.tombstone !== undefined && session.tombstone.why !== 'superseded') return true;
  if (session.revoked !== undefined || session.grant.ended !== undefined || session.mismatched) return true;
  const tokens = [...provider.accessTokens.values()].filter(({ grant }) => grant === session.grant);
  return !settings.issuesRefreshTokens && tokens.some(({ expiresAtMs }) => expiresAtMs <= scheduler.nowMs());
}

const within = (times: readonly number[], nowMs: number, ms: number): boolean => times.some((at) => nowMs - at <= ms);

/** Somebody else held the lease while this request waited. */
const hasMetALease = (session: Session, request: Request): boolean =>
  session.leases.some(({ by, endedAtMs }) => by !== request && endedAtMs >= request.begun.ms);

/** Without a table nobody can find a grant again that the jar has lost. */
const hasLostItsGrant = ({ settings }: Truth, { generation }: Request): boolean =>
  !settings.hasTable && generation === undefined;

const ofFurther = {
  granted: '',
  substituted: 'audience_substituted',
  invalid_target: 'audience_refused',
  invalid_grant: 'audience_refused',
};

type Reason = (truth: Truth, request: Request, session: Session) => boolean;

const reasons: Readonly<Record<string, Reason>> = {
  session_over: (truth, request, session) => isOver(truth, session) || hasLostItsGrant(truth, request),
  session_superseded: (_, __, { tombstone }) => tombstone?.why === 'superseded',
  session_expired: (truth, _, { loginAtMs }) => now(truth).ms - loginAtMs >= idleMs,
  /** `/bff/user` does not say why. */
  nobody: (truth, request, session) =>
    request.kind === 'user' &&
    (isOver(truth, session) || session.tombstone !== undefined || now(truth).ms - session.loginAtMs >= idleMs),
  refresh_pending: ({ settings }, request, session) =>
    request.slow ||
    hasMetALease(session, request) ||
    (settings.tokenSeconds < redemptionSeconds && request.redemptions > 0),
  refresh_failed_transient: (truth, request, session) =>
    request.slow || within(session.unknownAtMs, now(truth).ms, longestUnknownMs),
  refresh_rejected: (_, request) => request.refusal === 'other',
  store_unavailable: (_, request) => request.storeFaults > 0,
  audience_substituted: ({ settings }, { api }) =>
    api === 'profile' && ofFurther[settings.further] === 'audience_substituted',
  audience_refused: ({ settings }, { api }) => api === 'profile' && ofFurther[settings.further] === 'audience_refused',
  provider_invalid: (truth, _, { invalidAtMs }) => within(invalidAtMs, now(truth).ms, failureMs),
  upstream_timeout: (_, request) => request.slow,
};

/** @param code as in `Bff-Error`, or `nobody` for the empty 401 */
export function isJustified(truth: Truth, request: Request, code: string): boolean {
  const { session } = request;
  if (session === undefined) return code === 'login_required' || (code === 'nobody' && request.kind === 'user');
  return reasons[code]?.(truth, request, session) ?? false;
}
