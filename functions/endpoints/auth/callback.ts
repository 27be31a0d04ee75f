/** `GET /bff/callback`: the provider sends the browser back, with a code or with its reasons. */
import type { HttpResponse } from '../../http/message.ts';
import { isPrefetch } from '../../http/navigation.ts';
import { problem } from '../../http/problems.ts';
import { StoreUnavailable } from '../../refresh/store.ts';
import { readAuthorizationResponse, type Answered, type ProviderError } from './authorization-response.ts';
import { completeLogin } from './complete-login.ts';
import { askAgain, extendSession } from './extend-session.ts';
import { isFirstUse } from './keep-session.ts';
import { connect, redeemLogin } from './redeem-code.ts';
import { refuse } from './refusal.ts';
import { loginFailed, type AuthContext, type LoginFailure } from './room.ts';

async function refused(context: AuthContext, answered: Answered, response: ProviderError): Promise<HttpResponse> {
  const again = await askAgain(context, answered, response);
  if (again !== undefined) return again;
  const failure = refuse(context, response);
  return loginFailed(context, { ...failure, cookies: [answered.deletion, ...(failure.cookies ?? [])] });
}

async function complete(context: AuthContext, answered: Answered, url: URL): Promise<HttpResponse> {
  const { transaction, deletion } = answered;
  const ended = (failure: LoginFailure): HttpResponse => loginFailed(context, { ...failure, cookies: [deletion] });
  const connection = await connect(context);
  if (connection.kind === 'failed') return ended(connection.failure);
  if (!(await isFirstUse(context, transaction))) return ended({ code: 'login_state_mismatch', reason: 'used already' });
  const redeemed = await redeemLogin(context, connection.value, transaction, url);
  if (redeemed.kind === 'failed') return ended(redeemed.failure);
  const { mode, seenSession } = transaction;
  if (mode === 'extend' && seenSession !== undefined) {
    return extendSession(context, answered, seenSession, connection.value, redeemed.value);
  }
  return completeLogin(context, answered, connection.value, redeemed.value);
}

export async function callback(context: AuthContext): Promise<HttpResponse> {
  const { request, log } = context;
  if (isPrefetch(request)) return problem('prefetch_refused', { ref: request.requestId });
  const read = await readAuthorizationResponse(context);
  if (read.kind === 'failed') return loginFailed(context, read.failure);
  if (read.response.kind === 'error') return refused(context, read, read.response);
  try {
    return await complete(context, read, read.response.url);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    log('error', 'store_unavailable', { during: 'login' });
    return loginFailed(context, { code: 'store_unavailable', cookies: [read.deletion] });
  }
}
