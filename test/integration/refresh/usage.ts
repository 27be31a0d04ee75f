/** Short-lived tokens in use: calls of a page, and what they led to at the provider and at the APIs. */
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import type { Answer, Fault, Provider, RecordedRequest } from '../../../infra/local/provider/provider.ts';
import type { Browser, FetchOptions } from '../broker/browser.ts';
import { codeOf, cookiesSet } from '../broker/raw.ts';
import type { Running } from '../broker/running.ts';
import { onGrant } from '../broker/tampering.ts';
import { createGate, type Gate } from './gate.ts';

/** How long an access token lives; its margin begins a minute before its end. */
export const lifetimeSeconds = 300;
export const intoMargin = lifetimeSeconds - 50;
export const pastEnd = lifetimeSeconds + 1;

/** For the options of a stack. */
export const shortLived = { provider: { accessTokenLifetimeSeconds: lifetimeSeconds } } as const;

export type ApiName = 'orders' | 'profile';

export const audienceOf = (api: ApiName): string => `https://${api}.example.com`;

export const names = {
  grant: '__Host-Http-bff-grant',
  orders: '__Secure-bff-orders',
  profile: '__Secure-bff-profile',
} as const;

// --- the page ---

export const call = async (
  { origin }: Pick<Running, 'origin'>,
  browser: Browser,
  api: ApiName = 'orders',
  path = '',
  options: FetchOptions = {},
): Promise<Response> => browser.fetch(`${origin}/api/${api}${path}`, options);

/** `POST /bff/refresh` */
export const refreshAll = async ({ origin }: Pick<Running, 'origin'>, browser: Browser): Promise<Response> =>
  browser.fetch(`${origin}/bff/refresh`, { method: 'POST' });

export const askUser = async ({ origin }: Pick<Running, 'origin'>, browser: Browser): Promise<Response> =>
  browser.fetch(`${origin}/bff/user?slide=false`);

/** Status and, where the answer is the broker's own problem, its code. */
export const outcomeOf = (answer: Response): string => [answer.status, codeOf(answer)].join(' ').trim();

/** Answers of one kind, counted. */
export function tally(answers: readonly Response[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of answers.map(outcomeOf)) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Which cookies it sets, that of the last activity apart. */
export const setNames = (answer: Response): readonly string[] =>
  cookiesSet(answer)
    .set.filter((name) => name !== '__Host-Http-bff-seen')
    .toSorted();

/** Nothing is set that was not there, and nothing is deleted. */
export function assertCookiesUntouched(answer: Response): void {
  assert.deepEqual([setNames(answer), cookiesSet(answer).deleted], [[], []]);
}

/** A login cures it, and the answer says where; no cookie goes. */
export async function assertOver(answer: Response): Promise<void> {
  assert.equal(outcomeOf(answer), '401 session_over');
  assert.equal(((await answer.clone().json()) as { login_url?: string }).login_url, '/bff/login');
  assertCookiesUntouched(answer);
}

/** It may be tried again, and the answer says when. */
export function assertLater(answer: Response, code: string): void {
  assert.equal(outcomeOf(answer), `503 ${code}`);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
  assertCookiesUntouched(answer);
}

/** The whole session works, each API with its own token. */
export async function assertWorks(broker: Running, browser: Browser, sub = 'auth0|alice'): Promise<void> {
  for (const api of ['orders', 'profile'] as const) {
    const answer = await call(broker, browser, api);
    assert.equal(outcomeOf(answer), '200', api);
    const seen = (await answer.json()) as { sub: string; aud: readonly string[] };
    assert.equal(seen.sub, sub);
    assert.ok([seen.aud].flat().includes(audienceOf(api)), api);
  }
}

/** The answer of `POST /bff/refresh`, give or take what the test itself takes. */
export async function assertRefreshed(answer: Response, seconds: number): Promise<void> {
  assert.equal(outcomeOf(answer), '200');
  const { expires_in: left } = (await answer.json()) as { expires_in: number };
  assert.ok(left <= seconds + 2 && left > seconds - 10, `${left} s instead of ${seconds}`);
}

// --- what it led to ---

export const isRefresh = ({ endpoint, parameters }: RecordedRequest): boolean =>
  endpoint === 'token' && parameters['grant_type'] === 'refresh_token';

export interface Traffic {
  /** Token requests with a refresh token, answered or not. */
  redemptions(): readonly RecordedRequest[];
  /** The audience of each redemption. */
  redeemed(): readonly string[];
  /** The first audience and the subject of each token that reached the API. */
  arrivals(api: ApiName): readonly string[];
}

/** From now on. */
export function trafficOf({ provider, apis }: Pick<Running, 'provider' | 'apis'>): Traffic {
  const start = provider.requests.length;
  const starts = { orders: apis.orders.requests.length, profile: apis.profile.requests.length };
  const redemptions = (): readonly RecordedRequest[] => provider.requests.slice(start).filter(isRefresh);
  return {
    redemptions,
    redeemed: () => redemptions().map(({ parameters }) => String(parameters['audience'])),
    arrivals: (api) =>
      apis[api].requests.slice(starts[api]).map(({ rawHeaders }) => {
        const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization');
        const { aud, sub } = decodeJwt((rawHeaders[at + 1] ?? '').replace('Bearer ', ''));
        return `${[aud].flat()[0]} ${sub}`;
      }),
  };
}

// --- what goes wrong ---

/** Another answer to redemptions, in place of the provider's own, which has never seen them. */
export function answerRefresh({ faults }: Provider, answer: Omit<Answer, 'headers'>, onlyFor?: ApiName): void {
  faults.before = (request) => {
    if (!isRefresh(request)) return undefined;
    if (onlyFor !== undefined && request.parameters['audience'] !== audienceOf(onlyFor)) return undefined;
    return { headers: { 'content-type': answer.json === undefined ? 'text/html' : 'application/json' }, ...answer };
  };
}

/** RFC 6749, section 5.2 */
export const refuseRefresh = (provider: Provider, error: string, onlyFor?: ApiName): void =>
  answerRefresh(provider, { status: 400, json: { error } }, onlyFor);

/** Other members in the provider's own answer to a redemption; `undefined` removes one. */
export const withMembers = (members: Readonly<Record<string, unknown>>): Fault =>
  onGrant('refresh_token', (json) => ({ ...json, ...members }));

/** Stops redemptions before the provider has seen them. */
export function holdBefore({ faults }: Provider): Gate {
  const gate = createGate();
  faults.before = async (request) => {
    if (isRefresh(request)) await gate.pass();
    return undefined;
  };
  return gate;
}

/** Stops the provider's answers to redemptions, which it has done. */
export function holdAfter({ faults }: Provider): Gate {
  const gate = createGate();
  faults.token = async (answer, request) => {
    if (isRefresh(request)) await gate.pass();
    return answer;
  };
  return gate;
}
