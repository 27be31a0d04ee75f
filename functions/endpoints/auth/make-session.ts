/** Makes the cookies of a completed login. */
import { epochSeconds, type EpochSeconds, type Seconds } from '../../contract/units.ts';
import { serializedBytes } from '../../http/cookies.ts';
import type { SetCookie } from '../../http/message.ts';
import type { VerifiedIdToken } from '../../oidc/id-token.ts';
import { wantsIdToken } from '../../oidc/logout-request.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import type { TokenAnswer } from '../../oidc/token-answer.ts';
import type { JsonObject, JsonValue } from '../../session/fields.ts';
import type { Failure } from '../../session/grant.ts';
import { checkAfterOf, grantOf, type HeldToken, type Holdings } from '../../session/holdings.ts';
import { newSessionKeys, type Identity } from '../../session/identity.ts';
import { issueSession, type NewSession } from '../../session/issue.ts';
import { refreshAtOf } from '../../session/lifetimes.ts';
import { sealerOf } from '../context.ts';
import { retryAt, type Collected } from './collect-tokens.ts';
import type { AuthContext } from './room.ts';

export interface CompletedLogin {
  readonly answer: TokenAnswer;
  readonly idToken: VerifiedIdToken;
  readonly sessionState: string | undefined;
  readonly collected: Collected;
  readonly metadata: ServerMetadata;
  /** Cookies that the same answer sets besides. */
  readonly alongside: readonly SetCookie[];
}

export type MadeSession =
  | {
      readonly kind: 'made';
      readonly identity: Identity;
      readonly holdings: Holdings;
      readonly cookies: readonly SetCookie[];
    }
  | { readonly kind: 'too_large'; readonly bytes: number; readonly limit: number };

/** The provider's own end of its session (OpenID IPSIE, claim `session_expiry`) is a ceiling. */
function endOf({ idToken: { claims } }: CompletedLogin, now: EpochSeconds, absolute: Seconds): EpochSeconds {
  const { session_expiry: ceiling } = claims;
  return epochSeconds(Math.min(now + absolute, typeof ceiling === 'number' ? ceiling : Infinity));
}

function claimsOf({ claims }: VerifiedIdToken, wanted: readonly string[]): JsonObject {
  const shown = wanted.filter((name) => Object.hasOwn(claims, name));
  return Object.fromEntries(shown.map((name) => [name, claims[name] as JsonValue]));
}

function identityOf(context: AuthContext, login: CompletedLogin): Identity {
  const { idToken, sessionState } = login;
  const { broker, now } = context;
  const { absolute, claims } = broker.configuration.session;
  const { sid } = idToken.claims;
  return {
    ...newSessionKeys(broker.random),
    issuer: idToken.issuer,
    subject: idToken.subject,
    loginAt: epochSeconds(idToken.issuedAt),
    endsAt: endOf(login, now, absolute),
    claims: claimsOf(idToken, claims),
    ...(typeof sid === 'string' ? { providerSid: sid } : {}),
    ...(sessionState === undefined ? {} : { sessionState }),
  };
}

/** One token serves every API of its group, and lies in the cookie of each. */
function tokensOf({ outcomes }: Collected, now: EpochSeconds): ReadonlyMap<string, HeldToken> {
  const tokens = new Map<string, HeldToken>();
  for (const [group, outcome] of outcomes) {
    if (outcome.kind !== 'satisfied') continue;
    const { token, expiresAt } = outcome;
    const held = {
      token,
      expiresAt,
      refreshAt: refreshAtOf(now, expiresAt),
      generation: 1,
      fingerprint: group.fingerprint,
    };
    for (const api of group.apis) tokens.set(api, held);
  }
  return tokens;
}

function failuresOf({ outcomes }: Collected, now: EpochSeconds): ReadonlyMap<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const [group, outcome] of outcomes) {
    if (outcome.kind !== 'refused') continue;
    for (const api of group.apis) failures.set(api, { code: outcome.code, retryAt: retryAt(now) });
  }
  return failures;
}

function holdingsOf({ collected }: CompletedLogin, identity: Identity, now: EpochSeconds): Holdings {
  const { refreshToken, refreshEndsAt } = collected;
  const tokens = tokensOf(collected, now);
  return {
    identity,
    generation: 1,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(refreshEndsAt === undefined ? {} : { refreshEndsAt }),
    apiGrants: new Map(),
    tokens,
    failures: failuresOf(collected, now),
    checkAfter: checkAfterOf(tokens, now),
    heldSince: now,
  };
}

/** An ID token that does not fit is left out: the provider's logout does with the client id, if less smoothly. */
export function makeSession(context: AuthContext, login: CompletedLogin): MadeSession {
  const { broker, now } = context;
  const { answer } = login;
  const identity = identityOf(context, login);
  const holdings = holdingsOf(login, identity, now);
  const around = { alongside: login.alongside, setCookieBytes: serializedBytes, hasStore: broker.hasTable };
  const session: NewSession = { identity, grant: grantOf(holdings), tokens: holdings.tokens };
  const issue = (from: NewSession) => issueSession(from, broker.layout, sealerOf(context), around);
  const hint = wantsIdToken(broker.configuration.provider, login.metadata) ? answer.idToken : undefined;
  const whole = hint === undefined ? undefined : issue({ ...session, idToken: hint });
  const issued = whole?.kind === 'fits' ? whole : issue(session);
  return issued.kind === 'fits' ? { kind: 'made', identity, holdings, cookies: issued.cookies } : issued;
}
