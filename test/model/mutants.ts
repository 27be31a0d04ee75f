/**
 * Brokers that are wrong in one way each, as a careless change could make them, with what has to happen for it to show.
 * The check is worth something only as long as it finds every one of them.
 */
import type { Deed } from './actions.ts';
import type { Acquired } from '../../functions/refresh/room.ts';
import type { SessionRow } from '../../functions/refresh/store.ts';
import { endSession } from '../../functions/session/issue.ts';
import type { Allowance } from './scheduler.ts';
import { tableRules } from './table.ts';
import type { Mutant, World } from './world.ts';

export interface KnownBad {
  readonly name: string;
  /** Of the contract, which it breaks. */
  readonly sentence: string;
  readonly mutant: Mutant;
  readonly deeds: readonly Deed[];
  readonly passSeconds?: number;
  readonly allowance?: Partial<Allowance>;
}

const call = (api: 'orders' | 'profile') => ({ kind: 'call', jar: 0, api }) as const satisfies Deed;

const perWorld = <T>(make: () => T): ((world: World) => T) => {
  const made = new WeakMap<World, T>();
  return (world) => {
    const known = made.get(world) ?? make();
    made.set(world, known);
    return known;
  };
};

/** What a process would remember of the last result, by session alone. */
const resultsOf = perWorld(() => new Map<string, Acquired>());

const layout = {
  logoutPath: '/bff/logout',
  apis: [
    { name: 'orders', path: '/api/orders' },
    { name: 'profile', path: '/api/profile' },
  ],
};

export const knownBad: readonly KnownBad[] = [
  {
    name: 'the lease is shorter than a redemption',
    sentence: 'the lease outlasts the hard limit of a redemption',
    deeds: [call('orders'), call('orders')],
    mutant: {
      store: (store) => ({
        ...store,
        takeLease: (ref, wish) => store.takeLease(ref, { ...wish, endsAtMs: wish.nowMs + 2000 }),
      }),
    },
  },
  {
    name: 'the row that was read before the lease counts, not the one that the lease has found',
    sentence: 'a spent refresh token is never presented again',
    deeds: [call('orders'), call('orders')],
    mutant: {
      rules: { mayTakeLease: (row, wish) => tableRules.mayTakeLease({ ...row, generation: wish.generation }, wish) },
      store: (store) => {
        let seen: SessionRow | undefined;
        return {
          ...store,
          read: async (ref) => {
            const state = await store.read(ref);
            seen = state.row;
            return state;
          },
          takeLease: async (ref, wish) => {
            const result = await store.takeLease(ref, wish);
            return result.kind === 'taken' ? { ...result, before: seen } : result;
          },
        };
      },
    },
  },
  {
    name: 'a result is shared by session, whatever the audience',
    sentence: 'no token of another user, session or audience is ever sent to an API',
    deeds: [call('orders'), call('profile')],
    mutant: {
      refreshing: (refreshing, world) => ({
        ...refreshing,
        acquire: async (need) => {
          const results = resultsOf(world);
          const key = need.identity.sessionId;
          const acquired = results.get(key) ?? (await refreshing.acquire(need));
          if (acquired.kind === 'token') results.set(key, acquired);
          return acquired;
        },
      }),
    },
  },
  {
    name: 'cookies are set before the generation is written',
    sentence: 'no token is used before its generation is written',
    deeds: [call('orders'), call('orders')],
    mutant: {
      store: (store, world) => ({
        ...store,
        advance: async (ref, holder, generation) => {
          world.scheduler.leaveBehind('~ the generation is written', 50, () => {
            void world.table.store(async (_label, _kind, perform) => perform()).advance(ref, holder, generation);
          });
          return 'advanced';
        },
      }),
    },
  },
  {
    name: 'a fetch endpoint that finds no session deletes its cookies',
    sentence: 'no late answer logs out a new session or revives an old one',
    deeds: [call('orders'), { kind: 'logout', jar: 0 }, { kind: 'login', jar: 0, user: 'bob' }],
    mutant: {
      answer: (response, { kind }) =>
        kind === 'logout' || response.status !== 401
          ? response
          : { ...response, cookies: endSession(layout, { alongside: [], setCookieBytes: () => 60 }) },
    },
  },
  {
    name: 'nobody adopts the generation that a dead holder has stored',
    sentence: 'a spent refresh token is never presented again',
    deeds: [call('orders'), { kind: 'pass', seconds: 45 }, call('orders')],
    mutant: {
      store: (store) => {
        let leased = Number.POSITIVE_INFINITY;
        return {
          ...store,
          takeLease: (ref, wish) => {
            leased = wish.generation;
            return store.takeLease(ref, wish);
          },
          readTokens: async (ref, generation) => {
            const sealed = await store.readTokens(ref, generation);
            return generation > leased ? undefined : sealed;
          },
        };
      },
    },
  },
  {
    name: 'a stranger can release the lease',
    sentence: 'one redemption at a time per session across all instances',
    deeds: [call('orders'), { ...call('orders'), after: 13 }, { ...call('orders'), after: 20.5 }],
    mutant: { rules: { mayRelease: () => true } },
  },
  {
    name: 'whoever holds no lease any more can write the generation',
    sentence: 'a spent refresh token is never presented again',
    deeds: [call('orders'), call('profile')],
    mutant: { rules: { mayAdvance: ({ tombstone }) => tombstone === undefined } },
    allowance: { fault: 2, delay: 2 },
  },
  {
    name: 'a tombstone is overwritten by the next generation',
    sentence: 'a session with a tombstone gets no token any more',
    deeds: [call('orders'), { kind: 'logout', jar: 0 }],
    mutant: {
      rules: {
        mayAdvance: ({ generation, lease }, holder, from) =>
          generation === from && (lease === undefined || lease.holder === holder),
      },
    },
  },
  {
    name: 'a time-out is taken for a refusal',
    sentence: 'a passing fault never logs anybody out',
    deeds: [call('orders')],
    mutant: {
      room: (room) => ({
        ...room,
        redeem: async (...wish) => {
          const result = await room.redeem(...wish);
          return result.kind === 'unknown' ? { kind: 'refused', status: 400, error: 'invalid_grant' } : result;
        },
      }),
    },
  },
  {
    name: 'a refresh does not look for revocations',
    sentence: 'a revoked session gets no token any more',
    deeds: [{ kind: 'backchannel', session: 0, by: 'sub' }, call('orders')],
    mutant: {
      store: (store) => ({ ...store, read: async (ref) => ({ ...(await store.read(ref)), revokedUntil: undefined }) }),
    },
  },
  {
    name: 'a request with a good token waits for the one that renews it',
    sentence: 'inside the margin nobody gets 503',
    deeds: [call('orders'), call('orders')],
    passSeconds: 260,
    mutant: {
      refreshing: (refreshing) => ({
        ...refreshing,
        acquire: (need) => refreshing.acquire({ ...need, currentEndsAt: undefined }),
      }),
    },
  },
  {
    name: 'a login does not end the session before it',
    sentence: 'a login ends the session whose place it takes',
    deeds: [
      { kind: 'copy', jar: 0 },
      { kind: 'login', jar: 0, user: 'bob' },
    ],
    mutant: {
      store: (store) => ({
        ...store,
        bury: async (ref, tombstone, expiresAt) =>
          tombstone.why === 'superseded' ? undefined : store.bury(ref, tombstone, expiresAt),
      }),
    },
  },
];
