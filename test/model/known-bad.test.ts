/** The check can fail: it finds what is wrong with every broker of which we know that something is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { knownBad } from './mutants.ts';
import { loggedIn, usual } from './scenarios.ts';
import { search } from './search.ts';

const most = 2000;

describe('the check finds that', () => {
  for (const { name, mutant, deeds, passSeconds, allowance, sentence } of knownBad) {
    test(name, async (context) => {
      const scenario = {
        settings: usual,
        before: loggedIn(passSeconds),
        deeds,
        allowance: { switch: Number.POSITIVE_INFINITY, delay: 2, fault: 1, ...allowance },
      };
      const hit = await search({ ...scenario, mutant }, most);
      assert.ok(hit, `it is not found in ${most} schedules`);
      context.diagnostic(`found in schedule ${hit.schedules}: ${hit.found.sentence}`);
      assert.equal(hit.found.sentence, sentence);
      assert.equal(await search(scenario, hit.schedules), undefined, 'the real broker does not do it');
    });
  }
});
