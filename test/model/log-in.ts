/** A login, from `/bff/login` by way of the provider to the callback's answer. */
import { endpoint } from '../../functions/contract/wire.ts';
import { epochSeconds } from '../../functions/contract/units.ts';
import { readAuthorizationResponse } from '../../functions/endpoints/auth/authorization-response.ts';
import type { GroupOutcome } from '../../functions/endpoints/auth/collect-tokens.ts';
import { isFirstUse, keepSession } from '../../functions/endpoints/auth/keep-session.ts';
import { login } from '../../functions/endpoints/auth/login.ts';
import { makeSession } from '../../functions/endpoints/auth/make-session.ts';
import type { AuthContext } from '../../functions/endpoints/auth/room.ts';
import { redirect } from '../../functions/http/answers.ts';
import type { HttpResponse } from '../../functions/http/message.ts';
import { problem } from '../../functions/http/problems.ts';
import { StoreUnavailable } from '../../functions/refresh/store.ts';
import type { Jar } from './browser.ts';
import { authContext, metadata, tokenEndpoint } from './broker.ts';
import { aLoginEndsTheSessionBeforeIt } from './invariants.ts';
import type { AccessToken } from './provider.ts';
import { arrive, begin, httpRequest, type Sent } from './requests.ts';
import type { Task } from './scheduler.ts';
import { apiNames, issuer, paths } from './settings.ts';
import type { World } from './world.ts';

function outcomeOf(token: AccessToken): GroupOutcome {
  return {
    kind: 'satisfied',
    token: token.value,
    expiresAt: epochSeconds(token.expiresAtMs / 1000),
    scope: undefined,
    verified: true,
    observed: { format: 'jwt' },
  };
}

/** What `callback` does with a code, but for the code and the signature of the ID token. */
async function complete(
  world: World,
  task: Task,
  context: AuthContext,
  deed: { user: string; alone: boolean },
): Promise<HttpResponse> {
  const read = await readAuthorizationResponse(context);
  if (read.kind === 'failed') return problem(read.failure.code, { ref: '' });
  const { transaction, deletion } = read;
  if (!(await isFirstUse(context, transaction))) return problem('login_state_mismatch', { ref: '' });
  const granted = await world.scheduler.park(task, {
    label: `redeems the code of ${deed.user}`,
    perform: () => {
      const { grant, refreshToken } = world.provider.logIn(deed.user);
      // Without a refresh token the further APIs have their tokens now, or a failure.
      const apis = deed.alone && refreshToken !== undefined ? apiNames.slice(0, 1) : apiNames;
      return { grant, refreshToken, tokens: apis.map((api) => world.provider.issue(grant, api)) };
    },
  });
  const { grant, refreshToken, tokens } = granted;
  const outcomes = new Map(
    context.broker.groups.flatMap((group) => {
      const token = tokens.find(({ api }) => group.apis.includes(api));
      return token === undefined ? [] : [[group, outcomeOf(token)] as const];
    }),
  );
  const issuedAt = Math.floor(world.scheduler.nowMs() / 1000);
  const made = makeSession(context, {
    answer: {},
    idToken: { issuer, subject: deed.user, issuedAt, claims: { sub: deed.user, sid: grant.sid } },
    sessionState: undefined,
    collected: { outcomes, refreshToken: refreshToken?.value, refreshEndsAt: undefined },
    metadata,
    alongside: [deletion],
  });
  if (made.kind === 'too_large') throw new Error('a session of the model is too large');
  world.addSession(made.identity, grant);
  await keepSession(context, transaction, made, await tokenEndpoint(context));
  aLoginEndsTheSessionBeforeIt(world, transaction.seenSession?.sessionId);
  return redirect(transaction.returnUrl, [...made.cookies, deletion]);
}

export async function logIn(world: World, task: Task, jar: Jar, deed: { user: string; alone: boolean }): Promise<void> {
  const opening: Sent = { kind: 'login', jar, method: 'GET', path: paths.base + endpoint.login };
  const opened = await world.scheduler.park(task, {
    label: `${deed.user} opens the login`,
    perform: () => begin(world, opening),
  });
  const sentTo = await login(authContext(world, task, opened, httpRequest(opened, opening)));
  await arrive(world, task, opened, sentTo);
  const location = sentTo.headers.find(([name]) => name === 'location')?.[1] ?? '';
  const state = new URL(location).searchParams.get('state') ?? '';
  const query = new URLSearchParams({ code: 'code', state }).toString();
  const coming: Sent = { kind: 'callback', jar, method: 'GET', path: paths.callback, query, only: 'Lax' };
  const { request, http } = await world.scheduler.park(task, {
    label: `${deed.user} comes back`,
    // Nobody types a password within a second, so that no login is as old as the logout before it.
    afterMs: 2000,
    perform: () => {
      const begun = begin(world, coming);
      return { request: begun, http: httpRequest(begun, coming) };
    },
  });
  task.isInstance = world.settings.hasTable;
  const response = await complete(world, task, authContext(world, task, request, http), deed).catch(
    (error: unknown) => {
      if (error instanceof StoreUnavailable) return problem('store_unavailable', { ref: request.name });
      throw error;
    },
  );
  await arrive(world, task, request, response);
}
