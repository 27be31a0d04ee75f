/** Makes a session of a redeemed code: the tokens of every API, the store's rows, the cookies. */
import { redirect } from '../../http/answers.ts';
import type { HttpResponse } from '../../http/message.ts';
import { hashed } from '../../telemetry/log.ts';
import type { Answered } from './authorization-response.ts';
import { collectTokens } from './collect-tokens.ts';
import { keepSession } from './keep-session.ts';
import { makeSession } from './make-session.ts';
import type { Connection, Redeemed } from './redeem-code.ts';
import { logOutcomes, refusedLoginApi, sentence } from './refusal.ts';
import { reportCookies } from './report.ts';
import { loginFailed, type AuthContext } from './room.ts';

export async function completeLogin(
  context: AuthContext,
  { transaction, deletion, sessionState }: Answered,
  { metadata, endpoint }: Connection,
  { answer, idToken }: Redeemed,
): Promise<HttpResponse> {
  const { issuer, subject } = idToken;
  const collected = await collectTokens(context, { answer, issuer, subject, metadata, endpoint });
  logOutcomes(context, collected);
  const report = reportCookies(context, collected);
  const alongside = [deletion, ...report];
  const refused = refusedLoginApi(context, collected);
  if (refused !== undefined) {
    return loginFailed(context, { code: refused.code, detail: sentence(refused), cookies: alongside });
  }
  const made = makeSession(context, { answer, idToken, sessionState, collected, metadata, alongside });
  if (made.kind === 'too_large') {
    const detail = `The session's cookies would take ${made.bytes} bytes and may take ${made.limit}. Make the tokens smaller, with fewer claims.`;
    return loginFailed(context, { code: 'session_too_large', detail, cookies: alongside });
  }
  await keepSession(context, transaction, made, endpoint);
  const session = hashed(made.identity.sessionId);
  context.log('info', 'login_succeeded', { subject: hashed(`${issuer} ${subject}`), session });
  return redirect(transaction.returnUrl, [...made.cookies, ...alongside]);
}
