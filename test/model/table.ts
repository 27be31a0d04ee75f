/**
 * The table as DynamoDB keeps it: single rows, conditional writes that happen at once or not at all. What comes between
 * the writes of one operation, and between a write and its answer, is up to whoever carries the calls.
 */
import { epochSeconds, type EpochSeconds } from '../../functions/contract/units.ts';
import type { LeaseWish, SessionRow, SessionStore, Tombstone } from '../../functions/refresh/store.ts';

interface SessionItem extends SessionRow {
  readonly expiresAt: EpochSeconds;
  readonly advancedBy?: string | undefined;
}

/** What has just been written. */
export type Written =
  | { readonly kind: 'leased'; readonly session: string; readonly holder: string }
  | { readonly kind: 'released'; readonly session: string }
  | { readonly kind: 'put'; readonly session: string; readonly generation: number; readonly sealed: string }
  | { readonly kind: 'created'; readonly session: string }
  | { readonly kind: 'advanced'; readonly session: string; readonly generation: number; readonly holder: string }
  | { readonly kind: 'buried'; readonly session: string; readonly tombstone: Tombstone }
  | { readonly kind: 'revoked'; readonly key: string; readonly until: EpochSeconds };

/** On what condition a row is changed. */
export interface TableRules {
  readonly mayTakeLease: (row: SessionRow, wish: LeaseWish) => boolean;
  readonly mayRelease: (row: SessionRow, holder: string) => boolean;
  readonly mayAdvance: (row: SessionRow, holder: string, generation: number) => boolean;
}

export const tableRules: TableRules = {
  mayTakeLease: ({ lease, unknown, tombstone, generation }, wish) =>
    tombstone === undefined &&
    generation <= wish.generation &&
    (lease === undefined || lease.endsAtMs < wish.nowMs || lease.holder === wish.holder) &&
    (unknown === undefined || unknown.notBeforeMs <= wish.nowMs),
  mayRelease: ({ lease }, holder) => lease?.holder === holder,
  mayAdvance: ({ lease, tombstone, generation }, holder, from) =>
    tombstone === undefined && generation === from && lease?.holder === holder,
};

export interface Table {
  /** The session's row as it is now. */
  row(session: string): SessionRow | undefined;
  sealed(session: string, generation: number): string | undefined;
  /** @param call carries one read or write to the table, and its answer back */
  store(call: TableCall): SessionStore;
}

export type TableCall = <T>(label: string, kind: 'read' | 'write', perform: () => T) => Promise<T>;

const tokensKey = (session: string, generation: number): string => `${session}#${generation}`;

function withoutLease({ generation, unknown, tombstone, expiresAt }: SessionItem): SessionItem {
  return { generation, expiresAt, ...(unknown && { unknown }), ...(tombstone && { tombstone }) };
}

/** @param written is told of every write that has changed something */
export function createTable(nowMs: () => number, written: (write: Written) => void, rules = tableRules): Table {
  const sessions = new Map<string, SessionItem>();
  const tokens = new Map<string, { readonly sealed: string; readonly expiresAt: EpochSeconds }>();
  const revocations = new Map<string, { readonly until: EpochSeconds; readonly expiresAt: EpochSeconds }>();
  const used = new Map<string, { readonly expiresAt: EpochSeconds }>();

  const live = <V extends { readonly expiresAt: EpochSeconds }>(rows: Map<string, V>, key: string): V | undefined => {
    const row = rows.get(key);
    return row !== undefined && row.expiresAt > epochSeconds(nowMs() / 1000) ? row : undefined;
  };

  const rowOf = (item: SessionItem | undefined): SessionRow | undefined => {
    if (item === undefined) return undefined;
    const { expiresAt: _, advancedBy: __, ...row } = item;
    return row;
  };

  function markBuried(session: string, tombstone: Tombstone): boolean {
    const item = live(sessions, session);
    if (item === undefined || item.tombstone !== undefined) return false;
    sessions.set(session, { generation: item.generation, expiresAt: item.expiresAt, tombstone });
    written({ kind: 'buried', session, tombstone });
    return true;
  }

  function takeLease(session: string, wish: LeaseWish) {
    const item = live(sessions, session);
    if (item !== undefined && !rules.mayTakeLease(item, wish)) return { kind: 'refused' } as const;
    const { generation, holder, nowMs: begunAtMs, endsAtMs, expiresAt } = wish;
    sessions.set(session, { ...item, generation, lease: { holder, begunAtMs, endsAtMs }, expiresAt });
    written({ kind: 'leased', session, holder });
    return { kind: 'taken', before: rowOf(item) } as const;
  }

  function advance(session: string, holder: string, generation: number): boolean {
    const item = live(sessions, session);
    if (item === undefined || !rules.mayAdvance(item, holder, generation)) return false;
    sessions.set(session, { generation: generation + 1, expiresAt: item.expiresAt, advancedBy: holder });
    written({ kind: 'advanced', session, generation: generation + 1, holder });
    return true;
  }

  function storeOf(call: TableCall): SessionStore {
    return {
      read: ({ session, subject, sid }) =>
        call('reads the rows', 'read', () => {
          const times = [`subject#${subject}`, `sid#${sid ?? ''}`].flatMap(
            (key) => live(revocations, key)?.until ?? [],
          );
          return {
            row: rowOf(live(sessions, session)),
            revokedUntil: times.length === 0 ? undefined : epochSeconds(Math.max(...times)),
          };
        }),

      create: ({ session }, expiresAt) =>
        call('creates the row', 'write', () => {
          if (live(sessions, session) !== undefined) return;
          sessions.set(session, { generation: 1, expiresAt });
          written({ kind: 'created', session });
        }),

      takeLease: ({ session }, wish) => call('takes the lease', 'write', () => takeLease(session, wish)),

      release: ({ session }, holder, unknown) =>
        call('releases the lease', 'write', () => {
          const item = live(sessions, session);
          if (item === undefined || !rules.mayRelease(item, holder)) return;
          const { unknown: _, ...rest } = withoutLease(item);
          sessions.set(session, { ...rest, ...(unknown && { unknown }) });
          written({ kind: 'released', session });
        }),

      async advance({ session }, holder, generation) {
        const label = `writes generation ${generation + 1}`;
        if (await call(label, 'write', () => advance(session, holder, generation))) return 'advanced';
        const isOwn = await call('reads whose generation it is', 'read', () => {
          const item = live(sessions, session);
          return item?.generation === generation + 1 && item.advancedBy === holder && item.tombstone === undefined;
        });
        return isOwn ? 'advanced' : 'refused';
      },

      readTokens: ({ session }, generation) =>
        call(`reads tokens ${generation}`, 'read', () => live(tokens, tokensKey(session, generation))?.sealed),

      putTokens: ({ session }, generation, sealed, expiresAt) =>
        call(`puts tokens ${generation}`, 'write', () => {
          const key = tokensKey(session, generation);
          const present = live(tokens, key);
          if (present !== undefined) return present.sealed === sealed ? 'put' : 'exists';
          tokens.set(key, { sealed, expiresAt });
          written({ kind: 'put', session, generation, sealed });
          return 'put';
        }),

      async bury({ session }, tombstone, expiresAt) {
        const mark = () => call(`buries (${tombstone.why})`, 'write', () => markBuried(session, tombstone));
        if (await mark()) return;
        const created = await call('creates a tombstone', 'write', () => {
          if (live(sessions, session) !== undefined) return false;
          sessions.set(session, { generation: 1, tombstone, expiresAt });
          written({ kind: 'buried', session, tombstone });
          return true;
        });
        if (!created) await mark();
      },

      revoke: (of, until, expiresAt) =>
        call('revokes', 'write', () => {
          const key = 'subject' in of ? `subject#${of.subject}` : `sid#${of.sid}`;
          const before = live(revocations, key);
          if (before !== undefined && before.until > until) return;
          const last = epochSeconds(Math.max(expiresAt, before?.expiresAt ?? expiresAt));
          revocations.set(key, { until, expiresAt: last });
          written({ kind: 'revoked', key, until });
        }),

      useOnce: (kind, hash, expiresAt) =>
        call(`uses a ${kind} once`, 'write', () => {
          const key = `${kind}#${hash}`;
          if (live(used, key) !== undefined) return 'again';
          used.set(key, { expiresAt });
          return 'first';
        }),
    };
  }

  return {
    row: (session) => rowOf(live(sessions, session)),
    sealed: (session, generation) => tokens.get(tokensKey(session, generation))?.sealed,
    store: storeOf,
  };
}
