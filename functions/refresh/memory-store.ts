/**
 * The session store in the memory of one process, for a stage without a table: requests of one process share one
 * redemption, and nothing is known of what other processes do.
 */
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { createExpiringMap } from './expiring-map.ts';
import type { LeaseWish, SessionRef, SessionRow, SessionStore } from './store.ts';

/** How many rows of each kind are kept; sealed tokens are some kilobytes each. */
export interface MostRows {
  readonly small: number;
  readonly tokens: number;
}

interface Kept {
  readonly row: SessionRow;
  /** Who made this generation, so that a holder that asks again gets the same answer. */
  readonly advancedBy?: string | undefined;
}

const mostRows: MostRows = { small: 10_000, tokens: 1000 };

function mayTakeLease(row: SessionRow, { holder, generation, nowMs }: LeaseWish): boolean {
  const { lease, unknown } = row;
  if (row.tombstone !== undefined || row.generation > generation) return false;
  if (lease !== undefined && lease.endsAtMs >= nowMs && lease.holder !== holder) return false;
  return unknown === undefined || unknown.notBeforeMs <= nowMs;
}

const tokensKey = ({ session }: SessionRef, generation: number): string => `${session}#${generation}`;

/** @param nowMs reads the clock in milliseconds */
export function createMemoryStore(nowMs: () => number, most: MostRows = mostRows): SessionStore {
  const nowSeconds = (): EpochSeconds => epochSeconds(nowMs() / 1000);
  const sessions = createExpiringMap<Kept>(most.small, nowSeconds);
  const tokens = createExpiringMap<string>(most.tokens, nowSeconds);
  const revokedUntil = createExpiringMap<EpochSeconds>(most.small, nowSeconds);
  const used = createExpiringMap<true>(most.small, nowSeconds);

  /** In the place of a row that exists, which keeps its expiry. */
  const replace = ({ session }: SessionRef, kept: Kept): void => {
    const expiresAt = sessions.expiryOf(session);
    if (expiresAt !== undefined) sessions.set(session, kept, expiresAt);
  };

  return {
    async read({ session, subject, sid }) {
      const times = [`subject#${subject}`, ...(sid === undefined ? [] : [`sid#${sid}`])]
        .map((key) => revokedUntil.get(key))
        .filter((time) => time !== undefined);
      return {
        row: sessions.get(session)?.row,
        revokedUntil: times.length === 0 ? undefined : epochSeconds(Math.max(...times)),
      };
    },

    async create({ session }, expiresAt) {
      if (sessions.get(session) === undefined) sessions.set(session, { row: { generation: 1 } }, expiresAt);
    },

    async takeLease({ session }, wish) {
      const kept = sessions.get(session);
      if (kept !== undefined && !mayTakeLease(kept.row, wish)) return { kind: 'refused' };
      const { generation, holder, nowMs: begunAtMs, endsAtMs, expiresAt } = wish;
      const row: SessionRow = { ...kept?.row, generation, lease: { holder, begunAtMs, endsAtMs } };
      sessions.set(session, { row, advancedBy: kept?.advancedBy }, expiresAt);
      return { kind: 'taken', before: kept?.row };
    },

    async release(ref, holder, unknown) {
      const kept = sessions.get(ref.session);
      if (kept?.row.lease?.holder !== holder) return;
      const { generation } = kept.row;
      replace(ref, { ...kept, row: { generation, ...(unknown && { unknown }) } });
    },

    async advance(ref, holder, generation) {
      const { row, advancedBy } = sessions.get(ref.session) ?? {};
      if (row === undefined || row.tombstone !== undefined) return 'refused';
      const next = generation + 1;
      if (row.generation === next && advancedBy === holder) return 'advanced';
      if (row.generation !== generation || row.lease?.holder !== holder) return 'refused';
      replace(ref, { row: { generation: next }, advancedBy: holder });
      return 'advanced';
    },

    async readTokens(ref, generation) {
      return tokens.get(tokensKey(ref, generation));
    },

    async putTokens(ref, generation, sealed, expiresAt) {
      const key = tokensKey(ref, generation);
      const present = tokens.get(key);
      if (present !== undefined) return present === sealed ? 'put' : 'exists';
      // Whoever has just read the row may still ask for the generation before this one, nobody for an older one.
      tokens.delete(tokensKey(ref, generation - 2));
      tokens.set(key, sealed, expiresAt);
      return 'put';
    },

    async bury(ref, tombstone, expiresAt) {
      const { row } = sessions.get(ref.session) ?? {};
      if (row === undefined) sessions.set(ref.session, { row: { generation: 1, tombstone } }, expiresAt);
      else if (row.tombstone === undefined) replace(ref, { row: { generation: row.generation, tombstone } });
    },

    // Neither of the two times ever becomes an earlier one.
    async revoke(of, until, expiresAt) {
      const key = 'subject' in of ? `subject#${of.subject}` : `sid#${of.sid}`;
      if (until < (revokedUntil.get(key) ?? until)) return;
      revokedUntil.set(key, until, epochSeconds(Math.max(expiresAt, revokedUntil.expiryOf(key) ?? expiresAt)));
    },

    async useOnce(kind, hash, expiresAt) {
      const key = `${kind}#${hash}`;
      if (used.get(key) !== undefined) return 'again';
      used.set(key, true, expiresAt);
      return 'first';
    },
  };
}
