/**
 * Writes the next generation of a session's tokens. It is stored before anybody is told of it, and whoever has lost the
 * lease meanwhile, or finds the session ended, is told not to use what he has got.
 */
import type { RedemptionGroup } from '../audience/groups.ts';
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Failure } from '../session/grant.ts';
import { checkAfterOf, sealHoldings, type ApiGrant, type HeldToken, type Holdings } from '../session/holdings.ts';
import type { SessionKeys } from '../session/identity.ts';
import type { ReadingRules } from '../session/reading.ts';
import type { Sealer } from '../session/sealing.ts';
import { hasOwnGrant, needsOwnLogin, withApiGrant } from './grants.ts';
import type { RefreshRoom } from './room.ts';
import { endOf, readHoldings, type Ended } from './rows.ts';
import { StoreUnavailable, type SessionRef } from './store.ts';

/** A new refresh token, as an answer states it. */
export interface NewRefreshToken {
  readonly refreshToken?: string;
  readonly refreshExpiresIn?: number;
}

export interface Changes {
  /** By API name. */
  readonly tokens?: ReadonlyMap<string, HeldToken>;
  /** By API name. */
  readonly failures?: ReadonlyMap<string, Failure>;
  /** Left out: all refresh tokens stay as they are. */
  readonly refresh?: {
    readonly group: RedemptionGroup;
    readonly answer: NewRefreshToken | 'dropped';
    /** It comes from a login of this group's own. */
    readonly own?: true;
  };
}

/** Who writes. */
export interface Writer {
  readonly room: Pick<RefreshRoom, 'store' | 'revoke' | 'way' | 'loginGroup' | 'nowMs' | 'pause'>;
  readonly ref: SessionRef;
  readonly holder: string;
  readonly sealer: Sealer;
  /** A store that fails is asked again until then, in milliseconds since the epoch. */
  readonly insistUntilMs: number;
}

export type Stored = { readonly kind: 'stored' } | { readonly kind: 'again' } | Ended;

const lifeOf = ({ refreshExpiresIn }: NewRefreshToken, now: EpochSeconds): Pick<ApiGrant, 'refreshEndsAt'> =>
  refreshExpiresIn === undefined ? {} : { refreshEndsAt: epochSeconds(now + refreshExpiresIn) };

/** A refresh token that an answer does not replace stays in use (RFC 6749, section 6). */
function refreshed({ room, sealer }: Writer, from: Holdings, { refresh }: Changes): Partial<Holdings> {
  if (refresh === undefined) return {};
  const { group, answer } = refresh;
  if (answer === 'dropped') return { apiGrants: withApiGrant(from, group, undefined) };
  const { refreshToken } = answer;
  if (refreshToken === undefined) return {};
  const grant: ApiGrant = { refreshToken, ...lifeOf(answer, sealer.now) };
  const isOwn = refresh.own === true || hasOwnGrant(from, group) || needsOwnLogin(room, group);
  return isOwn ? { apiGrants: withApiGrant(from, group, grant) } : grant;
}

/** What comes after `from`. */
export function nextOf(writer: Writer, from: Holdings, changes: Changes): Holdings {
  const { now } = writer.sealer;
  const { tokens = new Map<string, HeldToken>(), failures = new Map<string, Failure>() } = changes;
  const change = refreshed(writer, from, changes);
  const { refreshEndsAt, ...rest } = from;
  const kept = change.refreshToken === undefined && refreshEndsAt !== undefined ? { refreshEndsAt } : {};
  const all = new Map([...from.tokens, ...tokens]);
  return {
    ...rest,
    ...kept,
    ...change,
    generation: from.generation + 1,
    tokens: all,
    failures: new Map([...[...from.failures].filter(([api]) => !tokens.has(api)), ...failures]),
    checkAfter: checkAfterOf(all, now),
    heldSince: now,
  };
}

const insistEveryMs = 250;

/** What the provider has granted cannot be had a second time, so that a store which is away for a moment must not lose it. */
export async function insist<T>({ room, insistUntilMs }: Writer, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || room.nowMs() + insistEveryMs > insistUntilMs) throw error;
    }
    await room.pause(insistEveryMs);
  }
}

/** The session has ended while the provider was asked; what came back must not outlive it. */
async function drop({ room }: Writer, ended: Ended, refreshToken: string | undefined): Promise<Stored> {
  // A newer login may share the grant that a revocation would end.
  if (ended.why !== 'superseded' && refreshToken !== undefined) await room.revoke(refreshToken);
  return ended;
}

/** @param newRefreshToken what the provider has just issued, if anything */
export async function storeNext(writer: Writer, next: Holdings, newRefreshToken: string | undefined): Promise<Stored> {
  const { room, ref, holder, sealer } = writer;
  const { identity, generation } = next;
  const before = await insist(writer, () => room.store.read(ref));
  const ended = endOf(before, identity);
  if (ended !== undefined) return drop(writer, { kind: 'ended', why: ended }, newRefreshToken);
  if ((before.row?.generation ?? 0) >= generation) return { kind: 'again' };
  const sealed = sealHoldings(next, sealer);
  const put = await insist(writer, () => room.store.putTokens(ref, generation, sealed, identity.endsAt));
  const advanced = await insist(writer, () => room.store.advance(ref, holder, generation - 1));
  // A holder before this one may have stored its answer after all: that one counts, and the lease ends with it.
  if (advanced === 'advanced') return { kind: put === 'put' ? 'stored' : 'again' };
  const after = endOf(await room.store.read(ref), identity);
  return after === undefined ? { kind: 'again' } : drop(writer, { kind: 'ended', why: after }, newRefreshToken);
}

/**
 * A holder that died after it had stored its answer has done the work already.
 *
 * @returns whether there was such an answer; then the generation after this one is the newest
 */
export async function adoptNext(
  { room, ref, holder }: Writer,
  generation: number,
  session: { readonly identity: SessionKeys; readonly rules: ReadingRules },
): Promise<boolean> {
  const next = await readHoldings(room, ref, generation + 1, session);
  if (next.kind !== 'value') return false;
  await room.store.advance(ref, holder, generation);
  return true;
}
