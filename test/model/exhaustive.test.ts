/** Every schedule of some small scenarios, within an allowance of switches between requests, delays and faults. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { check } from './check.ts';
import { explore } from './choices.ts';
import { isLong } from './effort.ts';
import { smallScenarios } from './scenarios.ts';

const most = isLong ? 200_000 : 10_000;

describe('every schedule', () => {
  let all = 0;
  for (const scenario of smallScenarios) {
    test(scenario.name, async (context) => {
      const allowance = isLong ? scenario.wider : scenario.allowance;
      const { schedules, complete } = await explore(async (choose) => {
        await check({ ...scenario, allowance }, choose);
      }, most);
      all += schedules;
      context.diagnostic(`${schedules} schedules`);
      assert.ok(complete || isLong, 'every schedule has been run');
    });
  }
  after(() => console.log(`every schedule: ${all} schedules in all`));
});
