/** Adds one API's token to a session, where each audience has a login of its own; identity and grant stay as they are. */
import { redirect } from '../../http/answers.ts';
import type { HttpResponse } from '../../http/message.ts';
import { revokeRefreshToken } from '../../oidc/revocation.ts';
import { extend, type Extended, type Extension } from '../../refresh/extend.ts';
import type { Changes } from '../../refresh/generation.ts';
import { refreshAtOf } from '../../session/lifetimes.ts';
import { tokenCookies } from '../../session/issue.ts';
import type { SessionKeys } from '../../session/identity.ts';
import type { LoginRequest, Transaction } from '../../session/transactions.ts';
import { hashed } from '../../telemetry/log.ts';
import { sealerOf } from '../context.ts';
import type { Answered, ProviderError } from './authorization-response.ts';
import { judge } from './collect-tokens.ts';
import { sendToProvider } from './login.ts';
import type { Connection, Redeemed } from './redeem-code.ts';
import { sentence } from './refusal.ts';
import { loginFailed, type AuthContext, type LoginFailure } from './room.ts';

const failures: Readonly<Record<Exclude<Extended['kind'], 'extended'>, LoginFailure>> = {
  ended: { code: 'session_over', detail: 'Log in again from the application.' },
  mismatch: { code: 'session_mismatch', detail: 'Log out first, or log in as the user that the session belongs to.' },
  later: { code: 'session_unreadable', detail: 'Try again in a moment.' },
};

const groupOf = ({ broker }: AuthContext, { api }: Transaction) =>
  broker.groups.find(({ apis }) => api !== undefined && apis.includes(api));

export async function extendSession(
  context: AuthContext,
  { transaction, deletion }: Answered,
  seen: SessionKeys,
  connection: Connection,
  { answer, idToken }: Redeemed,
): Promise<HttpResponse> {
  const { broker, now, request, log } = context;
  const ended = (failure: LoginFailure): HttpResponse => loginFailed(context, { ...failure, cookies: [deletion] });
  const group = groupOf(context, transaction);
  if (group === undefined) return ended({ code: 'login_state_mismatch', reason: 'the API is not configured any more' });
  const { issuer, subject, claims } = idToken;
  const verdict = judge(context, group, 'code', { answer, issuer, subject, ...connection }, answer);
  if (verdict.kind === 'refused') {
    log('error', 'audience_refused', { apis: group.apis, code: verdict.code, cause: verdict.cause, fix: verdict.fix });
    return ended({ code: verdict.code, detail: sentence(verdict) });
  }
  const { token, expiresAt } = verdict;
  const changes = (generation: number): Changes => {
    const held = {
      token,
      expiresAt,
      refreshAt: refreshAtOf(now, expiresAt),
      generation,
      fingerprint: group.fingerprint,
    };
    return { refresh: { group, answer, own: true }, tokens: new Map(group.apis.map((api) => [api, held])) };
  };
  const { sid } = claims;
  const extension: Extension = {
    seen,
    login: { issuer, subject, ...(typeof sid === 'string' ? { providerSid: sid } : {}) },
    rules: { ring: broker.ring, now, unknownKey: 'absent' },
    sealer: sealerOf(context),
    deadlineAtMs: request.deadlineAtMs,
    changes,
    newRefreshToken: answer.refreshToken,
  };
  const extended = await extend(extension, {
    ...broker.sharing,
    revoke: async (refreshToken) => void (await revokeRefreshToken(connection.endpoint, refreshToken)),
  });
  if (extended.kind !== 'extended') return ended(failures[extended.kind]);
  const { identity } = extended.holdings;
  log('info', 'login_succeeded', { session: hashed(identity.sessionId), apis: group.apis });
  const cookies = tokenCookies(extended.holdings, new Set(group.apis), broker.layout, sealerOf(context));
  return redirect(transaction.returnUrl, [...cookies, deletion]);
}

/** OIDC Core, section 3.1.2.6: the provider has to show something after all. */
const needsToAsk = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/**
 * The same login once more, this time with whatever the provider has to show.
 *
 * @returns undefined where it has been shown already, or the error is another one
 */
export async function askAgain(
  context: AuthContext,
  { transaction, deletion }: Answered,
  { error }: ProviderError,
): Promise<HttpResponse | undefined> {
  const { broker, now } = context;
  if (transaction.silent !== true || !needsToAsk.has(error)) return undefined;
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') return undefined;
  const { returnUrl, api, mode, stepUp, seenSession, fingerprint } = transaction;
  const asked: LoginRequest = {
    returnUrl,
    mode,
    fingerprint,
    ...(api === undefined ? {} : { api }),
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(seenSession === undefined ? {} : { seenSession }),
  };
  const sent = await sendToProvider(context, found.metadata, asked, []);
  return { ...sent, cookies: [...sent.cookies, deletion] };
}
