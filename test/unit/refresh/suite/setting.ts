/** In what the behaviours of a session store are tried: one session per test, and a clock that stands still. */
import { after, before, beforeEach } from 'node:test';
import { epochSeconds } from '../../../../functions/contract/units.ts';
import { sessionRefOf } from '../../../../functions/refresh/references.ts';
import type {
  Lease,
  LeaseResult,
  LeaseWish,
  SessionRef,
  SessionRow,
  SessionStore,
} from '../../../../functions/refresh/store.ts';

/** A store, and a second instance of the broker that uses the same rows. */
export interface OpenedStore {
  readonly store: SessionStore;
  readonly other: SessionStore;
  close(): Promise<void>;
}

export type OpenStore = (nowMs: () => number) => Promise<OpenedStore>;

export const startMs = Date.UTC(2026, 10, 22, 12);
export const leaseMs = 12_000;
export const endsAt = epochSeconds(startMs / 1000 + 8 * 3600);
export const logout = { why: 'logout', at: epochSeconds(startMs / 1000) } as const;
export const refused: LeaseResult = { kind: 'refused' };

export const taken = (row: SessionRow | undefined): LeaseResult => ({ kind: 'taken', before: row });

/** A lease that was taken when the clock had not moved yet. */
export const leaseOf = (holder: string): Lease => ({ holder, begunAtMs: startMs, endsAtMs: startMs + leaseMs });

/** A clock that stands still until it is moved. */
export function standingClock() {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    moveTo: (ms: number) => void (nowMs = ms),
    moveBy: (ms: number) => void (nowMs += ms),
  };
}

let sessionsMade = 0;

/** A session of a user of its own, so that tests may share a store. */
export function newSession(): SessionRef {
  sessionsMade += 1;
  return sessionRefOf({
    sessionId: `session-${sessionsMade}`,
    issuer: 'https://issuer.example',
    subject: `user-${sessionsMade}`,
    providerSid: `sid-${sessionsMade}`,
  });
}

export interface Setting {
  readonly clock: ReturnType<typeof standingClock>;
  readonly store: SessionStore;
  readonly other: SessionStore;
  /** Of the running test. */
  readonly ref: SessionRef;
  wish(holder: string, more?: Partial<LeaseWish>): LeaseWish;
  take(holder: string, more?: Partial<LeaseWish>): Promise<LeaseResult>;
  rowNow(): Promise<SessionRow | undefined>;
}

/** Opens the store before the tests of the surrounding `describe`, and closes it after them. */
export function prepareSetting(open: OpenStore): Setting {
  const clock = standingClock();
  let opened: OpenedStore;
  let ref: SessionRef;
  before(async () => {
    opened = await open(clock.nowMs);
  });
  after(() => opened.close());
  beforeEach(() => {
    clock.moveTo(startMs);
    ref = newSession();
  });

  const wish = (holder: string, more: Partial<LeaseWish> = {}): LeaseWish => ({
    holder,
    generation: 1,
    nowMs: clock.nowMs(),
    endsAtMs: clock.nowMs() + leaseMs,
    expiresAt: endsAt,
    ...more,
  });
  return {
    clock,
    get store() {
      return opened.store;
    },
    get other() {
      return opened.other;
    },
    get ref() {
      return ref;
    },
    wish,
    take: (holder, more) => opened.store.takeLease(ref, wish(holder, more)),
    rowNow: async () => (await opened.store.read(ref)).row,
  };
}
