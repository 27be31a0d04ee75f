/** Where every request asks whether its session has ended; and logouts that the provider itself tells the broker of. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import {
  askUser,
  assertLater,
  assertOver,
  assertWorks,
  call,
  outcomeOf,
  pastEnd,
  refreshAll,
  shortLived,
} from '../refresh/usage.ts';
import { deliver, loggedInWithSid, logoutToken } from './logout-tokens.ts';

const clock = startClock();
const broker = running({
  ...shortLived,
  configuration: { value: { ...usual, session: { revocation: 'immediate' } } },
});

describe('a session that has ended elsewhere', () => {
  // A revocation counts for logins of the same second as well.
  beforeEach(() => clock.advance(2));

  it('by the provider’s word is over at once', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(2);
    await assertWorks(broker, browser);
    assert.equal((await deliver(broker, await logoutToken(broker))).status, 200);
    for (const api of ['orders', 'profile'] as const) await assertOver(await call(broker, browser, api));
    await assertOver(await refreshAll(broker, browser));
    assert.equal((await askUser(broker, browser)).status, 401);
  });

  it('by a logout is over at once for every copy of its cookies', async () => {
    const browser = await loggedIn(broker.origin);
    const copy = browser.copy();
    await leave(browser, broker);
    await assertOver(await call(broker, copy));
    await assertOver(await refreshAll(broker, copy));
    assert.equal((await askUser(broker, copy)).status, 401);
    assert.ok(broker.provider.requestsTo('revoke').length > 0);
  });

  it('by a logout everywhere is over at once in the other browser', async () => {
    const [here, there] = [await loggedIn(broker.origin), await loggedIn(broker.origin)];
    clock.advance(2);
    await here.fetch(`${broker.origin}/bff/logout?scope=all`, { method: 'POST' });
    await assertOver(await call(broker, there));
    clock.advance(2);
    await assertWorks(broker, await loggedIn(broker.origin));
  });
});

describe('a table that cannot be asked', () => {
  it('lets nobody through, and ends nothing', async () => {
    const browser = await loggedIn(broker.origin);
    await broker.stack.table?.switchTo('gone');
    const answers = await Promise.all([call(broker, browser), refreshAll(broker, browser), askUser(broker, browser)]);
    await broker.stack.table?.switchTo('normal');
    for (const answer of answers) assertLater(answer, 'store_unavailable');
    await assertWorks(broker, browser);
  });
});

describe('what it costs', () => {
  it('is one read of the session, the user and the provider’s session for each request', async () => {
    const browser = await loggedIn(broker.origin);
    const { table } = broker.stack;
    assert.ok(table);
    const { reads, writes } = table.counts;
    for (let count = 0; count < 10; count += 1) assert.equal(outcomeOf(await call(broker, browser)), '200');
    assert.deepEqual([table.counts.reads - reads, table.counts.writes - writes], [30, 0]);
  });
});

describe('a logout at the provider', () => {
  it('is delivered to the broker, and ends that session alone', async () => {
    const [{ browser, sid }, other] = [await loggedInWithSid(broker), await loggedIn(broker.origin)];
    clock.advance(2);
    const jar = browser.copy();
    await jar.navigate(`${broker.provider.origin}/oidc/logout`);
    const delivery = broker.provider.logoutDeliveries.find((one) => one.sid === sid);
    assert.deepEqual(delivery, { clientId: 'token-broker', sid });
    await assertOver(await call(broker, browser));
    await assertWorks(broker, other);
  });

  it('that the broker’s own logout leads to is delivered, and nothing goes wrong by it', async () => {
    const { browser, sid } = await loggedInWithSid(broker);
    clock.advance(2);
    await browser.navigate((await leave(browser, broker)).href, { from: `${broker.origin}/` });
    assert.deepEqual(
      broker.provider.logoutDeliveries.find((one) => one.sid === sid),
      { clientId: 'token-broker', sid },
    );
    clock.advance(2);
    const again = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    await assertWorks(broker, again);
  });
});
