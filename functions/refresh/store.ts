/**
 * What all instances of the broker know together about sessions. Every write is one conditional write of one row, and
 * every read is consistent. Implementations: DynamoDB, and the memory of one process where a stage has no table; both
 * are held to one suite of behaviours.
 */
import type { EpochSeconds } from '../contract/units.ts';

/** By which the rows of a session are found: one-way stand-ins, so that the table names nobody. */
export interface SessionRef {
  /** Hash of the session id. */
  readonly session: string;
  /** Hash of `iss` and `sub`. */
  readonly subject: string;
  /** Hash of the provider's session id, where it gave one. */
  readonly sid?: string;
}

/** The right to redeem the session's refresh token, held by one request at a time. */
export interface Lease {
  /** Random per attempt. */
  readonly holder: string;
  readonly begunAtMs: number;
  /** After this time it has run out, whether its holder knows or not. */
  readonly endsAtMs: number;
}

/** Why a session has ended for good. */
export type TombstoneReason = 'logout' | 'superseded' | 'over' | 'mismatch';

export interface Tombstone {
  readonly why: TombstoneReason;
  readonly at: EpochSeconds;
}

/** Redemptions since the last known outcome of which nobody knows whether the provider has seen them. */
export interface Unknown {
  readonly count: number;
  /** The refresh token is not presented again before this time. */
  readonly notBeforeMs: number;
}

/** `session#<hash of id>` */
export interface SessionRow {
  /** Of the newest tokens; 1 at login. */
  readonly generation: number;
  readonly lease?: Lease;
  readonly tombstone?: Tombstone;
  readonly unknown?: Unknown;
}

/** The session's row and what revokes it, read together. */
export interface SharedState {
  readonly row: SessionRow | undefined;
  /** Sessions of this subject, or of this session of the provider, that logged in not later than this are revoked. */
  readonly revokedUntil: EpochSeconds | undefined;
}

/** The store cannot be reached, or is too busy: nothing is known about what was asked. */
export class StoreUnavailable extends Error {
  constructor(reason: string) {
    super(`the session store is unavailable: ${reason}`);
    this.name = 'StoreUnavailable';
  }
}

/** A wish for the lease. */
export interface LeaseWish {
  readonly holder: string;
  /** Of the newest grant that the wisher knows; a row that is further on refuses. */
  readonly generation: number;
  readonly nowMs: number;
  readonly endsAtMs: number;
  /** When the session ends: an absent row is created and lasts as long. */
  readonly expiresAt: EpochSeconds;
}

/**
 * `before` is the row as the very write found it; an unfinished lease in it has run out without its holder ending it, or
 * is the wisher's own: then the answer to a first try was lost, and what was before that is not known.
 */
export type LeaseResult =
  | { readonly kind: 'taken'; readonly before: SessionRow | undefined }
  /** Somebody else holds it, or the row is further on, or it has a tombstone, or the token must not be presented yet. */
  | { readonly kind: 'refused' };

/**
 * Every method rejects with `StoreUnavailable` where the store does not answer; what was asked may have been done. Asking
 * again with the same arguments does no harm and gives the same answer, except for `useOnce`.
 */
export interface SessionStore {
  /** One consistent read of up to three rows. */
  read(ref: SessionRef): Promise<SharedState>;

  /** Login: the first row of a session. Overwrites nothing. */
  create(ref: SessionRef, expiresAt: EpochSeconds): Promise<void>;

  takeLease(ref: SessionRef, wish: LeaseWish): Promise<LeaseResult>;
  /** Gives the lease back without a new generation; `unknown` says why. Without effect where it is held by somebody else. */
  release(ref: SessionRef, holder: string, unknown: Unknown | undefined): Promise<void>;
  /**
   * Ends the lease with the next generation, on condition that it is still the holder's, that the generation is still
   * the one given, and that there is no tombstone.
   */
  advance(ref: SessionRef, holder: string, generation: number): Promise<'advanced' | 'refused'>;

  /** @returns the sealed tokens of that generation */
  readTokens(ref: SessionRef, generation: number): Promise<string | undefined>;
  /** On condition that this generation has none yet. */
  putTokens(ref: SessionRef, generation: number, sealed: string, expiresAt: EpochSeconds): Promise<'put' | 'exists'>;

  /** The first tombstone stays, and ends the lease. Creates the row where there is none; one that exists keeps its expiry. */
  bury(ref: SessionRef, tombstone: Tombstone, expiresAt: EpochSeconds): Promise<void>;

  /** Revokes every session of a subject, or of a session of the provider, that logged in not later than `until`. The latest `until` stays. */
  revoke(
    of: { readonly subject: string } | { readonly sid: string },
    until: EpochSeconds,
    expiresAt: EpochSeconds,
  ): Promise<void>;

  /** Marks a logout token (`jti`) or a login transaction as used. @returns `again` for any time but the first */
  useOnce(kind: 'jti' | 'login', hash: string, expiresAt: EpochSeconds): Promise<'first' | 'again'>;
}
