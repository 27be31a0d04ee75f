/** What holds for every answer and for the jar that it reaches, in every schedule. */
import { redemptionGroups } from '../../functions/audience/groups.ts';
import { cookie } from '../../functions/contract/wire.ts';
import type { HttpResponse } from '../../functions/http/message.ts';
import { bindingOf } from '../../functions/session/identity.ts';
import { readApiToken, readSession } from '../../functions/session/jar.ts';
import type { Jar } from './browser.ts';
import { belongs } from './invariants.ts';
import { isJustified } from './justified.ts';
import { apiNames, audiences, configurations, paths } from './settings.ts';
import { hold, type Request, type Session, type Truth } from './truth.ts';

export function fetchEndpointsDeleteNothing({ settings }: Truth, request: Request, { cookies }: HttpResponse): void {
  const deleted = cookies.find(({ value }) => value === '');
  hold(
    'no fetch endpoint deletes a cookie where there is a table',
    !settings.hasTable || deleted === undefined,
    () => `${request.name} deletes ${deleted?.name ?? ''}`,
  );
  const named = cookies.find(({ name }) => name === cookie.session);
  hold('only a login sets the session cookie', named === undefined, () => `${request.name} sets it`);
}

/** A token that is shorter than its redemption can end before its answer; then there is another one to be had. */
export function whatFollowsARefreshCarriesItsCookies(
  { settings }: Truth,
  request: Request,
  { cookies, status }: HttpResponse,
): void {
  const carries = cookies.some(({ name, value }) => name === cookie.grant && value !== '');
  hold(
    'every answer that follows a refresh carries the new cookies',
    !request.refreshed || request.storeFaults > 0 || carries || (settings.tokenSeconds < 8 && status !== 200),
    () => `${request.name} does not`,
  );
}

export const codeOf = ({ headers }: HttpResponse): string | undefined =>
  headers.find(([name]) => name === 'bff-error')?.[1];

export function insideTheMarginNobodyFails(truth: Truth, request: Request, { status }: HttpResponse): void {
  const { token } = request;
  const isGood = token !== undefined && token.expiresAtMs > truth.scheduler.nowMs();
  hold(
    'inside the margin nobody gets 503',
    request.kind !== 'call' || status !== 503 || !isGood || truth.settings.revocation === 'immediate',
    () => `${request.name} has a token for another ${((token?.expiresAtMs ?? 0) - truth.scheduler.nowMs()) / 1000} s`,
  );
}

export function insideTheMarginNobodyWaits(truth: Truth, request: Request): void {
  const { token } = request;
  const isGood = token !== undefined && token.expiresAtMs > truth.scheduler.nowMs();
  const isHolder = request.session?.leases.some(({ by }) => by === request) ?? false;
  hold(
    'inside the margin nobody waits for others',
    request.kind !== 'call' || !isGood || isHolder,
    () => `${request.name} does`,
  );
}

export function nothingWaitsPastTheDeadline({ scheduler }: Truth, request: Request, ms: number): void {
  const endsAtMs = scheduler.nowMs() + ms;
  hold('nothing waits past the deadline', endsAtMs <= request.deadlineAtMs, () => `${request.name} pauses beyond it`);
}

export function theAnswerComesInTime({ scheduler }: Truth, request: Request): void {
  hold(
    'the answer comes before the deadline',
    request.slow || scheduler.nowMs() <= request.deadlineAtMs,
    () => `${request.name} is late by ${scheduler.nowMs() - request.deadlineAtMs} ms`,
  );
}

/** Whoever holds the lease and cannot use it gives it back. */
export function nobodyWaitsForItself({ scheduler }: Truth, request: Request, response: HttpResponse): void {
  const lease = request.session?.leases.at(-1);
  const isOwn = lease?.by === request && lease.endedAtMs > scheduler.nowMs();
  hold(
    'nobody is told to come again because of a lease of its own',
    codeOf(response) !== 'refresh_pending' || !isOwn || request.storeFaults > 0,
    () => `${request.name} holds it`,
  );
}

export function everyErrorIsTrue(truth: Truth, request: Request, response: HttpResponse): void {
  const what = codeOf(response) ?? (response.status === 401 ? 'nobody' : undefined);
  if (what === undefined) {
    hold(
      'every request ends with what it asked for or a clean error',
      response.status === 200,
      () => `${request.name}: ${response.status}`,
    );
    return;
  }
  hold(
    'every error is true',
    isJustified(truth, request, what),
    () => `${request.name} of ${request.session?.name ?? 'nobody'} gets ${what}`,
  );
}

/** Within one life of an access token every endpoint honours the end of a session. */
export function anEndedSessionWorksNoLongerThanAToken(
  { settings }: Truth,
  request: Request,
  { status }: HttpResponse,
): void {
  const { session, kind } = request;
  const endedAtMs = Math.min(session?.tombstone?.ms ?? Infinity, session?.revoked?.ms ?? Infinity);
  const isOld = settings.hasTable && request.begun.ms > endedAtMs + (settings.tokenSeconds + 1) * 1000;
  hold(
    'an ended session works no longer than an access token',
    status !== 200 || !isOld || kind === 'refresh',
    () => `${request.name} of ${session?.name ?? ''}`,
  );
}

export function onAnswer(truth: Truth, request: Request, response: HttpResponse): void {
  fetchEndpointsDeleteNothing(truth, request, response);
  whatFollowsARefreshCarriesItsCookies(truth, request, response);
  insideTheMarginNobodyFails(truth, request, response);
  theAnswerComesInTime(truth, request);
  everyErrorIsTrue(truth, request, response);
  nobodyWaitsForItself(truth, request, response);
  anEndedSessionWorksNoLongerThanAToken(truth, request, response);
}

// --- the jar ---

const groups = redemptionGroups(configurations.refresh.apis);

/** What a jar would send now, read as the broker reads it. */
export function lookInto(truth: Truth, jar: Jar) {
  const rules = truth.rules();
  const idleSeconds = configurations.refresh.session.idle;
  const reading = readSession(jar.send(paths.base), { ...rules, idleSeconds });
  const session =
    'identity' in reading
      ? truth.sessions.find(({ identity }) => identity.sessionId === reading.identity.sessionId)
      : undefined;
  const live = reading.kind === 'live' ? reading : undefined;
  const tokens = apiNames.map((api) => {
    const fingerprint = groups.find(({ apis }) => apis.includes(api))?.fingerprint ?? '';
    const found = live && readApiToken(jar.send(`/api/${api}`), api, bindingOf(live.identity), fingerprint, rules);
    return { api, token: found?.kind === 'token' ? found.token : undefined };
  });
  return { kind: reading.kind, session, grant: live?.grant, tokens };
}

export function aJarHoldsOnlyItsOwnSession(truth: Truth, jar: Jar): void {
  const { session, grant, tokens } = lookInto(truth, jar);
  if (session === undefined || grant === undefined) return;
  const { refreshToken } = grant;
  hold(
    'a jar holds no grant of another session as its own',
    refreshToken === undefined || truth.provider.refreshTokens.get(refreshToken)?.grant === session.grant,
    () => `${jar.name} of ${session.name}`,
  );
  for (const { api, token } of tokens) {
    hold(
      'a jar holds no token of another user, session or audience as its own',
      token === undefined || belongs(truth, session, token, api),
      () => `${jar.name} of ${session.name}, for ${audiences[api]}`,
    );
  }
}

/** @param before whose session it was until this answer came */
export function anAnswerBringsNoSession(
  request: Request,
  before: Session | undefined,
  after: Session | undefined,
): void {
  hold(
    'no late answer logs out a new session or revives an old one',
    request.kind === 'logout' || before === after,
    () => `${request.name} turns ${request.jar.name} from ${before?.name ?? 'nobody'} to ${after?.name ?? 'nobody'}`,
  );
}
