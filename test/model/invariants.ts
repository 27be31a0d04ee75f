/** What holds in every schedule. Each predicate is named after the sentence of the contract that it stands for. */
import type { Holdings } from '../../functions/session/holdings.ts';
import { apiOf } from './provider.ts';
import {
  hasLostAnAnswer,
  hold,
  isShared,
  type Redemption,
  type Request,
  type Session,
  type Stored,
  type Truth,
} from './truth.ts';

const redemptionMs = 8000;

// --- redemptions ---

export function oneRedemptionAtATime({ scheduler }: Truth, session: Session): void {
  const nowMs = scheduler.nowMs();
  const other = session.redemptions.find(({ endedAtMs }) => endedAtMs > nowMs);
  hold(
    'one redemption at a time per session across all instances',
    other === undefined,
    () => `${other?.by.name ?? ''} is still redeeming`,
  );
}

export function onlyTheHolderRedeems(truth: Truth, session: Session, by: Request): void {
  const lease = session.leases.at(-1);
  hold(
    'only the holder of the lease redeems',
    !isShared(truth) || lease?.by === by,
    () => `${by.name} lost the lease to ${lease?.by?.name ?? ''}`,
  );
}

export function noRedemptionStartsWithLessThanEightSecondsLeft({ scheduler }: Truth, by: Request): void {
  const leftMs = by.deadlineAtMs - scheduler.nowMs();
  hold('no redemption starts with less than 8 s left', leftMs >= redemptionMs, () => `${leftMs} ms are left`);
}

export function theLeaseOutlastsTheRedemption({ scheduler, settings }: Truth, session: Session): void {
  const endsAtMs = session.leases.at(-1)?.ranOutAtMs ?? 0;
  hold(
    'the lease outlasts the hard limit of a redemption',
    !settings.hasTable || endsAtMs >= scheduler.nowMs() + redemptionMs,
    () => `it ends in ${endsAtMs - scheduler.nowMs()} ms`,
  );
}

/** Which stored generation holds what came in the place of this refresh token. */
function successorOf({ provider }: Truth, session: Session, refreshToken: string): Stored | undefined {
  const successors = provider.refreshTokens.get(refreshToken)?.successors.map(({ value }) => value) ?? [];
  return [...session.stored.values()].find(({ holdings }) => successors.includes(holdings.refreshToken ?? ''));
}

/**
 * Nobody can know of an answer that was stored after its holder had lost the lease to the one who presents: to them it is
 * a lost answer.
 */
export function aSpentRefreshTokenIsNeverPresentedAgain(truth: Truth, session: Session, refreshToken: string): void {
  const successor = successorOf(truth, session, refreshToken);
  const begun = session.leases.at(-1)?.begun.moment ?? 0;
  const isExcused = successor === undefined || (successor.late && successor.at.moment > begun);
  hold('a spent refresh token is never presented again', isExcused, () => `${refreshToken} has a stored successor`);
}

export function whatTheRowHasIsNotRedeemed(truth: Truth, session: Session, by: Request, audience: string): void {
  const generation = Math.max(...session.stored.keys());
  const token = session.stored.get(generation)?.holdings.tokens.get(apiOf(audience));
  const isUsable = token !== undefined && token.refreshAt * 1000 > truth.scheduler.nowMs();
  hold(
    'a usable token in the newest tokens item is taken',
    !isShared(truth) || by.redemptions > 0 || !isUsable || session.stored.get(generation)?.late === true,
    () => `generation ${generation} has one for ${audience}`,
  );
}

export function inRedemption(
  truth: Truth,
  session: Session,
  by: Request,
  redemption: Omit<Redemption, 'by'>,
  audience: string,
): void {
  if (isShared(truth)) oneRedemptionAtATime(truth, session);
  onlyTheHolderRedeems(truth, session, by);
  noRedemptionStartsWithLessThanEightSecondsLeft(truth, by);
  theLeaseOutlastsTheRedemption(truth, session);
  if (isShared(truth)) aSpentRefreshTokenIsNeverPresentedAgain(truth, session, redemption.refreshToken);
  whatTheRowHasIsNotRedeemed(truth, session, by, audience);
}

/** The refusal for a further API came so late that there was no time left to ask whether it is the session's end. */
export function tooLateToDecide({ scheduler }: Truth, session: Session, by: Request): void {
  const nowMs = scheduler.nowMs();
  const lease = session.leases.findLast((one) => one.by === by);
  const isLate = nowMs + redemptionMs > Math.min(lease?.ranOutAtMs ?? 0, by.deadlineAtMs);
  hold('a redemption that is still possible is made', isLate, () => `${by.name} had the time`);
  session.unknownAtMs.push(nowMs);
}

// --- tokens ---

export const belongs = (truth: Truth, session: Session, token: string, api: string): boolean => {
  const known = truth.provider.accessTokens.get(token);
  return known !== undefined && known.grant === session.grant && known.api === api;
};

export function onlyOwnTokensAreStored(truth: Truth, session: Session, { tokens, refreshToken }: Holdings): void {
  for (const [api, { token }] of tokens) {
    hold(
      'no token of another user, session or audience is stored',
      belongs(truth, session, token, api),
      () => `for ${api} of ${session.name}`,
    );
  }
  const known = truth.provider.refreshTokens.get(refreshToken ?? '');
  hold(
    'no refresh token of another session is stored',
    refreshToken === undefined || known?.grant === session.grant,
    () => `${refreshToken ?? ''} in ${session.name}`,
  );
}

export function onlyTheRequestsOwnTokenIsForwarded(truth: Truth, request: Request, bearer: string, api: string): void {
  const { session } = request;
  const token = truth.provider.accessTokens.get(bearer);
  hold(
    'no token of another user, session or audience is ever sent to an API',
    session !== undefined && belongs(truth, session, bearer, api),
    () =>
      `${request.name} of ${session?.name ?? 'nobody'} sends ${api} a token of ${token?.grant.name ?? '?'} for ${token?.api ?? '?'}`,
  );
  if (session === undefined || token === undefined) return;
  // Where every request asks the table first, a token may end meanwhile.
  const judgedAtMs = truth.settings.revocation === 'immediate' ? request.begun.ms : truth.scheduler.nowMs();
  hold('no token is sent that has ended', token.expiresAtMs > judgedAtMs, () => `${request.name} sends one`);
  const { writtenAt, issuedAt } = token;
  hold('no token is used before its generation is written', writtenAt !== undefined, () => `by ${request.name}`);
  const { tombstone, revoked } = session;
  hold(
    'a session with a tombstone gets no token any more',
    !truth.settings.hasTable || tombstone === undefined || (writtenAt ?? Infinity) <= tombstone.moment,
    () => `${session.name} was buried (${tombstone?.why ?? ''}) before`,
  );
  hold(
    'a revoked session gets no token any more',
    revoked === undefined || issuedAt <= revoked.moment,
    () => `${session.name} was revoked before`,
  );
  hold(
    'where revocation is immediate no request of an ended session goes on',
    truth.settings.revocation !== 'immediate' ||
      Math.min(tombstone?.moment ?? Infinity, revoked?.moment ?? Infinity) >= request.begun.moment,
    () => `${request.name} of ${session.name}`,
  );
}

// --- the end of a session ---

export function aLoginEndsTheSessionBeforeIt({ sessions, settings }: Truth, sessionId: string | undefined): void {
  const before = sessions.find(({ identity }) => identity.sessionId === sessionId);
  hold(
    'a login ends the session whose place it takes',
    !settings.hasTable || before === undefined || before.tombstone !== undefined,
    () => `${before?.name ?? ''} goes on`,
  );
}

export function nobodyIsLoggedOutWithoutReason(truth: Truth, session: Session, why: string): void {
  if (why === 'over') {
    hold(
      'a passing fault never logs anybody out',
      !isShared(truth) ||
        session.grant.ended === 'revoked' ||
        (session.grant.ended === 'reuse' && hasLostAnAnswer(truth, session)),
      () => `${session.name} is buried as over, its grant has ended by ${session.grant.ended ?? 'nothing'}`,
    );
  }
  if (why === 'mismatch') hold('only another user is a mismatch', session.mismatched, () => session.name);
}
