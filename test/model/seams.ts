/** Where the broker meets its surroundings: the table, the token endpoint, the API. Everything there can be slow, fail, or be heard of too late. */
import type { Answered, Call, Failed } from '../../functions/outgoing/send.ts';
import type { Redemption, RefreshRoom } from '../../functions/refresh/room.ts';
import { StoreUnavailable, type SessionStore } from '../../functions/refresh/store.ts';
import { insideTheMarginNobodyWaits, nothingWaitsPastTheDeadline } from './answers.ts';
import * as invariants from './invariants.ts';
import type { Task, Variant } from './scheduler.ts';
import { apiNames, audiences } from './settings.ts';
import type { TableCall } from './table.ts';
import type { Request, Session } from './truth.ts';
import type { World } from './world.ts';

// --- the table ---

/** All tries of one call together. */
const storeMs = 2500;

function callFor(world: World, task: Task, request: Request): TableCall {
  const unavailable = (label: string): never => {
    request.storeFaults += 1;
    throw new StoreUnavailable(label);
  };
  return async <T>(label: string, kind: 'read' | 'write', perform: () => T) => {
    const variants: Variant<T>[] = [
      { label: 'throttled', cost: 'fault', perform: () => unavailable('throttled') },
      {
        label: 'done, no answer',
        cost: 'fault',
        heardAfterMs: storeMs,
        perform: () => {
          request.slow = true;
          perform();
          return unavailable('no answer');
        },
      },
    ];
    if (kind === 'write') {
      variants.push({
        label: 'done, asked again',
        cost: 'fault',
        perform: () => {
          perform();
          return perform();
        },
      });
      variants.push({
        label: 'no answer, done later',
        cost: 'fault',
        heardAfterMs: storeMs,
        perform: () => {
          request.slow = true;
          world.scheduler.leaveBehind(`~ ${task.name} ${label} at last`, storeMs + 500, () => void perform());
          return unavailable('no answer');
        },
      });
    }
    return world.scheduler.park(task, { label, perform, variants, delaysMs: [900, 2400] });
  };
}

export function storeFor(world: World, task: Task, request: Request): SessionStore {
  const { settings, table, mutant } = world;
  const store = settings.hasTable ? table.store(callFor(world, task, request)) : world.memoryOf(request.instance);
  return mutant.store?.(store, world) ?? store;
}

// --- the token endpoint ---

const redemptionMs = 8000;

type RedemptionVariant = Variant<Redemption>;

const unknown = (reason: string): Redemption => ({ kind: 'unknown', reason });

function redemptionVariants(
  process: () => Redemption,
  request: Request,
  session: Session,
): readonly RedemptionVariant[] {
  const lost = (reason: string) => (): Redemption => {
    process();
    request.lost = true;
    return unknown(reason);
  };
  const unreadable = (withRefreshToken: boolean) => (): Redemption => {
    const result = process();
    const refreshToken = result.kind === 'granted' ? result.answer.refreshToken : undefined;
    if (result.kind !== 'granted') return result;
    request.lost ||= !withRefreshToken;
    return {
      kind: 'invalid',
      reason: 'unreadable',
      ...(withRefreshToken && refreshToken !== undefined ? { refreshToken } : {}),
    };
  };
  return [
    { label: 'answer late by 7.9 s', cost: 'delay', heardAfterMs: 7900, perform: process },
    { label: '503', cost: 'fault', perform: () => unknown('503') },
    { label: 'never arrives', cost: 'fault', heardAfterMs: redemptionMs, perform: () => unknown('timeout') },
    { label: 'answer lost', cost: 'fault', heardAfterMs: redemptionMs, perform: lost('timeout') },
    { label: 'reset while it answers', cost: 'fault', perform: lost('reset') },
    { label: 'answer unreadable', cost: 'fault', perform: unreadable(false) },
    { label: 'answer unreadable but for its refresh token', cost: 'fault', perform: unreadable(true) },
    { label: '400 of its own', cost: 'fault', perform: () => ({ kind: 'refused', status: 400, error: 'other' }) },
    { label: 'client refused', cost: 'fault', perform: () => ({ kind: 'client_refused' }) },
    {
      label: 'about somebody else',
      cost: 'fault',
      perform: () => {
        process();
        session.mismatched = true;
        return { kind: 'mismatch' };
      },
    },
  ];
}

function account(world: World, request: Request, session: Session, result: Redemption): void {
  const ms = world.scheduler.nowMs();
  if (result.kind === 'unknown' || result.kind === 'client_refused') session.unknownAtMs.push(ms);
  if (result.kind === 'invalid')
    (result.refreshToken === undefined ? session.unknownAtMs : session.invalidAtMs).push(ms);
  if (result.kind !== 'refused') return;
  request.refusal = result.error;
  // The others hear of a break, not of what the provider said.
  if (result.error === 'other') session.unknownAtMs.push(ms);
}

const audienceIn = (parameters: readonly (readonly [string, string])[]): string =>
  parameters.find(([name]) => name === 'audience')?.[1] ?? audiences.orders;

function redeemFor(world: World, task: Task, request: Request): RefreshRoom['redeem'] {
  return async (refreshToken, _, parameters) => {
    const { session } = request;
    if (session === undefined) throw new Error('nobody redeems for no session');
    const audience = audienceIn(parameters);
    const begunAtMs = world.scheduler.nowMs();
    const redemption = { by: request, refreshToken, begunAtMs, endedAtMs: begunAtMs + redemptionMs };
    invariants.inRedemption(world, session, request, redemption, audience);
    session.redemptions.push(redemption);
    request.redemptions += 1;
    const process = (): Redemption => world.provider.redeem(refreshToken, audience);
    const result = await world.scheduler.park(task, {
      label: `redeems ${refreshToken} for ${audience}`,
      perform: process,
      variants: redemptionVariants(process, request, session),
      delaysMs: [3000, 7900],
    });
    redemption.endedAtMs = Math.min(redemption.endedAtMs, world.scheduler.nowMs());
    if (world.scheduler.nowMs() > begunAtMs + redemptionMs) request.slow = true;
    account(world, request, session, result);
    return result;
  };
}

export function roomSeams(world: World, task: Task, request: Request) {
  return {
    redeem: redeemFor(world, task, request),
    revoke: (refreshToken: string) =>
      world.scheduler.park(task, {
        label: `revokes ${refreshToken}`,
        perform: () => world.provider.revoke(refreshToken),
        variants: [{ label: 'fails', cost: 'fault', perform: () => undefined }],
      }),
    nowMs: world.scheduler.nowMs,
    random: () => 0.5,
    pause: (ms: number) => {
      insideTheMarginNobodyWaits(world, request);
      nothingWaitsPastTheDeadline(world, request, ms);
      return world.scheduler.park(task, { label: 'waited', afterMs: ms, perform: () => undefined });
    },
    newHolder: () => {
      const holder = world.random(8).toString('base64url');
      world.holders.set(holder, request);
      return holder;
    },
  };
}

// --- the API, and the provider's revocation endpoint ---

const answered = (body: string): Answered => ({
  kind: 'answered',
  status: 200,
  rawHeaders: ['Content-Type', 'application/json'],
  body: Buffer.from(body),
});

/** An API that looks at its token at once. */
export function apiFor(world: World, request: Request) {
  return async ({ url, headers }: Call): Promise<Answered | Failed> => {
    const api = apiNames.find((name) => url.startsWith(`https://${name}.`)) ?? 'orders';
    const bearer = /^Bearer (.*)$/.exec(headers['authorization'] ?? '')?.[1] ?? '';
    invariants.onlyTheRequestsOwnTokenIsForwarded(world, request, bearer, api);
    return answered('{}');
  };
}

/** What the provider hears besides redemptions: that a refresh token is to be revoked (RFC 7009). */
export function revocationFor(world: World, task: Task) {
  return ({ body }: Call): Promise<Answered | Failed> => {
    const token = new URLSearchParams(body?.toString() ?? '').get('token') ?? '';
    return world.scheduler.park<Answered | Failed>(task, {
      label: `revokes ${token}`,
      perform: () => {
        world.provider.revoke(token);
        return answered('');
      },
      variants: [{ label: 'fails', cost: 'fault', perform: () => ({ kind: 'failed', reason: 'reset', sent: true }) }],
    });
  };
}
