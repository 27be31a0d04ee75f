/**
 * What the holder of the lease does: redeem once, hold the token against its API, and write the next generation before
 * anybody is told of it. Cookies are set by the caller, after that.
 */
import { spell } from '../audience/dialects.ts';
import { expectedOf } from '../audience/expectation.ts';
import { wishFor, type RedemptionGroup } from '../audience/groups.ts';
import { hold, type Verdict } from '../audience/guarantee.ts';
import { meaningOf } from '../audience/refusals.ts';
import { epochSeconds, type EpochSeconds } from '../contract/units.ts';
import type { ProblemCode } from '../contract/wire.ts';
import type { Failure } from '../session/grant.ts';
import type { HeldToken, Holdings } from '../session/holdings.ts';
import { refreshAtOf } from '../session/lifetimes.ts';
import { hashed } from '../telemetry/log.ts';
import { adoptNext, insist, nextOf, storeNext, type Writer } from './generation.ts';
import { hasOwnGrant, needsOwnLogin, refreshTokenFor } from './grants.ts';
import { leaseMs, redemptionMs, type Acquired, type Need, type Redemption, type RefreshRoom } from './room.ts';
import { readHoldings, type Step } from './rows.ts';
import type { SessionRef, SessionRow, TombstoneReason } from './store.ts';

/** A lease that has been taken. */
export interface Held {
  readonly need: Need;
  readonly room: RefreshRoom;
  readonly ref: SessionRef;
  readonly holder: string;
  /** The newest that were known before the lease was taken. */
  readonly holdings: Holdings;
  readonly begunAtMs: number;
  /** The row as the lease's own write found it. */
  readonly before: SessionRow | undefined;
}

type Refreshed = Extract<Redemption, { kind: 'granted' }>;

const retryAfterFailureSeconds = 60;
const firstUnknownMs = 1000;
const longestUnknownMs = 30_000;
/** A redemption begins only so early that it ends before the lease and the request do. */
const hasTime = ({ room, begunAtMs, need }: Held): boolean => {
  const endsAtMs = room.nowMs() + redemptionMs;
  return endsAtMs <= begunAtMs + leaseMs && endsAtMs <= need.deadlineAtMs;
};

const later = (code: 'refresh_failed_transient' | 'refresh_rejected', ms: number): Acquired => ({
  kind: 'later',
  code,
  retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)),
});

const nowOf = ({ nowMs }: RefreshRoom): EpochSeconds => epochSeconds(nowMs() / 1000);

const writerOf = ({ room, ref, holder, need, begunAtMs }: Held): Writer => ({
  room,
  ref,
  holder,
  sealer: need.sealer,
  insistUntilMs: Math.min(begunAtMs + leaseMs, need.deadlineAtMs),
});

// --- leaving without a new generation ---

/** Whether the provider has seen the refresh token is not known; it is presented again, but not at once and not for ever faster. */
async function leaveUnknown(
  { room, ref, holder, before, need }: Held,
  code: 'refresh_failed_transient' | 'refresh_rejected',
  reason: string,
): Promise<Step> {
  const count = (before?.unknown?.count ?? 0) + 1;
  const waitMs = Math.min(firstUnknownMs * 2 ** (count - 1), longestUnknownMs);
  await room.store.release(ref, holder, { count, notBeforeMs: room.nowMs() + waitMs });
  const isRejected = code === 'refresh_rejected';
  need.log(isRejected ? 'error' : 'warn', isRejected ? 'refresh_rejected' : 'refresh_failed', { reason, count });
  return later(code, waitMs);
}

async function bury({ room, ref, need }: Held, why: TombstoneReason): Promise<Step> {
  const { identity, log } = need;
  await room.store.bury(ref, { why, at: nowOf(room) }, identity.endsAt);
  log(why === 'mismatch' ? 'error' : 'info', why === 'mismatch' ? 'subject_mismatch' : 'session_buried', {
    session: hashed(identity.sessionId),
    why,
  });
  return { kind: 'ended', why };
}

// --- a predecessor's answer ---

const adopt = (held: Held): Promise<boolean> => adoptNext(writerOf(held), held.holdings.generation, held.need);

/** What others have got before is carried along; the jar alone knows its own API's token only. */
async function carried(held: Held): Promise<Holdings> {
  const { room, ref, holdings, need } = held;
  const stored = await insist(writerOf(held), () => readHoldings(room, ref, holdings.generation, need));
  return stored.kind === 'value' ? stored.value : holdings;
}

// --- what the provider said ---

/** A short token that was heard of so late that it has ended is not the provider's fault; it is not handed out either. */
function judge({ need, room }: Held, group: RedemptionGroup, answer: Refreshed['answer']): Verdict | undefined {
  const api = room.apis[group.apis[0]];
  if (api === undefined) return undefined;
  const judgeAt = (now: EpochSeconds): Verdict =>
    hold(answer, expectedOf(room.provider, api), {
      now,
      spelled: spell(room.way, 'refresh', wishFor(room.groups, group.apis[0], room.openidScopes)),
      issuer: need.identity.issuer,
    });
  const verdict = judgeAt(nowOf(room));
  const isPast = verdict.kind === 'refused' && verdict.code === 'access_token_expired';
  return isPast ? judgeAt(need.sealer.now) : verdict;
}

const forAll = <T>({ apis }: RedemptionGroup, value: T): ReadonlyMap<string, T> =>
  new Map(apis.map((api) => [api, value]));

const failureOf = ({ need }: Held, code: ProblemCode): Failure => ({
  code,
  retryAt: epochSeconds(need.sealer.now + retryAfterFailureSeconds),
});

function tokenOf(
  { room }: Held,
  group: RedemptionGroup,
  verdict: Extract<Verdict, { kind: 'satisfied' }>,
  generation: number,
): HeldToken {
  const { token, expiresAt } = verdict;
  const refreshAt = refreshAtOf(nowOf(room), expiresAt);
  return { token, expiresAt, refreshAt, generation, fingerprint: group.fingerprint };
}

/** A token that fails its check is dropped; the refresh token that came with it is kept. */
async function finish(
  held: Held,
  group: RedemptionGroup,
  answer: Refreshed['answer'],
  failures: ReadonlyMap<string, Failure>,
): Promise<Step> {
  const { log } = held.need;
  const verdict = judge(held, group, answer);
  const from = await carried(held);
  const isGood = verdict?.kind === 'satisfied';
  const token = isGood ? tokenOf(held, group, verdict, from.generation + 1) : undefined;
  const code = verdict?.kind === 'refused' ? verdict.code : 'audience_refused';
  if (verdict?.kind === 'refused') {
    log('error', 'audience_refused', { apis: group.apis, code, cause: verdict.cause, fix: verdict.fix });
  }
  const writer = writerOf(held);
  const next = nextOf(writer, from, {
    refresh: { group, answer },
    ...(token === undefined ? {} : { tokens: forAll(group, token) }),
    failures: token === undefined ? new Map([...failures, ...forAll(group, failureOf(held, code))]) : failures,
  });
  const stored = await storeNext(writer, next, answer.refreshToken);
  if (stored.kind !== 'stored') return stored;
  log('info', 'refreshed', {
    apis: group.apis,
    generation: next.generation,
    session: hashed(held.need.identity.sessionId),
  });
  return outcomeFor(held, next);
}

/** What the stored generation says to the wish that led to it. */
function outcomeFor({ need: { group }, room }: Held, holdings: Holdings): Step {
  const token = holdings.tokens.get(group.apis[0]);
  const failure = holdings.failures.get(group.apis[0]);
  if (failure !== undefined) return { kind: 'refused', code: failure.code, holdings };
  const isPast = token === undefined || token.expiresAt * 1000 <= room.nowMs();
  return isPast ? { kind: 'again' } : { kind: 'token', token, holdings };
}

/** The provider grants nothing for this API; the session goes on for the others. */
async function finishWithout(held: Held, code: ProblemCode, refreshToken?: string): Promise<Step> {
  const { need } = held;
  const { group } = need;
  const from = await carried(held);
  const writer = writerOf(held);
  const rescued = refreshToken === undefined ? {} : { refresh: { group, answer: { refreshToken } } };
  const next = nextOf(writer, from, { failures: forAll(group, failureOf(held, code)), ...rescued });
  const stored = await storeNext(writer, next, refreshToken);
  if (stored.kind !== 'stored') return stored;
  need.log('error', 'audience_refused', { apis: need.group.apis, code });
  return { kind: 'refused', code, holdings: next };
}

/** The login that this API has of its own is over; another one brings another refresh token. */
async function forget(held: Held): Promise<Step> {
  const writer = writerOf(held);
  const next = nextOf(writer, await carried(held), { refresh: { group: held.need.group, answer: 'dropped' } });
  const stored = await storeNext(writer, next, undefined);
  if (stored.kind !== 'stored') return stored;
  return needsOwnLogin(held.room, held.need.group) ? { kind: 'login_needed' } : { kind: 'again' };
}

async function ask({ need, room }: Held, group: RedemptionGroup, refreshToken: string): Promise<Redemption> {
  const spelled = spell(room.way, 'refresh', wishFor(room.groups, group.apis[0], room.openidScopes));
  const scope: [string, string][] = spelled.scope === undefined ? [] : [['scope', spelled.scope]];
  return room.redeem(refreshToken, need.identity, [...scope, ...spelled.parameters]);
}

/** The refresh token is refused for a further API: one redemption for the login's own audience tells whether it is over. */
async function decideByLogin(held: Held, refreshToken: string): Promise<Step> {
  const { need, room } = held;
  const { loginGroup } = room;
  if (loginGroup === undefined || loginGroup.fingerprint === need.group.fingerprint) return bury(held, 'over');
  if (!hasTime(held)) return leaveUnknown(held, 'refresh_failed_transient', 'too_late_to_decide');
  const result = await ask(held, loginGroup, refreshToken);
  if (result.kind === 'granted') {
    return finish(held, loginGroup, result.answer, forAll(need.group, failureOf(held, 'audience_refused')));
  }
  const isOver = result.kind === 'refused' && meaningOf(room.provider, result.status, result.error) === 'over';
  if (isOver) return (await adopt(held)) ? { kind: 'again' } : bury(held, 'over');
  if (result.kind === 'mismatch') return bury(held, 'mismatch');
  if (result.kind === 'invalid' && result.refreshToken !== undefined)
    return finishWithout(held, 'provider_invalid', result.refreshToken);
  return leaveUnknown(held, 'refresh_failed_transient', result.kind);
}

async function settleRefusal(held: Held, refreshToken: string, status: number, error: string): Promise<Step> {
  switch (meaningOf(held.room.provider, status, error)) {
    case 'over':
      if (await adopt(held)) return { kind: 'again' };
      return hasOwnGrant(held.holdings, held.need.group) ? forget(held) : decideByLogin(held, refreshToken);
    case 'audience':
      return finishWithout(held, 'audience_refused');
    case 'other':
      return leaveUnknown(held, 'refresh_rejected', error);
  }
}

/** Exactly one redemption, or one more where the first leaves open whether the session is over. */
export async function redeemUnderLease(held: Held): Promise<Step> {
  const { need, room, ref, holder, holdings, before } = held;
  // A lease that has run out was left by somebody who may have stored an answer, or may still be about to.
  const isUnfinished = before?.lease !== undefined || before?.unknown !== undefined;
  if (isUnfinished && (await adopt(held))) return { kind: 'again' };
  const refreshToken = refreshTokenFor(room, need.group, holdings);
  if (refreshToken === undefined) return { kind: 'again' };
  // The table was slow, or this instance stood still.
  if (!hasTime(held)) {
    const unknown = before?.unknown ?? { count: 0, notBeforeMs: room.nowMs() };
    await room.store.release(ref, holder, isUnfinished ? unknown : undefined);
    return { kind: 'again' };
  }
  const result = await ask(held, need.group, refreshToken);
  switch (result.kind) {
    case 'granted':
      return finish(held, need.group, result.answer, new Map());
    case 'unknown':
      return leaveUnknown(held, 'refresh_failed_transient', result.reason);
    case 'client_refused':
      return leaveUnknown(held, 'refresh_failed_transient', 'invalid_client');
    case 'invalid':
      return result.refreshToken === undefined
        ? leaveUnknown(held, 'refresh_failed_transient', result.reason)
        : finishWithout(held, 'provider_invalid', result.refreshToken);
    case 'mismatch':
      return bury(held, 'mismatch');
    case 'refused':
      return settleRefusal(held, refreshToken, result.status, result.error);
  }
}
