/** A request on its way: what its jar sends, what becomes of it, and how its answer reaches the jar. */
import type { HttpRequest, HttpResponse } from '../../functions/http/message.ts';
import { logoutByFetch } from '../../functions/endpoints/auth/logout.ts';
import { aJarHoldsOnlyItsOwnSession, anAnswerBringsNoSession, codeOf, lookInto, onAnswer } from './answers.ts';
import { apiContext, authContext, serve } from './broker.ts';
import type { Jar } from './browser.ts';
import type { Task } from './scheduler.ts';
import type { ApiName } from './settings.ts';
import { now, type Request, type RequestKind } from './truth.ts';
import type { World } from './world.ts';

const requestMs = 28_000;

export interface Sent {
  readonly kind: RequestKind;
  readonly jar: Jar;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: string;
  readonly api?: ApiName;
  readonly instance?: number | undefined;
  readonly only?: 'Lax';
  readonly afterMs?: number;
}

/** These are served by a function of their own, which shares no memory with the other. */
const isOfAuth: ReadonlySet<RequestKind> = new Set(['login', 'callback', 'logout', 'backchannel']);

export function begin(world: World, { kind, jar, api, instance = 0 }: Sent): Request {
  const begun = now(world);
  const seen = lookInto(world, jar);
  const value = seen.tokens.find((one) => one.api === api)?.token;
  const request: Request = {
    name: `R${world.requests.length + 1}`,
    kind,
    jar,
    instance: isOfAuth.has(kind) ? 'auth' : `api ${instance}`,
    api,
    begun,
    deadlineAtMs: begun.ms + requestMs,
    session: seen.session,
    token: value === undefined ? undefined : world.provider.accessTokens.get(value),
    generation: seen.grant?.generation,
    storeFaults: 0,
    slow: false,
    redemptions: 0,
    refreshed: false,
    refusal: undefined,
    lost: false,
    crashed: false,
    outcome: undefined,
  };
  world.requests.push(request);
  return request;
}

export function httpRequest(request: Request, { jar, method, path, query = '', only }: Sent): HttpRequest {
  return {
    method,
    path,
    payload: '2.0',
    pathEncoding: 'encoded',
    query,
    headers: new Map([['x-csrf', '1']]),
    cookies: jar.send(path, only),
    body: Buffer.alloc(0),
    sourceIp: '192.0.2.1',
    requestId: request.name,
    deadlineAtMs: request.deadlineAtMs,
  };
}

/** An answer reaches its jar when it likes, or never. */
export async function arrive(
  world: World,
  task: Task,
  request: Request,
  { cookies, status }: HttpResponse,
): Promise<void> {
  task.isInstance = false;
  const { jar } = request;
  const store = (): void => {
    const before = lookInto(world, jar).session;
    jar.store(cookies);
    const after = lookInto(world, jar).session;
    if (request.kind !== 'login' && request.kind !== 'callback') anAnswerBringsNoSession(request, before, after);
    aJarHoldsOnlyItsOwnSession(world, jar);
  };
  await world.scheduler.park(task, {
    label: `${request.name}'s answer (${status}, ${cookies.length} cookies) reaches ${jar.name}`,
    perform: store,
    delaysMs: [30_000],
    variants: [{ label: 'lost on the way', cost: 'fault', perform: () => undefined }],
  });
}

/** One request that a page sends, from its cookies to its answer's. */
export async function fetchFrom(world: World, task: Task, sent: Sent): Promise<void> {
  const { request, http } = await world.scheduler.park(task, {
    label: `${sent.method} ${sent.path} from ${sent.jar.name}`,
    afterMs: sent.afterMs ?? 0,
    perform: () => {
      const begun = begin(world, sent);
      return { request: begun, http: httpRequest(begun, sent) };
    },
  });
  task.isInstance = world.settings.hasTable;
  task.onCrash = () => void (request.crashed = true);
  task.onFreeze = () => void (request.slow = true);
  const answered =
    sent.kind === 'logout'
      ? await logoutByFetch(authContext(world, task, request, http))
      : await serve(apiContext(world, task, request, http));
  request.outcome = codeOf(answered) ?? String(answered.status);
  world.scheduler.note(`  ${request.name} of ${request.session?.name ?? 'nobody'} is answered ${request.outcome}`);
  if (sent.kind !== 'logout') onAnswer(world, request, answered);
  await arrive(world, task, request, world.mutant.answer?.(answered, request) ?? answered);
}
