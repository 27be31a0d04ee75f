/** Reads a session and its tokens from the cookies of a request. Nothing here deletes or writes anything. */
import { cookie } from '../contract/wire.ts';
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import type { Cookies } from '../http/message.ts';
import { decodeApiToken } from './api-token.ts';
import type { ApiToken, BoundApiToken } from './api-token.ts';
import { ambiguousName, chunkNames, openCandidates } from './chunks.ts';
import { decodeGrant } from './grant.ts';
import type { BoundGrant, Grant } from './grant.ts';
import { bindingOf, decodeIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { grantEndsAt, isSeenDue } from './lifetimes.ts';
import type { LiveSession } from './lifetimes.ts';
import { absent, readValue, valueOf } from './reading.ts';
import type { ReadingRules, Unreadable, Value } from './reading.ts';
import { decodeSeen } from './seen.ts';

export type SessionReading =
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'live' } & LiveSession)
  /** Its idle or absolute time has passed. */
  | { readonly kind: 'expired'; readonly identity: Identity; readonly by: 'idle' | 'absolute' }
  /** Its last token has ended and there is no refresh token. */
  | { readonly kind: 'over'; readonly identity: Identity }
  /** Its grant is not in the jar; with a store it can be found again. */
  | { readonly kind: 'grantless'; readonly identity: Identity }
  | Unreadable
  /** The browser sent two values of a name that only this host can set. */
  | { readonly kind: 'ambiguous'; readonly name: string };

export type ApiTokenReading =
  | ({ readonly kind: 'token' } & ApiToken)
  /** There is none, or none of this session, or it was asked for under another configuration. */
  | { readonly kind: 'missing' }
  | Unreadable;

export interface SessionRules extends ReadingRules {
  readonly idleSeconds: Seconds;
}

/** All that a session is read from. Names with the prefix `__Host-`: no sibling domain can set a cookie of this name. */
export const sessionNames = [cookie.session, cookie.grant, cookie.seen].flatMap(chunkNames);

/** The grant of this session; one of another session, or one that has ended, counts as absent. */
function readGrant(cookies: Cookies, identity: Identity, rules: ReadingRules): Value<BoundGrant> {
  const grant = readValue(cookies, cookie.grant, 'grant', decodeGrant, rules);
  const isOurs =
    grant.kind !== 'value' || (grant.value.binding === bindingOf(identity) && grant.value.endsAt > rules.now);
  return isOurs ? grant : absent;
}

/** The seen cookie is opened only where the grant's own age does not show that the session was active just now. */
function readLastActiveAt(
  cookies: Cookies,
  identity: Identity,
  grant: Grant,
  rules: SessionRules,
): EpochSeconds | Unreadable {
  if (!isSeenDue(grant.sealedAt, rules.now, rules.idleSeconds)) return grant.sealedAt;
  const seen = readValue(cookies, cookie.seen, 'seen', decodeSeen, rules);
  if (seen.kind === 'unreadable') return seen;
  const isOurs = seen.kind === 'value' && seen.value.binding === bindingOf(identity) && seen.value.endsAt > rules.now;
  return isOurs ? (Math.max(seen.value.at, grant.sealedAt) as EpochSeconds) : grant.sealedAt;
}

/** Reads the session of a request. It looks at the session, grant and seen cookies and at nothing else. */
export function readSession(cookies: Cookies, rules: SessionRules): SessionReading {
  const ambiguous = ambiguousName(cookies, sessionNames);
  if (ambiguous !== undefined) return { kind: 'ambiguous', name: ambiguous };
  const session = readValue(cookies, cookie.session, 'session', decodeIdentity, rules);
  if (session.kind !== 'value') return session;
  const identity = session.value;
  if (identity.endsAt <= rules.now) return { kind: 'expired', identity, by: 'absolute' };
  const bound = readGrant(cookies, identity, rules);
  if (bound.kind === 'unreadable') return bound;
  return bound.kind === 'absent' ? { kind: 'grantless', identity } : withGrant(cookies, identity, bound.value, rules);
}

/** What a session is once its grant is known, from the jar or from the store. */
export function withGrant(cookies: Cookies, identity: Identity, grant: Grant, rules: SessionRules): SessionReading {
  if (grantEndsAt(grant, identity) <= rules.now) return { kind: 'over', identity };
  const lastActiveAt = readLastActiveAt(cookies, identity, grant, rules);
  if (typeof lastActiveAt !== 'number') return lastActiveAt;
  if (lastActiveAt + rules.idleSeconds <= rules.now) return { kind: 'expired', identity, by: 'idle' };
  return { kind: 'live', identity, grant, lastActiveAt };
}

/** @returns the newest of those that belong to this session and answer this question */
function newestOf(tokens: readonly Value<BoundApiToken>[], binding: string, fingerprint: string): ApiToken | undefined {
  let newest: ApiToken | undefined;
  for (const token of tokens) {
    const isOurs = token.kind === 'value' && token.value.binding === binding && token.value.fingerprint === fingerprint;
    if (isOurs && (newest === undefined || newest.generation < token.value.generation)) newest = token.value;
  }
  return newest;
}

/**
 * Reads the access token of one API. A token that has ended is returned as well; its `expiresAt` says so.
 *
 * @param apiName as configured
 * @param binding of the live session of this request; see `bindingOf`
 * @param fingerprint what this API asks of the provider today, see `fingerprintOf`
 */
export function readApiToken(
  cookies: Cookies,
  apiName: string,
  binding: string,
  fingerprint: string,
  rules: ReadingRules,
): ApiTokenReading {
  const opened = openCandidates(cookies, cookie.apiTokenPrefix + apiName, 'at', rules.ring);
  const tokens = opened.map((one) => valueOf(one, decodeApiToken, rules));
  const newest = newestOf(tokens, binding, fingerprint);
  if (newest) {
    const { token, expiresAt, generation } = newest;
    // Field by field, so that what is compiled for its shape lasts: docs/performance.md, "Shapes that last".
    return { kind: 'token', token, expiresAt, generation, fingerprint };
  }
  return tokens.find((token) => token.kind === 'unreadable') ?? { kind: 'missing' };
}
