/** What the rows of a session say, read by everybody in the same way. */
import { openHoldings, type Holdings } from '../session/holdings.ts';
import type { Identity, SessionKeys } from '../session/identity.ts';
import type { ReadingRules, Value } from '../session/reading.ts';
import type { Acquired, RefreshRoom } from './room.ts';
import type { SessionRef, SharedState, TombstoneReason } from './store.ts';

/** Somebody has ended the session. */
export interface Ended {
  readonly kind: 'ended';
  readonly why: TombstoneReason | 'revoked';
}

/** `again`: the rows have changed under our feet. `wait`: somebody else is redeeming. */
export type Step = Acquired | { readonly kind: 'again' } | { readonly kind: 'wait' };

/** What the rows say about a session as a whole. */
export function endOf({ row, revokedUntil }: SharedState, identity: Identity): TombstoneReason | 'revoked' | undefined {
  if (row?.tombstone !== undefined) return row.tombstone.why;
  return revokedUntil !== undefined && identity.loginAt <= revokedUntil ? 'revoked' : undefined;
}

/** Reads what the store keeps of a generation. */
export async function readHoldings(
  { store }: Pick<RefreshRoom, 'store'>,
  ref: SessionRef,
  generation: number,
  { identity, rules }: { readonly identity: SessionKeys; readonly rules: ReadingRules },
): Promise<Value<Holdings>> {
  const sealed = await store.readTokens(ref, generation);
  return sealed === undefined ? { kind: 'absent' } : openHoldings(sealed, identity, rules);
}
