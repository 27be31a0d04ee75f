/**
 * Adds to a session what a further login has brought: under the session's lease, as its next generation. The caller holds
 * nothing of the session but its id and secret.
 */
import type { Holdings } from '../session/holdings.ts';
import type { Identity, SessionKeys } from '../session/identity.ts';
import type { ReadingRules } from '../session/reading.ts';
import type { Sealer } from '../session/sealing.ts';
import { adoptNext, nextOf, storeNext, type Changes, type Writer } from './generation.ts';
import { sessionRefOf } from './references.ts';
import { leaseMs, type RefreshRoom } from './room.ts';
import { endOf, readHoldings, type Ended } from './rows.ts';
import type { SessionRef } from './store.ts';

export type Extended =
  | { readonly kind: 'extended'; readonly holdings: Holdings }
  | Ended
  /** The login was somebody else's; the session is as it was. */
  | { readonly kind: 'mismatch' }
  /** The session cannot be read, or somebody else held it all the time. */
  | { readonly kind: 'later' };

export interface Extension {
  readonly seen: SessionKeys;
  /** Who has logged in now. */
  readonly login: Pick<Identity, 'issuer' | 'subject' | 'providerSid'>;
  readonly rules: ReadingRules;
  readonly sealer: Sealer;
  /** In milliseconds since the epoch. */
  readonly deadlineAtMs: number;
  /** @param generation the one that the tokens will belong to */
  readonly changes: (generation: number) => Changes;
  readonly newRefreshToken: string | undefined;
}

type Room = Pick<RefreshRoom, 'store' | 'revoke' | 'way' | 'loginGroup' | 'nowMs' | 'random' | 'pause' | 'newHolder'>;

const pauseMs = 200;
const reserveMs = 1000;

const isSameUser = ({ identity }: Holdings, { issuer, subject }: Extension['login']): boolean =>
  identity.issuer === issuer && identity.subject === subject;

async function attempt(
  extension: Extension,
  room: Room,
  ref: SessionRef,
): Promise<Extended | { readonly kind: 'again' }> {
  const { seen, login, rules, sealer, changes, newRefreshToken } = extension;
  const state = await room.store.read(ref);
  const { row } = state;
  if (row === undefined) return { kind: 'later' };
  const found = await readHoldings(room, ref, row.generation, { identity: seen, rules });
  if (found.kind !== 'value') return { kind: 'later' };
  const holdings = found.value;
  const ended = endOf(state, holdings.identity);
  if (ended !== undefined) return { kind: 'ended', why: ended };
  if (!isSameUser(holdings, login)) return { kind: 'mismatch' };
  const nowMs = room.nowMs();
  const holder = room.newHolder();
  const wish = {
    holder,
    generation: row.generation,
    nowMs,
    endsAtMs: nowMs + leaseMs,
    expiresAt: holdings.identity.endsAt,
  };
  const lease = await room.store.takeLease(ref, wish);
  if (lease.kind === 'refused') return { kind: 'again' };
  const insistUntilMs = Math.min(wish.endsAtMs, extension.deadlineAtMs);
  const writer: Writer = { room, ref, holder, sealer, insistUntilMs };
  const isUnfinished = lease.before?.lease !== undefined;
  if (isUnfinished && (await adoptNext(writer, row.generation, { identity: seen, rules }))) return { kind: 'again' };
  const next = nextOf(writer, holdings, changes(row.generation + 1));
  const stored = await storeNext(writer, next, newRefreshToken);
  return stored.kind === 'stored' ? { kind: 'extended', holdings: next } : stored;
}

/** Rejects with `StoreUnavailable` where the store does not answer. */
export async function extend(extension: Extension, room: Room): Promise<Extended> {
  const { seen, login, deadlineAtMs } = extension;
  const ref = sessionRefOf({ ...login, sessionId: seen.sessionId });
  for (;;) {
    const result = await attempt(extension, room, ref);
    if (result.kind !== 'again') return result;
    if (room.nowMs() + reserveMs > deadlineAtMs) return { kind: 'later' };
    await room.pause(pauseMs * (0.5 + room.random()));
  }
}
