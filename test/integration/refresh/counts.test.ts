/** What a session costs at the table, and what it asks of the provider. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TableCounts } from '../../../infra/local/aws/table.ts';
import { createBrowser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { logIn, loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import { askUser, call, intoMargin, outcomeOf, pastEnd, shortLived, trafficOf } from './usage.ts';

const clock = startClock();
const broker = running(shortLived);

/** Items read and written by what is done. */
async function costOf(work: () => Promise<unknown>): Promise<Omit<TableCounts, 'refused'>> {
  const { table } = broker.stack;
  assert.ok(table);
  const { reads, writes } = { ...table.counts };
  await work();
  return { reads: table.counts.reads - reads, writes: table.counts.writes - writes };
}

describe('the table is asked', () => {
  it('for nothing by a thousand requests with tokens that are good', async () => {
    const browser = await loggedIn(broker.origin);
    const cost = await costOf(async () => {
      for (let round = 0; round < 100; round += 1) {
        const answers = await Promise.all([
          ...Array.from({ length: 4 }, async () => call(broker, browser)),
          ...Array.from({ length: 4 }, async () => call(broker, browser, 'profile')),
          askUser(broker, browser),
          askUser(broker, browser),
        ]);
        assert.ok(answers.every(({ status }) => status === 200));
      }
    });
    assert.deepEqual(cost, { reads: 0, writes: 0 });
  });

  it('at a login for three writes', async () => {
    assert.deepEqual(await costOf(async () => loggedIn(broker.origin)), { reads: 0, writes: 3 });
  });

  it('at a login in place of another for its end as well', async () => {
    const browser = await loggedIn(broker.origin);
    const again = async () => logIn(browser, broker.origin, { query: '?prompt=login' });
    const { reads, writes } = await costOf(again);
    assert.ok(reads <= 4 && writes === 4, `${reads} reads, ${writes} writes`);
  });

  it('at a refresh for three writes by who pays, and for reads alone by the others', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const late = browser.copy();
    const paid = await costOf(async () => call(broker, browser));
    assert.ok(paid.reads <= 9 && paid.writes === 3, `${paid.reads} reads, ${paid.writes} writes`);
    const found = await costOf(async () => call(broker, late));
    assert.ok(found.reads <= 4 && found.writes === 0, `${found.reads} reads, ${found.writes} writes`);
  });

  it('inside the margin by one call alone', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(intoMargin);
    const traffic = trafficOf(broker);
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    const cost = await costOf(async () => {
      for (let count = 0; count < 20; count += 1) assert.equal(outcomeOf(await call(broker, browser)), '200');
    });
    assert.deepEqual([cost, traffic.redemptions().length], [{ reads: 0, writes: 0 }, 1]);
  });

  it('at a logout for one write, and by nobody for nothing', async () => {
    const browser = await loggedIn(broker.origin);
    const { reads, writes } = await costOf(async () => leave(browser, broker));
    assert.ok(reads <= 4 && writes === 1, `${reads} reads, ${writes} writes`);
    const nobody = createBrowser();
    const anonymous = async () => Promise.all([call(broker, nobody), askUser(broker, nobody)]);
    assert.deepEqual(await costOf(anonymous), { reads: 0, writes: 0 });
  });
});
