/**
 * One API's token for one request: from what is known already, from the request that is renewing it just now, or by
 * renewing it. All instances follow the same steps, and the store decides who redeems.
 */
import { epochSeconds } from '../contract/units.ts';
import type { Holdings } from '../session/holdings.ts';
import type { Value } from '../session/reading.ts';
import { needsOwnLogin, refreshTokenFor } from './grants.ts';
import { redeemUnderLease } from './redemption.ts';
import { sessionRefOf } from './references.ts';
import { leaseMs, redemptionMs, type Acquired, type Need, type RefreshRoom } from './room.ts';
import { endOf, readHoldings, type Step } from './rows.ts';
import { StoreUnavailable, type SessionRef, type SharedState } from './store.ts';

const firstPauseMs = 100;
const longestPauseMs = 1000;
const patienceMs = 8000;
/** What is kept of the time for answering. */
const reserveMs = 500;

/** What the jar alone says: all but the tokens of other APIs. */
function holdingsOfJar({ grant, identity }: Need): Holdings | undefined {
  if (grant === undefined) return undefined;
  const { generation, refreshToken, refreshEndsAt, failures, checkAfter, sealedAt } = grant;
  return {
    identity,
    generation,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(refreshEndsAt === undefined ? {} : { refreshEndsAt }),
    apiGrants: new Map(),
    tokens: new Map(),
    failures,
    checkAfter,
    heldSince: sealedAt,
  };
}

/**
 * The jar is enough where it is as new as the row and lacks nothing that the row could have: a token's own cookie may be
 * older than the grant beside it.
 */
function isJarEnough({ grant, group, currentEndsAt }: Need, generation: number): boolean {
  if (grant === undefined || grant.refreshTokenInStore === true || generation > grant.generation) return false;
  if (grant.ownGrants?.includes(group.apis[0]) === true) return false;
  const newest = grant.tokens.get(group.apis[0]);
  return newest === undefined || (currentEndsAt !== undefined && currentEndsAt >= newest.endsAt);
}

async function newestHoldings(
  need: Need,
  room: RefreshRoom,
  ref: SessionRef,
  state: SharedState,
): Promise<Value<Holdings>> {
  // The refresh tokens of single APIs are in the store alone.
  const jar = holdingsOfJar(need);
  const generation = Math.max(state.row?.generation ?? 0, jar?.generation ?? 0);
  if (jar !== undefined && !needsOwnLogin(room, need.group) && isJarEnough(need, generation))
    return { kind: 'value', value: jar };
  const stored = await readHoldings(room, ref, generation, need);
  const isJarNewest = jar !== undefined && jar.generation >= generation;
  return stored.kind === 'absent' && isJarNewest ? { kind: 'value', value: jar } : stored;
}

const later = (code: Extract<Acquired, { kind: 'later' }>['code'], retryAfterSeconds = 1): Acquired => ({
  kind: 'later',
  code,
  retryAfterSeconds,
});

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** Inside the margin nobody waits: the token in the jar is good until it ends. */
const mayGoOn = ({ currentEndsAt, refusedToken }: Need, nowMs: number): boolean =>
  currentEndsAt !== undefined && refusedToken === undefined && currentEndsAt * 1000 > nowMs;

/** What is known already: a token, a failure that is not asked for again yet, or the end. */
function known(need: Need, room: RefreshRoom, holdings: Holdings): Acquired | undefined {
  const { now } = need.sealer;
  const { group, refusedToken } = need;
  const token = holdings.tokens.get(group.apis[0]);
  const isFit = token !== undefined && token.fingerprint === group.fingerprint && token.token !== refusedToken;
  if (isFit && token.refreshAt > now) return { kind: 'token', token, holdings };
  const failure = holdings.failures.get(group.apis[0]);
  if (failure !== undefined && failure.retryAt > now) return { kind: 'refused', code: failure.code, holdings };
  if (refreshTokenFor(room, group, holdings) !== undefined) return undefined;
  // Without a refresh token the last of a token is used up, and nothing comes after it.
  if (isFit && token.expiresAt > now) return { kind: 'token', token, holdings };
  if (mayGoOn(need, now * 1000)) return { kind: 'current' };
  if (failure !== undefined) return { kind: 'refused', code: failure.code, holdings };
  return needsOwnLogin(room, group) ? { kind: 'login_needed' } : { kind: 'ended', why: 'over' };
}

/** Who has waited judges by the clock of now: a short token may have ended meanwhile. */
const asOfNow = (need: Need, { nowMs }: RefreshRoom): Need => ({
  ...need,
  sealer: { ...need.sealer, now: epochSeconds(nowMs() / 1000) },
});

async function attempt(wished: Need, room: RefreshRoom, ref: SessionRef): Promise<Step> {
  const state = await room.store.read(ref);
  const ended = endOf(state, wished.identity);
  if (ended !== undefined) return { kind: 'ended', why: ended };
  const newest = await newestHoldings(wished, room, ref, state);
  if (newest.kind === 'unreadable') return later('session_unreadable');
  if (newest.kind === 'absent')
    return wished.grant === undefined ? { kind: 'ended', why: 'over' } : later('store_unavailable');
  const holdings = newest.value;
  const need = asOfNow(wished, room);
  const nowMs = room.nowMs();
  const found = known(need, room, holdings);
  if (found !== undefined) return found;
  const { row } = state;
  if (row?.lease !== undefined && row.lease.endsAtMs > nowMs) return { kind: 'wait' };
  const notBeforeMs = row?.unknown?.notBeforeMs ?? 0;
  if (notBeforeMs > nowMs) return later('refresh_failed_transient', secondsOf(notBeforeMs - nowMs));
  if (need.deadlineAtMs - nowMs < redemptionMs) return later('refresh_pending');
  const holder = room.newHolder();
  const wish = {
    holder,
    generation: holdings.generation,
    nowMs,
    endsAtMs: nowMs + leaseMs,
    expiresAt: need.identity.endsAt,
  };
  const lease = await room.store.takeLease(ref, wish);
  if (lease.kind === 'refused') return { kind: 'again' };
  return redeemUnderLease({ need, room, ref, holder, holdings, begunAtMs: nowMs, before: lease.before });
}

/** Others are waited for so long, and what they have changed is looked at as long as there is time. */
async function acquireInTime(need: Need, room: RefreshRoom): Promise<Acquired> {
  const ref = sessionRefOf(need.identity);
  const latestMs = need.deadlineAtMs - reserveMs;
  const patientUntilMs = Math.min(room.nowMs() + patienceMs, latestMs);
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const step = await attempt(need, room, ref);
    if (step.kind !== 'wait' && step.kind !== 'again') return step;
    if (mayGoOn(need, room.nowMs())) return { kind: 'current' };
    const waitMs = pauseMs * (0.5 + room.random() / 2);
    if (room.nowMs() + waitMs > (step.kind === 'wait' ? patientUntilMs : latestMs)) return later('refresh_pending');
    await room.pause(waitMs);
  }
}

/**
 * Never rejects for what the store or the provider does.
 *
 * @param need one API's token, or that of a group which shares it
 */
export async function acquire(need: Need, room: RefreshRoom): Promise<Acquired> {
  let acquired: Acquired;
  try {
    acquired = await acquireInTime(need, room);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    need.log('error', 'store_unavailable', { during: 'refresh' });
    acquired = later('store_unavailable');
  }
  return acquired.kind === 'later' && mayGoOn(need, room.nowMs()) ? { kind: 'current' } : acquired;
}
