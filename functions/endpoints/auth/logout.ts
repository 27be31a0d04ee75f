/**
 * `GET` and `POST /bff/logout`: ends the session here, revokes its refresh token, and leads to the provider's logout.
 * What the provider does or does not do changes nothing about the end of the session here.
 */
import { endpoint } from '../../contract/wire.ts';
import { json, redirect } from '../../http/answers.ts';
import { serializedBytes } from '../../http/cookies.ts';
import { checkFetch } from '../../http/csrf.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { isPrefetch } from '../../http/navigation.ts';
import { logoutPage } from '../../http/pages.ts';
import { problem } from '../../http/problems.ts';
import { parseParameters, single, type Parameters } from '../../http/query.ts';
import { frontPage, parseReturnUrl } from '../../http/return-url.ts';
import { logoutUrl } from '../../oidc/logout-request.ts';
import { revokeRefreshToken } from '../../oidc/revocation.ts';
import { equalSid } from '../../session/identity.ts';
import { endSession } from '../../session/issue.ts';
import type { LiveSession } from '../../session/lifetimes.ts';
import { readIdToken, returnCookie } from '../../session/logout.ts';
import type { ReadingRules } from '../../session/reading.ts';
import { reportDeletion } from '../../session/report.ts';
import { transactionDeletions } from '../../session/transactions.ts';
import { hashed } from '../../telemetry/log.ts';
import { logoutReturnUri, sealerOf } from '../context.ts';
import { currentSession, sessionProblem } from '../current-session.ts';
import type { AuthContext } from './room.ts';

/** A logout waits no longer for the provider's revocation. */
const revocationMs = 2000;

const stateBytes = 16;

function deletions({ broker, request }: AuthContext, home: readonly SetCookie[]): readonly SetCookie[] {
  const report = broker.configuration.development ? [reportDeletion(broker.paths.base + endpoint.diagnostics)] : [];
  const alongside = [...home, ...transactionDeletions(request.cookies), ...report];
  return [...endSession(broker.layout, { alongside, setCookieBytes: serializedBytes }), ...alongside];
}

// --- at the provider ---

async function revoke({ broker, log, now }: AuthContext, refreshToken: string): Promise<void> {
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') return log('warn', 'revocation_failed', { reason: found.reason });
  const result = await revokeRefreshToken(await broker.provider.tokenEndpoint(found.metadata), refreshToken);
  if (result === 'failed') log('warn', 'revocation_failed', { reason: 'the provider did not accept it' });
}

async function revokeInTime(context: AuthContext, { grant }: LiveSession): Promise<void> {
  if (grant.refreshToken === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      context.log('warn', 'revocation_failed', { reason: 'timeout' });
      resolve();
    }, revocationMs);
  });
  await Promise.race([revoke(context, grant.refreshToken), late]);
  clearTimeout(timer);
}

/** @returns the provider's logout; `undefined` where it has none or cannot be reached */
async function providerLogout(
  context: AuthContext,
  session: LiveSession,
  rules: ReadingRules,
): Promise<string | undefined> {
  const { broker, request, now } = context;
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') return undefined;
  return logoutUrl(broker.configuration.provider, found.metadata, {
    returnUri: logoutReturnUri(broker),
    state: broker.random(stateBytes).toString('base64url'),
    idToken: readIdToken(request.cookies, session, rules),
    providerSid: session.identity.providerSid,
  });
}

interface Ended {
  /** Where the browser goes next. */
  readonly location: string;
  readonly cookies: readonly SetCookie[];
}

async function end(context: AuthContext, session: LiveSession, rules: ReadingRules, returnUrl: string): Promise<Ended> {
  const location = await providerLogout(context, session, rules);
  await revokeInTime(context, session);
  context.log('info', 'logout', { session: hashed(session.identity.sessionId) });
  const home = location === undefined ? [] : [returnCookie(returnUrl, sealerOf(context))];
  return { location: location ?? returnUrl, cookies: deletions(context, home) };
}

// --- the request ---

function readReturnUrl(query: Parameters | undefined, { broker }: AuthContext): string | undefined {
  const given = query === undefined ? undefined : single(query, 'returnUrl');
  if (given?.kind === 'absent') return frontPage(broker.configuration);
  return given?.kind === 'value' ? parseReturnUrl(given.value, broker.configuration) : undefined;
}

const siteOf = ({ request }: AuthContext): string | undefined => request.headers.get('sec-fetch-site');

/** The link of this session, or a link of this very origin. */
function mayEnd(context: AuthContext, query: Parameters, session: LiveSession): boolean {
  const sid = single(query, 'sid');
  return (sid.kind === 'value' && equalSid(sid.value, session.identity)) || siteOf(context) === 'same-origin';
}

const returnUrlInvalid = 'returnUrl must be one address of this application, at most 512 bytes long.';

/** Browsers withhold Strict cookies from a link on another site, so that a missing session proves nothing there. */
function logoutOfNobody(context: AuthContext, returnUrl: string): HttpResponse {
  const { request, broker } = context;
  if (['same-origin', 'same-site', 'none'].includes(siteOf(context) ?? ''))
    return redirect(returnUrl, deletions(context, []));
  return logoutPage(
    `${broker.configuration.publicOrigin}${request.path}${request.query === '' ? '' : `?${request.query}`}`,
  );
}

/** A navigation: `GET /bff/logout?sid=&returnUrl=`. */
export async function logout(context: AuthContext): Promise<HttpResponse> {
  const { request } = context;
  const ref = request.requestId;
  if (isPrefetch(request)) return problem('prefetch_refused', { ref });
  const query = parseParameters(request.query);
  const returnUrl = readReturnUrl(query, context);
  if (query === undefined || returnUrl === undefined)
    return problem('return_url_invalid', { ref, detail: returnUrlInvalid });
  const { session, rules } = await currentSession(context);
  if (session.kind === 'unreadable' || session.kind === 'ambiguous') return sessionProblem(context, session);
  if (session.kind !== 'live') return logoutOfNobody(context, returnUrl);
  if (!mayEnd(context, query, session)) {
    return problem('logout_sid_mismatch', {
      ref,
      detail: 'Use the logout link that the application got from /bff/user.',
    });
  }
  const ended = await end(context, session, rules, returnUrl);
  return redirect(ended.location, ended.cookies);
}

/** A fetch: `POST /bff/logout` with the CSRF header. The page navigates to the answer's `logout_url`. */
export async function logoutByFetch(context: AuthContext): Promise<HttpResponse> {
  const { request, broker, log } = context;
  const ref = request.requestId;
  const check = checkFetch(request, broker.configuration);
  if (check.kind === 'rejected') {
    log('warn', 'csrf_rejected', { why: check.why });
    return problem('csrf_rejected', { ref });
  }
  const returnUrl = readReturnUrl(parseParameters(request.query), context);
  if (returnUrl === undefined) return problem('return_url_invalid', { ref, detail: returnUrlInvalid });
  const { session, rules } = await currentSession(context);
  if (session.kind === 'unreadable' || session.kind === 'ambiguous') return sessionProblem(context, session);
  if (session.kind !== 'live') return json({ logout_url: returnUrl }, deletions(context, []));
  const ended = await end(context, session, rules, returnUrl);
  return json({ logout_url: ended.location }, ended.cookies);
}
