/** A table, or a parameter store, that is too busy, broken, silent or gone: what can go on goes on, and nothing is ever redeemed without the lock. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import type { TableMode } from '../../../infra/local/aws/table.ts';
import { createBrowser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { linkOf } from '../broker/leaving.ts';
import { assertRefused, sessionCookies } from '../broker/outcome.ts';
import { logIn, loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import {
  askUser,
  assertCookiesUntouched,
  assertLater,
  assertWorks,
  call,
  holdAfter,
  intoMargin,
  names,
  outcomeOf,
  pastEnd,
  refreshAll,
  shortLived,
  trafficOf,
} from './usage.ts';

const clock = startClock();
const broker = running(shortLived);

const switchTo = async (mode: TableMode): Promise<void> => broker.stack.table?.switchTo(mode);

const modes: Readonly<Record<Exclude<TableMode, 'normal'>, string>> = {
  throttle: 'is too busy',
  fail: 'fails',
  hang: 'does not answer',
  gone: 'is gone',
};

/** Everything that somebody may do in that moment, at once, because each waits for the table as long as it may. */
async function tryEverything(mode: TableMode) {
  const ended = await loggedIn(broker.origin);
  clock.advance(pastEnd - intoMargin);
  const [ending, leaving, visitor] = [await loggedIn(broker.origin), await loggedIn(broker.origin), createBrowser()];
  clock.advance(intoMargin);
  const fresh = await loggedIn(broker.origin);
  const link = await linkOf(leaving, broker.origin);
  const grantless = fresh.copy();
  grantless.forget(({ name }) => name === names.grant);
  const traffic = trafficOf(broker);
  await switchTo(mode);
  const [used, waiting, login, left] = await Promise.all([
    Promise.all([call(broker, fresh), call(broker, fresh, 'profile'), call(broker, ending)]),
    Promise.all([
      call(broker, ended),
      call(broker, ended, 'profile'),
      refreshAll(broker, ended),
      askUser(broker, ended),
      call(broker, grantless),
    ]),
    logIn(visitor, broker.origin),
    leaving.navigate(broker.origin + link, { from: `${broker.origin}/`, stopAt: () => true }),
  ]);
  await switchTo('normal');
  return {
    used,
    waiting,
    login,
    left,
    redemptions: traffic.redemptions(),
    jars: { ended, grantless, visitor, leaving },
  };
}

for (const [mode, what] of Object.entries(modes) as [TableMode, string][]) {
  describe(`while the table ${what}`, () => {
    let tried: Awaited<ReturnType<typeof tryEverything>>;

    before(async () => {
      tried = await tryEverything(mode);
    });

    it('a token that has not ended is used, inside its margin as well', () => {
      for (const answer of tried.used) {
        assert.equal(outcomeOf(answer), '200');
        assertCookiesUntouched(answer);
      }
    });

    it('calls whose token has ended, or whose grant is missing, wait, and nothing is redeemed', () => {
      for (const answer of tried.waiting) assertLater(answer, 'store_unavailable');
      assert.deepEqual(tried.redemptions, []);
    });

    it('nobody can log in, and no cookie is set', async () => {
      await assertRefused(broker, tried.jars.visitor, tried.login, { code: 'store_unavailable' });
    });

    it('who logs out is logged out all the same', () => {
      assert.equal(tried.left.status, 302);
      assert.deepEqual(sessionCookies(tried.jars.leaving), []);
    });

    it('nothing is lost: afterwards every session goes on', async () => {
      await assertWorks(broker, tried.jars.ended);
      await assertWorks(broker, tried.jars.grantless);
      await loggedIn(broker.origin);
    });
  });
}

describe('a table that fails', () => {
  it('for a moment, just when new tokens are to be stored, loses nothing', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const gate = holdAfter(broker.provider);
    const calling = call(broker, browser);
    await gate.arrived();
    await switchTo('fail');
    const refused = broker.stack.table?.counts.refused ?? 0;
    gate.open();
    while ((broker.stack.table?.counts.refused ?? 0) === refused) await new Promise(setImmediate);
    await switchTo('normal');
    assert.equal(outcomeOf(await calling), '200');
    await assertWorks(broker, browser);
  });
});

describe('a parameter store that throttles', () => {
  afterEach(() => {
    broker.stack.ssm.mode = 'normal';
  });

  it('is not needed for a refresh by who knows the parameters, even old ones', async () => {
    const browser = await loggedIn(broker.origin);
    await call(broker, browser);
    broker.stack.ssm.mode = 'throttle';
    for (const seconds of [pastEnd, 16 * 60]) {
      clock.advance(seconds);
      await assertWorks(broker, browser);
    }
    await broker.logged(({ event }) => event === 'configuration_stale');
  });

  it('makes a new process answer 503, and the session goes on afterwards', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    broker.stack.ssm.mode = 'throttle';
    await broker.forgetInstances();
    assertLater(await call(broker, browser), 'configuration_unavailable');
    broker.stack.ssm.mode = 'normal';
    clock.advance(6);
    await assertWorks(broker, browser);
  });
});
