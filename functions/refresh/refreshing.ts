/** What the endpoints ask of this room; they get it when the first token has run out, and never load it before. */
import type { Holdings } from '../session/holdings.ts';
import type { Identity } from '../session/identity.ts';
import type { ReadingRules, Value } from '../session/reading.ts';
import { acquire } from './acquire.ts';
import { sessionRefOf } from './references.ts';
import type { Acquired, Need, RefreshRoom } from './room.ts';
import { endOf, readHoldings, type Ended } from './rows.ts';
import { StoreUnavailable } from './store.ts';

export type StoreSilent = { readonly kind: 'silent' };

export interface Refreshing {
  acquire(need: Need): Promise<Acquired>;
  /** Whether somebody has ended the session; one read. */
  check(identity: Identity): Promise<Ended | StoreSilent | { readonly kind: 'going_on' }>;
  /** What the store has of a session whose grant is missing in the jar. */
  find(identity: Identity, rules: ReadingRules): Promise<Ended | StoreSilent | Value<Holdings>>;
}

/** Turns the store's silence into an answer. */
async function heard<T>(ask: () => Promise<T>): Promise<T | StoreSilent> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StoreUnavailable) return { kind: 'silent' };
    throw error;
  }
}

export function createRefreshing(room: RefreshRoom): Refreshing {
  const { store } = room;
  return {
    acquire: (need) => acquire(need, room),
    check: (identity) =>
      heard(async () => {
        const why = endOf(await store.read(sessionRefOf(identity)), identity);
        return why === undefined ? { kind: 'going_on' } : { kind: 'ended', why };
      }),
    find: (identity, rules) =>
      heard(async () => {
        const ref = sessionRefOf(identity);
        const state = await store.read(ref);
        const why = endOf(state, identity);
        if (why !== undefined) return { kind: 'ended', why };
        if (state.row === undefined) return { kind: 'absent' };
        return readHoldings(room, ref, state.row.generation, { identity, rules });
      }),
  };
}
