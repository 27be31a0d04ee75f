/** Asks the refresh room for a group's token and says what that means for the answer and for the jar. */
import type { RedemptionGroup } from '../../audience/groups.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import type { Acquired } from '../../refresh/room.ts';
import type { Grant } from '../../session/grant.ts';
import { storedGrantOf } from '../../session/holdings.ts';
import type { Identity } from '../../session/identity.ts';
import { grantDeletions } from '../../session/issue.ts';
import type { ReadingRules } from '../../session/reading.ts';
import { addressOf, sealerOf } from '../context.ts';
import { sessionProblem } from '../current-session.ts';
import { pageOf } from './calling-page.ts';
import type { ApiContext } from './room.ts';
import { endedProblem, renewalCookies } from './usable-session.ts';

/** A wish, from what the jar of this request holds. */
export interface Wish {
  readonly identity: Identity;
  readonly grant: Grant | undefined;
  readonly group: RedemptionGroup;
  readonly currentEndsAt: number | undefined;
  readonly refusedToken?: string;
  readonly rules: ReadingRules;
}

export type Renewed =
  /** `token` is left out where the one in the jar goes on serving. */
  | {
      readonly kind: 'token';
      readonly token: string | undefined;
      readonly grant: Grant | undefined;
      readonly cookies: readonly SetCookie[];
    }
  /** This API has no token; the session goes on. */
  | { readonly kind: 'refused'; readonly response: HttpResponse; readonly grant: Grant | undefined }
  /** Nothing more can be done for this request. */
  | { readonly kind: 'failed'; readonly response: HttpResponse };

/** An API that failed the audience guarantee answers with its code, on its own path alone. */
export function audienceProblem(
  context: ApiContext,
  api: string,
  code: Parameters<typeof problem>[0],
  cookies: readonly SetCookie[] = [],
): HttpResponse {
  const { request, broker, log } = context;
  log('warn', 'proxy_denied', { api, code });
  const { development } = broker.configuration;
  const where = development ? ` ${addressOf(broker, 'diagnostics')} says what came back and what to do.` : '';
  return problem(code, {
    ref: request.requestId,
    detail: `There is no usable access token for this API.${where}`,
    cookies,
  });
}

function furtherLoginProblem(context: ApiContext, api: string): HttpResponse {
  const { request, broker } = context;
  const query = new URLSearchParams({ api, prompt: 'none', returnUrl: pageOf(context) });
  const loginUrl = `${addressOf(broker, 'login')}?${query.toString()}`;
  return problem('audience_login_required', { ref: request.requestId, loginUrl });
}

function settle(
  context: ApiContext,
  { identity, group }: Wish,
  acquired: Extract<Acquired, { kind: 'token' | 'refused' }>,
): Renewed {
  const { holdings } = acquired;
  const changed = new Set(acquired.kind === 'token' ? group.apis : []);
  const issued = renewalCookies(context, identity, holdings, changed);
  const grant = storedGrantOf(holdings);
  if (issued.kind === 'too_large') {
    const detail = `The session's cookies would take ${issued.bytes} bytes and may take ${issued.limit}.`;
    return { kind: 'failed', response: problem('session_too_large', { ref: context.request.requestId, detail }) };
  }
  const { cookies } = issued;
  if (acquired.kind === 'token') return { kind: 'token', token: acquired.token.token, grant, cookies };
  return { kind: 'refused', response: audienceProblem(context, group.apis[0], acquired.code, cookies), grant };
}

export async function renew(context: ApiContext, wish: Wish): Promise<Renewed> {
  const { broker, request, log } = context;
  const refreshing = await broker.refreshing();
  const acquired = await refreshing.acquire({
    ...wish,
    sealer: sealerOf(context),
    deadlineAtMs: request.deadlineAtMs,
    log,
  });
  switch (acquired.kind) {
    case 'token':
    case 'refused':
      return settle(context, wish, acquired);
    case 'login_needed':
      return { kind: 'failed', response: furtherLoginProblem(context, wish.group.apis[0]) };
    case 'current':
      return { kind: 'token', token: undefined, grant: wish.grant, cookies: [] };
    case 'ended': {
      // Without a table nobody else remembers the end, so that the jar has to.
      const isForgotten = !broker.hasTable && acquired.why === 'over' && wish.grant?.refreshToken !== undefined;
      return { kind: 'failed', response: endedProblem(context, acquired.why, isForgotten ? grantDeletions() : []) };
    }
    case 'later': {
      if (acquired.code === 'session_unreadable') {
        return { kind: 'failed', response: sessionProblem(context, { kind: 'unreadable', reason: 'unknown_key' }) };
      }
      const { code, retryAfterSeconds } = acquired;
      return { kind: 'failed', response: problem(code, { ref: request.requestId, retryAfterSeconds }) };
    }
  }
}
