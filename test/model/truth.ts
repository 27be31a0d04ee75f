/** What is true in the world, whoever knows it: sessions with their ends, requests with what befell them. */
import type { ReadingRules } from '../../functions/session/reading.ts';
import type { Holdings } from '../../functions/session/holdings.ts';
import type { Identity } from '../../functions/session/identity.ts';
import type { SessionRef, TombstoneReason } from '../../functions/refresh/store.ts';
import type { Jar } from './browser.ts';
import type { AccessToken, Grant, Provider, ProviderSettings } from './provider.ts';
import type { Scheduler } from './scheduler.ts';
import type { ApiName } from './settings.ts';

/** A point in the schedule and on the clock. */
export interface When {
  readonly moment: number;
  readonly ms: number;
}

export interface Lease {
  readonly by: Request | undefined;
  readonly holder: string;
  readonly begun: When;
  endedAtMs: number;
  readonly ranOutAtMs: number;
}

/** A generation whose tokens have been stored. */
export interface Stored {
  readonly at: When;
  readonly holdings: Holdings;
  /** Its writer had lost the lease by then. */
  readonly late: boolean;
}

export interface Redemption {
  readonly by: Request;
  readonly refreshToken: string;
  readonly begunAtMs: number;
  endedAtMs: number;
}

export interface Session {
  readonly name: string;
  readonly identity: Identity;
  readonly ref: SessionRef;
  readonly grant: Grant;
  readonly loginAtMs: number;
  tombstone: ({ readonly why: TombstoneReason } & When) | undefined;
  revoked: When | undefined;
  readonly leases: Lease[];
  readonly stored: Map<number, Stored>;
  readonly redemptions: Redemption[];
  /** When a redemption ended of which nobody knows what came of it. */
  readonly unknownAtMs: number[];
  /** When an answer was about somebody else. */
  mismatched: boolean;
  /** When the provider's answer could not be used although it held a refresh token. */
  readonly invalidAtMs: number[];
}

export type RequestKind = 'call' | 'refresh' | 'user' | 'login' | 'callback' | 'logout' | 'backchannel';

export interface Request {
  readonly name: string;
  readonly kind: RequestKind;
  readonly jar: Jar;
  readonly instance: string;
  readonly api: ApiName | undefined;
  readonly begun: When;
  readonly deadlineAtMs: number;
  /** Whose cookie the jar sent. */
  readonly session: Session | undefined;
  /** What the jar sent for the API. */
  readonly token: AccessToken | undefined;
  readonly generation: number | undefined;
  storeFaults: number;
  /** It lost time in a call that took long, or frozen. */
  slow: boolean;
  redemptions: number;
  /** The provider has granted something to it and the next generation is written. */
  refreshed: boolean;
  /** A redemption of its own was answered like this. */
  refusal: string | undefined;
  /** What the provider answered to it got lost on the way, or its instance crashed. */
  lost: boolean;
  crashed: boolean;
  /** Its problem's code, or its status. */
  outcome: string | undefined;
}

export interface WorldSettings extends ProviderSettings {
  /** Without: every process has a memory of its own. */
  readonly hasTable: boolean;
  /** How many processes there are where there is no table. */
  readonly processes?: 'one' | 'several';
  readonly revocation: 'refresh' | 'immediate';
}

export interface Truth {
  readonly settings: WorldSettings;
  readonly scheduler: Scheduler;
  readonly provider: Provider;
  readonly sessions: Session[];
  readonly requests: Request[];
  readonly rules: () => ReadingRules;
}

/** Whether all requests know of each other. */
export const isShared = ({ settings }: Truth): boolean => settings.hasTable || settings.processes === 'one';

export const now = ({ scheduler }: Truth): When => ({ moment: scheduler.moment(), ms: scheduler.nowMs() });

/** A store that fails as often in one request is away, not throttled. */
const outageFaults = 3;

/**
 * The one case that nobody can cure: the provider has rotated, and its answer was lost, with the instance that had it, with
 * a lease that it outlived, or with a store that was away for as long.
 */
export function hasLostAnAnswer({ requests, scheduler }: Truth, session: Session): boolean {
  const nowMs = scheduler.nowMs();
  const outlived = (by: Request): boolean =>
    session.leases.some((lease) => lease.by === by && lease.ranOutAtMs < nowMs);
  return requests.some(
    (one) =>
      one.session === session &&
      one.redemptions > 0 &&
      (one.lost || one.crashed || one.slow || one.storeFaults >= outageFaults || (!one.refreshed && outlived(one))),
  );
}

/** A sentence of the contract does not hold. */
export class Violation extends Error {
  readonly sentence: string;

  constructor(sentence: string, detail: string) {
    super(`${sentence} — ${detail}`);
    this.name = 'Violation';
    this.sentence = sentence;
  }
}

/** @param sentence of the contract, which holds in every schedule */
export function hold(sentence: string, holds: boolean, detail: () => string): void {
  if (!holds) throw new Violation(sentence, detail());
}
