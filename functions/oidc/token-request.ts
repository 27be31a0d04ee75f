/** The code grant and the refresh grant (RFC 6749, sections 4.1.3 and 6), each with its own view of what came back. */
import {
  authorizationCodeGrant,
  refreshTokenGrant,
  type ClientAuth,
  type Configuration as Client,
  type ServerMetadata,
} from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import type { Send } from '../outgoing/send.ts';
import { createClient } from './client.ts';
import { providerFetch, ProviderUnreachable, type RawAnswer } from './fetch.ts';
import { isOfSession, type SessionSubject } from './refreshed-id-token.ts';
import { canonicalBody, readFailure, readTokenAnswer, type TokenAnswer, type TokenFailure } from './token-answer.ts';

/** Tokens as granted. Nothing has judged the access token yet, and nothing has verified the ID token's signature. */
export interface Granted {
  readonly kind: 'granted';
  readonly answer: TokenAnswer;
}

/** `code_refused`: the authorization response itself was wrong, and no token request was made. */
export type CodeGrantResult = Granted | TokenFailure | { readonly kind: 'response_refused'; readonly reason: string };

/** All that a token request needs besides its own parameters. */
export interface TokenEndpoint {
  readonly settings: Configuration['provider'];
  readonly metadata: ServerMetadata;
  readonly auth: ClientAuth;
  readonly send: Send;
}

interface Exchange {
  readonly client: Client;
  raw(): RawAnswer | undefined;
  answer(): TokenAnswer | undefined;
}

const notAnObject = 'the token answer is not a JSON object';

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function startExchange({ settings, metadata, auth, send }: TokenEndpoint): Exchange {
  let raw: RawAnswer | undefined;
  let answer: TokenAnswer | undefined;
  const fetch = providerFetch(send, (received) => {
    raw = received;
    if (!isSuccess(received.status)) return received.body;
    answer = readTokenAnswer(received.body);
    return answer === undefined ? received.body : canonicalBody(answer);
  });
  return { client: createClient(settings, metadata, auth, fetch), raw: () => raw, answer: () => answer };
}

function failureOf(error: unknown, exchange: Exchange): TokenFailure | undefined {
  const raw = exchange.raw();
  if (raw === undefined) {
    const cause = error instanceof ProviderUnreachable ? error : error instanceof Error ? error.cause : undefined;
    return cause instanceof ProviderUnreachable ? { kind: 'unknown', reason: cause.reason } : undefined;
  }
  if (!isSuccess(raw.status)) return readFailure(raw);
  const refreshToken = exchange.answer()?.refreshToken;
  return {
    kind: 'invalid',
    reason: exchange.answer() === undefined ? notAnObject : 'the token answer does not hold what it should',
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

function granted(exchange: Exchange): Granted | TokenFailure {
  const answer = exchange.answer();
  return answer === undefined ? { kind: 'invalid', reason: notAnObject } : { kind: 'granted', answer };
}

/** What the transaction remembers and the authorization response must match. */
export interface CodeGrantChecks {
  readonly state: string;
  readonly codeVerifier: string;
}

/**
 * Checks state and issuer of the authorization response (RFC 9207) and redeems its code.
 *
 * @param response the redirect URI with the query that the browser brought
 * @param parameters what the audience dialect adds to this leg
 */
export async function redeemCode(
  endpoint: TokenEndpoint,
  response: URL,
  checks: CodeGrantChecks,
  parameters: readonly (readonly [string, string])[],
): Promise<CodeGrantResult> {
  const exchange = startExchange(endpoint);
  try {
    await authorizationCodeGrant(
      exchange.client,
      response,
      {
        expectedState: checks.state,
        pkceCodeVerifier: checks.codeVerifier,
      },
      new URLSearchParams(parameters.map(([name, value]) => [name, value])),
    );
    return granted(exchange);
  } catch (error) {
    return (
      failureOf(error, exchange) ?? {
        kind: 'response_refused',
        reason: 'iss or state of the authorization response is wrong',
      }
    );
  }
}

/** `mismatch`: the answer is about another user than the session's. */
export type RefreshGrantResult = Granted | TokenFailure | { readonly kind: 'mismatch' };

/**
 * Redeems a refresh token. Whether it is spent is decided by the caller from the answer's own refresh token.
 *
 * @param session whom a new ID token, where one comes along, must be about
 * @param parameters scope, audience or resource as the audience dialect spells them for this leg
 */
export async function redeemRefreshToken(
  endpoint: TokenEndpoint,
  refreshToken: string,
  session: SessionSubject,
  parameters: readonly (readonly [string, string])[],
): Promise<RefreshGrantResult> {
  const exchange = startExchange(endpoint);
  try {
    const form = new URLSearchParams(parameters.map(([name, value]) => [name, value]));
    await refreshTokenGrant(exchange.client, refreshToken, form);
  } catch (error) {
    const failure = failureOf(error, exchange);
    if (failure === undefined) throw error;
    return failure;
  }
  const result = granted(exchange);
  const idToken = result.kind === 'granted' ? result.answer.idToken : undefined;
  const isOurs = idToken === undefined || isOfSession(idToken, session, endpoint.settings.clientId);
  return isOurs ? result : { kind: 'mismatch' };
}
