/** Schedules with more faults than all of them together can be tried with, which have once shown something. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check, Found, type Scenario } from './check.ts';
import { directed } from './choices.ts';
import { loggedIn, usual } from './scenarios.ts';
import type { Mutant } from './world.ts';

describe('a holder that freezes stores its answer after the follower, who had no time left, has given the lease back', () => {
  const schedule = [
    'call2 redeems refresh-G1-1 for https://orders: late by 3000 ms',
    'call 0 orders',
    'call3 reads the rows: done, then freezes',
    'call2 redeems refresh-G1-1 for https://orders: done, then freezes',
    'call3 reads tokens 2: late by 900 ms',
  ];
  const scenario: Scenario = {
    settings: usual,
    before: loggedIn(),
    deeds: [
      { kind: 'call', jar: 0, api: 'orders' },
      { kind: 'call', jar: 0, api: 'orders' },
    ],
    allowance: { switch: 1, delay: 2, fault: 2 },
  };

  test('the next one adopts it', async () => {
    const { choose, left } = directed(schedule);
    await check(scenario, choose);
    assert.deepEqual(left, []);
  });

  test('without the mark that the follower leaves, its refresh token would be presented again', async () => {
    const mutant: Mutant = {
      store: (store) => ({
        ...store,
        release: (ref, holder, unknown) => store.release(ref, holder, unknown?.count === 0 ? undefined : unknown),
      }),
    };
    await assert.rejects(
      check({ ...scenario, mutant }, directed(schedule).choose),
      (error) => error instanceof Found && error.sentence === 'a spent refresh token is never presented again',
    );
  });
});
