/** Small scenarios of which every schedule is run. */
import type { Deed } from './actions.ts';
import type { Scenario } from './check.ts';
import type { Allowance } from './scheduler.ts';
import type { WorldSettings } from './truth.ts';

export const usual: WorldSettings = {
  rotation: 'strict',
  issuesRefreshTokens: true,
  further: 'granted',
  tokenSeconds: 300,
  hasTable: true,
  revocation: 'refresh',
};

/** Ann has logged in, and the tokens of that login have ended, or are about to. */
export const loggedIn = (passSeconds = 301): readonly Deed[] => [
  { kind: 'login', jar: 0, user: 'ann' },
  { kind: 'pass', seconds: passSeconds },
];

export interface Small extends Scenario {
  readonly name: string;
  /** For a longer run. */
  readonly wider: Allowance;
}

interface Sketch {
  readonly name: string;
  readonly deeds: readonly Deed[];
  readonly settings?: Partial<WorldSettings>;
  readonly passSeconds?: number;
  readonly allowance: readonly [switches: number, delays: number, faults: number];
  readonly wider: readonly [switches: number, delays: number, faults: number];
}

const orders = { kind: 'call', jar: 0, api: 'orders' } as const satisfies Deed;
const profile: Deed = { kind: 'call', jar: 0, api: 'profile' };
const logout: Deed = { kind: 'logout', jar: 0 };
const any = Number.POSITIVE_INFINITY;

const sketches: readonly Sketch[] = [
  { name: 'two calls of one API, in every order', deeds: [orders, orders], allowance: [any, 0, 0], wider: [any, 1, 0] },
  {
    name: 'two calls of two APIs, in every order',
    deeds: [orders, profile],
    allowance: [any, 0, 0],
    wider: [any, 1, 0],
  },
  { name: 'three calls of two APIs', deeds: [orders, profile, orders], allowance: [2, 0, 0], wider: [4, 0, 0] },
  { name: 'two calls, one of which takes long', deeds: [orders, profile], allowance: [1, 1, 0], wider: [2, 2, 0] },
  { name: 'one call and two faults', deeds: [orders], allowance: [0, 0, 2], wider: [0, 1, 2] },
  { name: 'two calls and a fault', deeds: [orders, profile], allowance: [1, 0, 1], wider: [2, 1, 1] },
  {
    name: 'two calls and a fault, where the provider gives spent tokens an overlap',
    deeds: [orders, profile],
    settings: { rotation: 'overlap' },
    allowance: [1, 0, 1],
    wider: [1, 1, 1],
  },
  {
    name: 'a holder that goes on after another one has followed it',
    deeds: [orders, { ...orders, after: 13 }],
    settings: { rotation: 'overlap' },
    allowance: [0, 1, 1],
    wider: [1, 1, 1],
  },
  {
    name: 'two calls inside the margin and a fault',
    deeds: [orders, orders],
    passSeconds: 260,
    allowance: [1, 0, 1],
    wider: [2, 1, 1],
  },
  {
    name: 'calls of two APIs, one of which is refused',
    deeds: [profile, orders],
    settings: { further: 'invalid_grant' },
    allowance: [1, 0, 1],
    wider: [2, 1, 1],
  },
  {
    name: 'a call and a logout, in almost every order',
    deeds: [orders, logout],
    allowance: [4, 0, 0],
    wider: [any, 1, 0],
  },
  { name: 'a call, a logout and a fault', deeds: [orders, logout], allowance: [1, 0, 1], wider: [2, 1, 1] },
  {
    name: 'a call and the login of somebody else',
    deeds: [orders, { kind: 'login', jar: 0, user: 'bob' }],
    allowance: [1, 1, 0],
    wider: [4, 1, 0],
  },
  {
    name: 'a call, a login of the same user and a fault',
    deeds: [orders, { kind: 'login', jar: 0, user: 'ann' }],
    allowance: [1, 0, 1],
    wider: [2, 0, 1],
  },
  {
    name: 'two calls and the end of the session by the provider',
    deeds: [orders, profile, { kind: 'backchannel', session: 0, by: 'sid' }],
    allowance: [2, 0, 0],
    wider: [3, 0, 1],
  },
  {
    name: 'POST /bff/refresh, a call and a user check',
    deeds: [{ kind: 'refresh', jar: 0 }, profile, { kind: 'user', jar: 0 }],
    allowance: [2, 0, 0],
    wider: [2, 0, 1],
  },
  {
    name: 'calls of two copies of a jar, one of which logs out',
    deeds: [{ kind: 'copy', jar: 0 }, orders, { ...logout, jar: 1 }, { ...profile, jar: 1 }],
    allowance: [2, 0, 0],
    wider: [3, 0, 0],
  },
];

const allowanceOf = ([switches, delay, fault]: Sketch['allowance']): Allowance => ({ switch: switches, delay, fault });

export const smallScenarios: readonly Small[] = sketches.map(
  ({ name, deeds, settings, passSeconds, allowance, wider }) => ({
    name,
    deeds,
    settings: { ...usual, ...settings },
    before: loggedIn(passSeconds),
    allowance: allowanceOf(allowance),
    wider: allowanceOf(wider),
  }),
);
