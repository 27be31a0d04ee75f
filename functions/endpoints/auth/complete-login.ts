/** Makes a session of a redeemed code: the tokens of every API, the store's rows, the cookies. */
import { redirect } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { hashed } from '../../telemetry/log.ts';
import type { Answered } from './authorization-response.ts';
import { collectTokens } from './collect-tokens.ts';
import { keepSession } from './keep-session.ts';
import { makeSession, type CompletedLogin, type MadeSession } from './make-session.ts';
import type { Connection, Redeemed } from './redeem-code.ts';
import { logOutcomes, refusedLoginApi, sentence } from './refusal.ts';
import { reportCookies } from './report.ts';
import { loginFailed, type AuthContext } from './room.ts';

interface MadeWith {
  readonly made: MadeSession;
  readonly alongside: readonly SetCookie[];
}

/** What explains a login to a developer is left out before it makes the login fail. */
function makeBeside(
  context: AuthContext,
  login: Omit<CompletedLogin, 'alongside'>,
  needed: readonly SetCookie[],
  report: readonly SetCookie[],
): MadeWith {
  const alongside = [...needed, ...report];
  const made = makeSession(context, { ...login, alongside });
  if (made.kind === 'made' || report.length === 0) return { made, alongside };
  return { made: makeSession(context, { ...login, alongside: needed }), alongside: needed };
}

export async function completeLogin(
  context: AuthContext,
  { transaction, deletion, sessionState }: Answered,
  { metadata }: Connection,
  { answer, idToken, endpoint }: Redeemed,
): Promise<HttpResponse> {
  const { issuer, subject } = idToken;
  const collected = await collectTokens(context, { answer, issuer, subject, metadata, endpoint });
  logOutcomes(context, collected);
  const report = reportCookies(context, collected);
  const refused = refusedLoginApi(context, collected);
  if (refused !== undefined) {
    return loginFailed(context, { code: refused.code, detail: sentence(refused), cookies: [deletion, ...report] });
  }
  const login = { answer, idToken, sessionState, collected, metadata };
  const { made, alongside } = makeBeside(context, login, [deletion], report);
  if (made.kind === 'too_large') {
    const detail = `The session's cookies would take ${made.bytes} bytes and may take ${made.limit}. Make the tokens smaller, with fewer claims.`;
    return loginFailed(context, { code: 'session_too_large', detail, cookies: [deletion, ...report] });
  }
  await keepSession(context, transaction, made, endpoint);
  const session = hashed(made.identity.sessionId);
  context.log('info', 'login_succeeded', { subject: hashed(`${issuer} ${subject}`), session });
  return redirect(transaction.returnUrl, [...made.cookies, ...alongside]);
}
