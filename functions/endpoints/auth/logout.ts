/** `GET` and `POST /bff/logout`: who may end a session, and where the browser goes. */
import { json, redirect } from '../../http/answers.ts';
import { checkFetch } from '../../http/csrf.ts';
import type { HttpResponse } from '../../http/message.ts';
import { isPrefetch } from '../../http/navigation.ts';
import { logoutPage } from '../../http/pages.ts';
import { problem } from '../../http/problems.ts';
import { parseParameters, single, type Parameters } from '../../http/query.ts';
import { frontPage, parseReturnUrl } from '../../http/return-url.ts';
import { equalSid, type Identity } from '../../session/identity.ts';
import type { SessionReading } from '../../session/jar.ts';
import type { ReadingRules } from '../../session/reading.ts';
import { currentSession, sessionProblem } from '../current-session.ts';
import { jarDeletions, leave, type Leaving } from './end-session.ts';
import type { AuthContext } from './room.ts';

function readReturnUrl(query: Parameters | undefined, { broker }: AuthContext): string | undefined {
  const given = query === undefined ? undefined : single(query, 'returnUrl');
  if (given?.kind === 'absent') return frontPage(broker.configuration);
  return given?.kind === 'value' ? parseReturnUrl(given.value, broker.configuration) : undefined;
}

const siteOf = ({ request }: AuthContext): string | undefined => request.headers.get('sec-fetch-site');

/** The link of this session, or a link of this very origin. */
function mayEnd(context: AuthContext, query: Parameters, identity: Identity): boolean {
  const sid = single(query, 'sid');
  return (sid.kind === 'value' && equalSid(sid.value, identity)) || siteOf(context) === 'same-origin';
}

/** A session whose grant is missing in the jar is one all the same. */
function leavingOf(session: SessionReading, rules: ReadingRules, everywhere: boolean): Leaving | undefined {
  if (session.kind === 'live') return { identity: session.identity, grant: session.grant, rules, everywhere };
  return session.kind === 'grantless' ? { identity: session.identity, grant: undefined, rules, everywhere } : undefined;
}

const returnUrlInvalid = 'returnUrl must be one address of this application, at most 512 bytes long.';

/** Browsers withhold Strict cookies from a link on another site, so that a missing session proves nothing there. */
function logoutOfNobody(context: AuthContext, returnUrl: string): HttpResponse {
  const { request, broker } = context;
  const isOurs = ['same-origin', 'same-site', 'none'].includes(siteOf(context) ?? '');
  if (isOurs) return redirect(returnUrl, jarDeletions(context));
  const query = request.query === '' ? '' : `?${request.query}`;
  return logoutPage(`${broker.configuration.publicOrigin}${request.path}${query}`);
}

/** A navigation: `GET /bff/logout?sid=&returnUrl=`. */
export async function logout(context: AuthContext): Promise<HttpResponse> {
  const { request } = context;
  const ref = request.requestId;
  if (isPrefetch(request)) return problem('prefetch_refused', { ref });
  const query = parseParameters(request.query);
  const returnUrl = readReturnUrl(query, context);
  if (query === undefined || returnUrl === undefined) {
    return problem('return_url_invalid', { ref, detail: returnUrlInvalid });
  }
  const { session, rules } = await currentSession(context);
  if (session.kind === 'unreadable' || session.kind === 'ambiguous') return sessionProblem(context, session);
  const leaving = leavingOf(session, rules, false);
  if (leaving === undefined) return logoutOfNobody(context, returnUrl);
  if (!mayEnd(context, query, leaving.identity)) {
    const detail = 'Use the logout link that the application got from /bff/user.';
    return problem('logout_sid_mismatch', { ref, detail });
  }
  const left = await leave(context, leaving, returnUrl);
  return redirect(left.location, left.cookies);
}

/** `?scope=all` ends every session of the user; without a table nobody knows of the others. */
function readScope(query: Parameters | undefined, { broker }: AuthContext): 'one' | 'all' | undefined {
  const scope = single(query ?? new Map<string, string[]>(), 'scope');
  if (scope.kind === 'absent') return 'one';
  return scope.kind === 'value' && scope.value === 'all' && broker.hasTable ? 'all' : undefined;
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
  const query = parseParameters(request.query);
  const returnUrl = readReturnUrl(query, context);
  if (returnUrl === undefined) return problem('return_url_invalid', { ref, detail: returnUrlInvalid });
  const scope = readScope(query, context);
  if (scope === undefined) {
    return problem('parameter_invalid', { ref, detail: 'scope must be "all", on a stage with a table.' });
  }
  const { session, rules } = await currentSession(context);
  if (session.kind === 'unreadable' || session.kind === 'ambiguous') return sessionProblem(context, session);
  const leaving = leavingOf(session, rules, scope === 'all');
  if (leaving === undefined) return json({ logout_url: returnUrl }, jarDeletions(context));
  const left = await leave(context, leaving, returnUrl);
  return json({ logout_url: left.location }, left.cookies);
}
