/** A stage without a table: one process does as well as a table does, and beyond it there are exactly the exceptions that are documented. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deed } from './actions.ts';
import { check } from './check.ts';
import { explore } from './choices.ts';
import { first, type Allowance } from './scheduler.ts';
import { loggedIn, usual } from './scenarios.ts';
import type { World } from './world.ts';

const any = Number.POSITIVE_INFINITY;
const orders = { kind: 'call', jar: 0, api: 'orders' } as const satisfies Deed;
const profile = { kind: 'call', jar: 0, api: 'profile' } as const satisfies Deed;

const outcomesOf = ({ requests }: World): string[] =>
  requests.flatMap(({ kind, outcome }) => (kind === 'call' && outcome !== undefined ? [outcome] : []));

/** @returns what calls were answered in any of all schedules */
async function outcomesInAll(
  processes: 'one' | 'several',
  deeds: readonly Deed[],
  allowance: Allowance,
): Promise<ReadonlySet<string>> {
  const outcomes = new Set<string>();
  const settings = { ...usual, hasTable: false, processes };
  const { complete } = await explore(async (choose) => {
    const world = await check({ settings, before: loggedIn(), deeds, allowance }, choose);
    for (const outcome of outcomesOf(world)) outcomes.add(outcome);
  }, 10_000);
  assert.ok(complete);
  return outcomes;
}

describe('without a table', () => {
  test('requests of one process share one redemption', async () => {
    const outcomes = await outcomesInAll('one', [orders, profile, orders], { switch: 3, delay: 0, fault: 0 });
    assert.deepEqual([...outcomes], ['200']);
  });

  test('two processes can spend one refresh token twice, which ends the session and nothing else', async () => {
    const deeds = [
      { ...orders, instance: 1 },
      { ...orders, instance: 2 },
    ];
    const outcomes = await outcomesInAll('several', deeds, { switch: any, delay: 0, fault: 0 });
    assert.deepEqual(outcomes, new Set(['200', 'session_over']));
  });

  test('a late answer of a previous session can cost the new one its grant, and shows nobody the data of another', async () => {
    const deeds: readonly Deed[] = [
      orders,
      { kind: 'login', jar: 0, user: 'bob' },
      { kind: 'pass', seconds: 5 },
      profile,
    ];
    const outcomes = await outcomesInAll('one', deeds, { switch: 2, delay: 1, fault: 0 });
    assert.deepEqual(outcomes, new Set(['200', 'session_over']));
  });

  test('a copied jar outlives logout until its tokens end', async () => {
    const deeds: readonly Deed[] = [
      { kind: 'copy', jar: 0 },
      { kind: 'logout', jar: 0 },
      { ...orders, jar: 1 },
      { kind: 'pass', seconds: 301 },
      { ...orders, jar: 1, instance: 1 },
    ];
    const world = await check(
      {
        settings: { ...usual, hasTable: false, processes: 'several' },
        before: loggedIn(1),
        deeds,
        allowance: { switch: 0, delay: 0, fault: 0 },
      },
      first,
    );
    assert.deepEqual(outcomesOf(world), ['200', 'session_over']);
  });
});
