/** Redeems the code of a login and holds the ID token against everything that it must satisfy. */
import { spell } from '../../audience/dialects.ts';
import { wishFor } from '../../audience/groups.ts';
import { verifyIdToken, type VerifiedIdToken } from '../../oidc/id-token.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import { redeemCode, type CodeGrantResult, type Granted, type TokenEndpoint } from '../../oidc/token-request.ts';
import type { StepUp } from '../../session/step-up.ts';
import type { Transaction } from '../../session/transactions.ts';
import type { AuthContext, LoginFailure } from './room.ts';

export type Result<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly failure: LoginFailure };

/** The provider as this login talks to it. */
export interface Connection {
  readonly metadata: ServerMetadata;
  readonly endpoint: TokenEndpoint;
}

const fail = (failure: LoginFailure): { readonly kind: 'failed'; readonly failure: LoginFailure } => ({
  kind: 'failed',
  failure,
});

function codeFailure(result: Exclude<CodeGrantResult, Granted>): LoginFailure {
  switch (result.kind) {
    case 'unknown':
      return { code: 'provider_unavailable', reason: result.reason };
    case 'client_refused':
      return {
        code: 'provider_rejected',
        detail: "The provider does not accept the broker's own credentials.",
        reason: 'invalid_client',
      };
    case 'refused':
      return { code: 'provider_rejected', reason: result.error };
    case 'invalid':
      return { code: 'provider_invalid', reason: result.reason };
    case 'response_refused':
      return { code: 'login_state_mismatch', reason: result.reason };
  }
}

export async function connect({ broker, now }: AuthContext): Promise<Result<Connection>> {
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') {
    return fail({ code: found.kind === 'invalid' ? 'provider_invalid' : 'provider_unavailable', reason: found.reason });
  }
  return {
    kind: 'ok',
    value: { metadata: found.metadata, endpoint: await broker.provider.tokenEndpoint(found.metadata) },
  };
}

/** A code that has become tokens, and an ID token that has passed its checks. */
export interface Redeemed {
  readonly answer: Granted['answer'];
  readonly idToken: VerifiedIdToken;
  /** Where further tokens are had, with the credentials that the provider accepted. */
  readonly endpoint: TokenEndpoint;
}

/** A code is not spent by credentials that the provider refused, so that newer ones get their try. */
async function redeemWith(
  { broker }: AuthContext,
  { metadata, endpoint }: Connection,
  redeem: (endpoint: TokenEndpoint) => Promise<CodeGrantResult>,
): Promise<{ readonly result: CodeGrantResult; readonly endpoint: TokenEndpoint }> {
  const result = await redeem(endpoint);
  const renewed = result.kind === 'client_refused' ? await broker.renewProvider() : undefined;
  if (renewed === undefined) return { result, endpoint };
  const renewedEndpoint = await renewed.tokenEndpoint(metadata);
  return { result: await redeem(renewedEndpoint), endpoint: renewedEndpoint };
}

const toleranceSeconds = 30;

/** What the API asked for, or the configuration asks of every login. */
function wantedOf({ broker }: AuthContext, { stepUp }: Transaction): Partial<StepUp> {
  const { max_age: maxAge } = broker.configuration.login.parameters;
  return stepUp ?? (maxAge === undefined ? {} : { maxAge: Number(maxAge) });
}

/** OIDC Core, section 3.1.3.7, items 12 and 13; RFC 9470, section 6.2. */
function authenticationFault(
  { claims }: VerifiedIdToken,
  { acrValues, maxAge }: Partial<StepUp>,
  now: number,
): string | undefined {
  const { acr, auth_time: authTime } = claims;
  if (acrValues !== undefined && !acrValues.split(' ').some((one) => one === acr))
    return 'acr is not one that was asked for';
  if (maxAge === undefined) return undefined;
  const isRecent = typeof authTime === 'number' && now - authTime <= maxAge + toleranceSeconds;
  return isRecent ? undefined : 'auth_time is missing or too old';
}

/** @param url the redirect URI with the code that the browser brought */
export async function redeemLogin(
  context: AuthContext,
  connection: Connection,
  transaction: Transaction,
  url: URL,
): Promise<Result<Redeemed>> {
  const { broker, now } = context;
  const { provider, scopes } = broker.configuration;
  const { codeVerifier, nonce, state } = transaction;
  const spelled = spell(broker.way, 'code', wishFor(broker.groups, transaction.api, scopes));
  const scope: [string, string][] = spelled.scope === undefined ? [] : [['scope', spelled.scope]];
  const parameters = [...scope, ...spelled.parameters];
  const { result, endpoint } = await redeemWith(context, connection, (at) =>
    redeemCode(at, url, { state, codeVerifier }, parameters),
  );
  if (result.kind !== 'granted') return fail(codeFailure(result));
  const { answer } = result;
  if (answer.idToken === undefined) return fail({ code: 'id_token_invalid', reason: 'there is none' });
  const verified = await verifyIdToken(answer.idToken, broker.provider.keys(connection.metadata), {
    settings: provider,
    now,
    ...(provider.nonce ? { nonce } : {}),
    ...(answer.accessToken === undefined ? {} : { accessToken: answer.accessToken }),
  });
  if (verified.kind === 'unavailable')
    return fail({ code: 'provider_unavailable', reason: 'the keys cannot be fetched' });
  if (verified.kind === 'refused') return fail({ code: 'id_token_invalid', reason: verified.reason });
  const weak = authenticationFault(verified.idToken, wantedOf(context, transaction), now);
  if (weak !== undefined) return fail({ code: 'step_up_failed', reason: weak });
  return { kind: 'ok', value: { answer, idToken: verified.idToken, endpoint } };
}
