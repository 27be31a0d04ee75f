/** `GET /bff/callback`: redeems the code, holds every token against what was asked, and makes the session. */
import { expectedOf } from '../../audience/expectation.ts';
import { refusedAtLogin, type Refused } from '../../audience/guarantee.ts';
import { redirect } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { isPrefetch } from '../../http/navigation.ts';
import { problem } from '../../http/problems.ts';
import { verifyIdToken, type VerifiedIdToken } from '../../oidc/id-token.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import { redeemCode, type CodeGrantResult, type Granted, type TokenEndpoint } from '../../oidc/token-request.ts';
import { StoreUnavailable } from '../../refresh/store.ts';
import type { Transaction } from '../../session/transactions.ts';
import { hashed } from '../../telemetry/log.ts';
import { spell } from '../../audience/dialects.ts';
import { wishFor } from '../../audience/groups.ts';
import { readAuthorizationResponse, type Answered, type ProviderError } from './authorization-response.ts';
import { collectTokens, type Collected } from './collect-tokens.ts';
import { isFirstUse, keepSession } from './keep-session.ts';
import { makeSession } from './make-session.ts';
import { reportCookies } from './report.ts';
import { loginFailed, type AuthContext, type LoginFailure } from './room.ts';

type Result<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly failure: LoginFailure };

const fail = (failure: LoginFailure): { readonly kind: 'failed'; readonly failure: LoginFailure } => ({
  kind: 'failed',
  failure,
});

// --- what the provider may refuse ---

const refusedLogin: ReadonlyMap<string, string> = new Map([
  ['access_denied', 'The provider did not let this user in, or the user declined.'],
  ['login_required', 'The provider would have had to ask for a login, which this request did not allow.'],
  ['interaction_required', 'The provider would have had to ask something, which this request did not allow.'],
  ['consent_required', 'The provider would have had to ask for consent, which this request did not allow.'],
  ['invalid_scope', 'The provider does not know one of the scopes, or does not allow it for this application.'],
  ['temporarily_unavailable', 'The provider is too busy; try again in a moment.'],
]);

const sentence = ({ cause, fix }: Pick<Refused, 'cause' | 'fix'>): string => `${cause} ${fix}`;

/** The provider knows no such audience, or issues no token for it, and says so in place of a code. */
function refusedAudience({ broker }: AuthContext, { error, description }: ProviderError): Collected | undefined {
  const { configuration, groups } = broker;
  const { api } = configuration.login;
  const group = groups.find(({ apis }) => api !== undefined && apis.includes(api));
  const settings = group && configuration.apis[group.apis[0]];
  const refused = settings && refusedAtLogin(expectedOf(configuration.provider, settings), error, description);
  return (
    group && refused && { outcomes: new Map([[group, refused]]), refreshToken: undefined, refreshEndsAt: undefined }
  );
}

/** Why the provider sent the browser back with an error; nothing it wrote into the query is shown or logged. */
function refusal(error: string): LoginFailure {
  if (error === 'temporarily_unavailable' || error === 'server_error')
    return { code: 'provider_unavailable', reason: error };
  const known = refusedLogin.get(error);
  return {
    code: 'login_refused',
    detail: known ?? 'The provider gave a reason that is not known here.',
    reason: known === undefined ? 'other' : error,
  };
}

function refuse(context: AuthContext, response: ProviderError): LoginFailure {
  const collected = refusedAudience(context, response);
  const refused = collected && refusedLoginApi(context, collected);
  if (collected === undefined || refused === undefined) return refusal(response.error);
  logOutcomes(context, collected);
  return { code: refused.code, detail: sentence(refused), cookies: reportCookies(context, collected) };
}

// --- the code ---

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

async function connect({
  broker,
  now,
}: AuthContext): Promise<Result<{ metadata: ServerMetadata; endpoint: TokenEndpoint }>> {
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') {
    return fail({ code: found.kind === 'invalid' ? 'provider_invalid' : 'provider_unavailable', reason: found.reason });
  }
  return {
    kind: 'ok',
    value: { metadata: found.metadata, endpoint: await broker.provider.tokenEndpoint(found.metadata) },
  };
}

interface Redeemed {
  readonly answer: Granted['answer'];
  readonly idToken: VerifiedIdToken;
}

async function redeem(
  context: AuthContext,
  metadata: ServerMetadata,
  endpoint: TokenEndpoint,
  transaction: Transaction,
  url: URL,
): Promise<Result<Redeemed>> {
  const { broker, now } = context;
  const { provider, login, scopes } = broker.configuration;
  const { codeVerifier, nonce, state } = transaction;
  const spelled = spell(broker.way, 'code', wishFor(broker.groups, login.api, scopes));
  const scope: [string, string][] = spelled.scope === undefined ? [] : [['scope', spelled.scope]];
  const result = await redeemCode(endpoint, url, { state, codeVerifier }, [...scope, ...spelled.parameters]);
  if (result.kind !== 'granted') return fail(codeFailure(result));
  const { answer } = result;
  if (answer.idToken === undefined) return fail({ code: 'id_token_invalid', reason: 'there is none' });
  const verified = await verifyIdToken(answer.idToken, broker.provider.keys(metadata), {
    settings: provider,
    now,
    ...(provider.nonce ? { nonce } : {}),
    ...(answer.accessToken === undefined ? {} : { accessToken: answer.accessToken }),
  });
  if (verified.kind === 'unavailable')
    return fail({ code: 'provider_unavailable', reason: 'the keys cannot be fetched' });
  if (verified.kind === 'refused') return fail({ code: 'id_token_invalid', reason: verified.reason });
  return { kind: 'ok', value: { answer, idToken: verified.idToken } };
}

/** The one outcome that refuses the login: that of the API whose audience it asked for. */
function refusedLoginApi({ broker }: AuthContext, { outcomes }: Collected): Refused | undefined {
  const { api } = broker.configuration.login;
  for (const [group, outcome] of outcomes) {
    if (api !== undefined && group.apis.includes(api) && outcome.kind === 'refused') return outcome;
  }
  return undefined;
}

function logOutcomes({ log }: AuthContext, { outcomes }: Collected): void {
  for (const [group, outcome] of outcomes) {
    if (outcome.kind !== 'refused') continue;
    log('error', 'audience_refused', { apis: group.apis, code: outcome.code, cause: outcome.cause, fix: outcome.fix });
  }
}

async function complete(
  context: AuthContext,
  { transaction, deletion, sessionState }: Answered,
  url: URL,
): Promise<HttpResponse> {
  const { log } = context;
  const ended = (failure: LoginFailure, more: readonly SetCookie[] = []): HttpResponse =>
    loginFailed(context, { ...failure, cookies: [deletion, ...more] });
  const connected = await connect(context);
  if (connected.kind === 'failed') return ended(connected.failure);
  const { metadata, endpoint } = connected.value;
  if (!(await isFirstUse(context, transaction))) return ended({ code: 'login_state_mismatch', reason: 'used already' });
  const redeemed = await redeem(context, metadata, endpoint, transaction, url);
  if (redeemed.kind === 'failed') return ended(redeemed.failure);
  const { answer, idToken } = redeemed.value;
  const collected = await collectTokens(context, {
    answer,
    issuer: idToken.issuer,
    subject: idToken.subject,
    metadata,
    endpoint,
  });
  logOutcomes(context, collected);
  const report = reportCookies(context, collected);
  const refused = refusedLoginApi(context, collected);
  if (refused !== undefined) return ended({ code: refused.code, detail: sentence(refused) }, report);
  const issued = makeSession(context, {
    answer,
    idToken,
    sessionState,
    collected,
    metadata,
    alongside: [deletion, ...report],
  });
  if (issued.kind === 'too_large') {
    const detail = `The session's cookies would take ${issued.bytes} bytes and may take ${issued.limit}. Make the tokens smaller, with fewer claims.`;
    return ended({ code: 'session_too_large', detail }, report);
  }
  await keepSession(context, transaction, issued, endpoint);
  log('info', 'login_succeeded', {
    subject: hashed(`${idToken.issuer} ${idToken.subject}`),
    session: hashed(issued.identity.sessionId),
  });
  return redirect(transaction.returnUrl, [...issued.cookies, deletion, ...report]);
}

export async function callback(context: AuthContext): Promise<HttpResponse> {
  const { request } = context;
  if (isPrefetch(request)) return problem('prefetch_refused', { ref: request.requestId });
  const read = await readAuthorizationResponse(context);
  if (read.kind === 'failed') return loginFailed(context, read.failure);
  if (read.response.kind === 'error') {
    const failure = refuse(context, read.response);
    return loginFailed(context, { ...failure, cookies: [read.deletion, ...(failure.cookies ?? [])] });
  }
  try {
    return await complete(context, read, read.response.url);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    context.log('error', 'store_unavailable', { during: 'login' });
    return loginFailed(context, { code: 'store_unavailable', cookies: [read.deletion] });
  }
}
