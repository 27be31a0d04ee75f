/** What a refresh works with. Clock, chance, waiting and the token endpoint come in from outside, so that every order of events can be tried. */
import type { Way } from '../audience/dialects.ts';
import type { TokenAnswer } from '../audience/guarantee.ts';
import type { RedemptionGroup } from '../audience/groups.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { ProblemCode } from '../contract/wire.ts';
import type { Grant } from '../session/grant.ts';
import type { Holdings, HeldToken } from '../session/holdings.ts';
import type { Identity } from '../session/identity.ts';
import type { ReadingRules } from '../session/reading.ts';
import type { Sealer } from '../session/sealing.ts';
import type { Log } from '../telemetry/log.ts';
import type { SessionStore, TombstoneReason } from './store.ts';

/** What came of one redemption at the token endpoint. */
export type Redemption =
  | {
      readonly kind: 'granted';
      readonly answer: TokenAnswer & { readonly refreshToken?: string; readonly refreshExpiresIn?: number };
    }
  /** Whether the provider has spent the refresh token is not known. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The provider refuses the broker's own credentials, newly read ones included. */
  | { readonly kind: 'client_refused' }
  | { readonly kind: 'refused'; readonly status: number; readonly error: string }
  /** A 2xx answer that cannot be used; a refresh token in it counts all the same. */
  | { readonly kind: 'invalid'; readonly reason: string; readonly refreshToken?: string }
  /** The answer is about another user. */
  | { readonly kind: 'mismatch' };

export interface RefreshRoom {
  readonly store: SessionStore;
  readonly provider: Configuration['provider'];
  readonly way: Way;
  readonly groups: readonly RedemptionGroup[];
  readonly apis: Configuration['apis'];
  readonly openidScopes: readonly string[];
  /** The group whose audience the login asked for; its refusal decides over the session. */
  readonly loginGroup: RedemptionGroup | undefined;
  /** Takes at most 8 s. Never rejects. */
  redeem(
    refreshToken: string,
    session: Pick<Identity, 'issuer' | 'subject'>,
    parameters: readonly (readonly [string, string])[],
  ): Promise<Redemption>;
  /** Best effort; never rejects. */
  revoke(refreshToken: string): Promise<void>;
  readonly nowMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** A name for one attempt, never the same twice. */
  readonly newHolder: () => string;
}

/** A wish for one API's token. */
export interface Need {
  readonly identity: Identity;
  /** The grant in the jar; left out where it is missing there. */
  readonly grant: Grant | undefined;
  readonly group: RedemptionGroup;
  /** The end of the token that the jar has for it, in epoch seconds, passed or not; left out where it has none. */
  readonly currentEndsAt: number | undefined;
  /** The token that the API has just refused. */
  readonly refusedToken?: string | undefined;
  /** When the answer must be on its way, in milliseconds since the epoch. */
  readonly deadlineAtMs: number;
  readonly rules: ReadingRules;
  readonly sealer: Sealer;
  readonly log: Log;
}

export type Later = Extract<
  ProblemCode,
  'refresh_pending' | 'refresh_failed_transient' | 'refresh_rejected' | 'store_unavailable' | 'session_unreadable'
>;

/** What became of a wish. */
export type Acquired =
  /** `holdings` are newer than the jar's, or make up for what is missing there. */
  | { readonly kind: 'token'; readonly token: HeldToken; readonly holdings: Holdings }
  /** The token in the jar goes on serving. */
  | { readonly kind: 'current' }
  /** There is no token for this API, by the audience guarantee or because the provider refuses one. */
  | { readonly kind: 'refused'; readonly code: ProblemCode; readonly holdings: Holdings }
  | { readonly kind: 'ended'; readonly why: TombstoneReason | 'revoked' }
  /** A token for this API comes from a login of its own. */
  | { readonly kind: 'login_needed' }
  /** Nothing can be said at the moment. */
  | { readonly kind: 'later'; readonly code: Later; readonly retryAfterSeconds: number };

/** The lease outlasts the hard limit of a redemption, so that its holder has ended before anybody follows. */
export const leaseMs = 12_000;
/** No redemption starts with less time than it may take. */
export const redemptionMs = 8_000;
