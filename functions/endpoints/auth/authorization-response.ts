/** Reads the provider's authorization response and finds the login that it answers (RFC 6749, section 4.1.2). */
import type { HttpRequest } from '../../http/message.ts';
import { parseParameters, single, type Parameters } from '../../http/query.ts';
import { findTransaction, type Transaction, type TransactionReading } from '../../session/transactions.ts';
import type { SetCookie } from '../../http/message.ts';
import { redirectUri } from '../context.ts';
import { readWithKeys } from '../current-session.ts';
import { loginFingerprint } from './login.ts';
import type { AuthContext, LoginFailure } from './room.ts';

export interface ProviderError {
  readonly kind: 'error';
  readonly error: string;
  readonly description: string;
}

/** A response to a login of this browser. `deletion` makes its transaction unusable, whatever follows. */
export interface Answered {
  readonly kind: 'answered';
  readonly transaction: Transaction;
  readonly deletion: SetCookie;
  readonly response: ProviderError | { readonly kind: 'code'; readonly url: URL };
  /** OpenID Connect Session Management 1.0, section 2. */
  readonly sessionState: string | undefined;
}

export type AuthorizationResponse = Answered | { readonly kind: 'failed'; readonly failure: LoginFailure };

const fail = (failure: LoginFailure): AuthorizationResponse => ({ kind: 'failed', failure });

const mismatch = (reason: string, cookies: readonly SetCookie[] = []): AuthorizationResponse =>
  fail({ code: 'login_state_mismatch', detail: 'Start the login again from the application.', reason, cookies });

/** Each may occur once; the front channel never carries a token (RFC 9700, section 2.1.2). */
const parametersOnce = ['state', 'code', 'iss', 'error', 'error_description', 'session_state', 'response'];

const valueOf = (query: Parameters, name: string): string | undefined => {
  const found = single(query, name);
  return found.kind === 'value' ? found.value : undefined;
};

function readQuery({ query }: HttpRequest): Parameters | undefined {
  const parameters = parseParameters(query);
  if (parameters === undefined) return undefined;
  return parametersOnce.some((name) => single(parameters, name).kind === 'duplicated') ? undefined : parameters;
}

function unusable(reading: Exclude<TransactionReading, { kind: 'found' }>): AuthorizationResponse {
  switch (reading.kind) {
    case 'missing':
      return mismatch('no login of this browser has this state');
    case 'expired':
      return fail({
        code: 'login_expired',
        detail: 'Start the login again from the application.',
        cookies: [reading.deletion],
      });
    case 'unreadable':
      return fail({ code: 'session_unreadable', reason: reading.reason });
    case 'ambiguous':
      return fail({ code: 'cookies_ambiguous', reason: 'two transactions of one name' });
  }
}

/** Only code, state and issuer go on to the token request, at the one registered address. */
function responseUrl(context: AuthContext, code: string, state: string, iss: string | undefined): URL {
  const url = new URL(redirectUri(context.broker));
  url.searchParams.set('code', code);
  url.searchParams.set('state', state);
  if (iss !== undefined) url.searchParams.set('iss', iss);
  return url;
}

export async function readAuthorizationResponse(context: AuthContext): Promise<AuthorizationResponse> {
  const query = readQuery(context.request);
  if (query === undefined) return mismatch('the response is not well-formed');
  const state = valueOf(query, 'state');
  if (state === undefined) return mismatch('there is no state');
  const { reading } = await readWithKeys(context, (rules) => findTransaction(context.request.cookies, state, rules));
  if (reading.kind !== 'found') return unusable(reading);
  const { transaction, deletion } = reading;
  if (transaction.fingerprint !== loginFingerprint(context.broker)) {
    return mismatch('the login was started under another configuration', [deletion]);
  }
  const sessionState = valueOf(query, 'session_state');
  const error = valueOf(query, 'error');
  const found = { kind: 'answered', transaction, deletion, sessionState } as const;
  if (error !== undefined) {
    return { ...found, response: { kind: 'error', error, description: valueOf(query, 'error_description') ?? '' } };
  }
  const code = valueOf(query, 'code');
  if (code === undefined) return mismatch('there is neither a code nor an error', [deletion]);
  return { ...found, response: { kind: 'code', url: responseUrl(context, code, state, valueOf(query, 'iss')) } };
}
