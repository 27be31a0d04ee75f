/** Makes the cookies of a completed login. */
import { epochSeconds, type EpochSeconds } from '../../contract/units.ts';
import { serializedBytes } from '../../http/cookies.ts';
import type { SetCookie } from '../../http/message.ts';
import type { VerifiedIdToken } from '../../oidc/id-token.ts';
import { wantsIdToken } from '../../oidc/logout-request.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import type { TokenAnswer } from '../../oidc/token-answer.ts';
import type { ApiToken } from '../../session/api-token.ts';
import type { JsonObject, JsonValue } from '../../session/fields.ts';
import type { Failure } from '../../session/grant.ts';
import { newSessionKeys, type Identity } from '../../session/identity.ts';
import { issueSession, type NewSession } from '../../session/issue.ts';
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
  | { readonly kind: 'made'; readonly sessionId: string; readonly cookies: readonly SetCookie[] }
  | { readonly kind: 'too_large'; readonly bytes: number; readonly limit: number };

/** Where there is no API token to end, a revocation is looked for this long after the login. */
const firstCheckSeconds = 300;

function claimsOf({ claims }: VerifiedIdToken, wanted: readonly string[]): JsonObject {
  const shown = wanted.filter((name) => Object.hasOwn(claims, name));
  return Object.fromEntries(shown.map((name) => [name, claims[name] as JsonValue]));
}

function identityOf(context: AuthContext, { idToken, sessionState }: CompletedLogin): Identity {
  const { broker, now } = context;
  const { absolute, claims } = broker.configuration.session;
  const { sid } = idToken.claims;
  return {
    ...newSessionKeys(broker.random),
    issuer: idToken.issuer,
    subject: idToken.subject,
    loginAt: epochSeconds(idToken.issuedAt),
    endsAt: epochSeconds(now + absolute),
    claims: claimsOf(idToken, claims),
    ...(typeof sid === 'string' ? { providerSid: sid } : {}),
    ...(sessionState === undefined ? {} : { sessionState }),
  };
}

/** One token serves every API of its group, and lies in the cookie of each. */
function tokensOf({ outcomes }: Collected): ReadonlyMap<string, ApiToken> {
  const tokens = new Map<string, ApiToken>();
  for (const [group, outcome] of outcomes) {
    if (outcome.kind !== 'satisfied') continue;
    const { token, expiresAt } = outcome;
    for (const api of group.apis) tokens.set(api, { token, expiresAt, generation: 1, fingerprint: group.fingerprint });
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

/** An ID token that does not fit is left out: the provider's logout does with the client id, if less smoothly. */
export function makeSession(context: AuthContext, login: CompletedLogin): MadeSession {
  const { broker, now } = context;
  const { collected, answer } = login;
  const identity = identityOf(context, login);
  const tokens = tokensOf(collected);
  const tokenEndsAt = new Map([...tokens].map(([api, { expiresAt }]) => [api, expiresAt]));
  const session: NewSession = {
    identity,
    tokens,
    grant: {
      generation: 1,
      tokenEndsAt,
      checkAfter:
        tokens.size === 0 ? epochSeconds(now + firstCheckSeconds) : epochSeconds(Math.max(...tokenEndsAt.values())),
      failures: failuresOf(collected, now),
      ...(collected.refreshToken === undefined ? {} : { refreshToken: collected.refreshToken }),
    },
  };
  const around = { alongside: login.alongside, setCookieBytes: serializedBytes };
  const issue = (from: NewSession) => issueSession(from, broker.layout, sealerOf(context), around);
  const hint = wantsIdToken(broker.configuration.provider, login.metadata) ? answer.idToken : undefined;
  const whole = hint === undefined ? undefined : issue({ ...session, idToken: hint });
  const issued = whole?.kind === 'fits' ? whole : issue(session);
  return issued.kind === 'fits' ? { kind: 'made', sessionId: identity.sessionId, cookies: issued.cookies } : issued;
}
