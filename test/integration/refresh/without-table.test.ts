/** A stage without a table: one process shares its redemptions, and what the documentation says it cannot do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { loggedIn } from '../broker/person.ts';
import { cookiesSet } from '../broker/raw.ts';
import { running } from '../broker/running.ts';
import {
  answerRefresh,
  askUser,
  assertLater,
  assertOver,
  assertWorks,
  call,
  intoMargin,
  names,
  outcomeOf,
  pastEnd,
  refreshAll,
  refuseRefresh,
  setNames,
  shortLived,
  tally,
  trafficOf,
} from './usage.ts';

const clock = startClock();
const broker = running({ ...shortLived, table: false });

const grantDeletions = [names.grant, `${names.grant}.1`, `${names.grant}.2`];

describe('without a table', () => {
  it('a token that has ended is renewed, and late cookies find the new ones in the same process', async () => {
    const browser = await loggedIn(broker.origin);
    const late = browser.copy();
    clock.advance(pastEnd);
    const traffic = trafficOf(broker);
    const answer = await call(broker, browser);
    assert.deepEqual([outcomeOf(answer), setNames(answer)], ['200', [names.grant, names.orders]]);
    assert.equal(outcomeOf(await call(broker, late)), '200');
    assert.deepEqual(traffic.redeemed(), ['https://orders.example.com']);
    await assertWorks(broker, browser);
  });

  it('every token is renewed at once by who asks for it', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(intoMargin);
    const answer = await refreshAll(broker, browser);
    assert.deepEqual([outcomeOf(answer), setNames(answer)], ['200', [names.grant, names.orders, names.profile]]);
    clock.advance(pastEnd - intoMargin);
    const traffic = trafficOf(broker);
    await assertWorks(broker, browser);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('a failing provider ends nothing', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    answerRefresh(broker.provider, { status: 503 });
    assertLater(await call(broker, browser), 'refresh_failed_transient');
    delete broker.provider.faults.before;
    clock.advance(2);
    await assertWorks(broker, browser);
  });

  it('a definite refusal takes the grant out of the jar, which remembers the end in place of a table', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    refuseRefresh(broker.provider, 'invalid_grant');
    const refused = await call(broker, browser);
    assert.equal(outcomeOf(refused), '401 session_over');
    assert.deepEqual(cookiesSet(refused), { set: [], deleted: grantDeletions });
    delete broker.provider.faults.before;
    const traffic = trafficOf(broker);
    await assertOver(await call(broker, browser));
    await assertOver(await call(broker, browser, 'profile'));
    assert.equal((await askUser(broker, browser)).status, 401);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('cookies from before a refresh are over in a process that knows nothing of it', async () => {
    const browser = await loggedIn(broker.origin);
    const late = browser.copy();
    clock.advance(pastEnd);
    await call(broker, browser);
    await broker.forgetInstances();
    assert.equal(outcomeOf(await call(broker, late)), '401 session_over');
  });

  it('calls in several processes at once all succeed where the provider grants an overlap', async () => {
    broker.provider.tenant.overlapSeconds = 60;
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const answers = await Promise.all(Array.from({ length: 4 }, async () => call(broker, browser.copy())));
    assert.deepEqual(tally(answers), { 200: 4 });
  });

  it('a copied jar outlives a logout, and no longer than its tokens', async () => {
    const browser = await loggedIn(broker.origin);
    const copy = browser.copy();
    await leave(browser, broker);
    assert.equal(outcomeOf(await call(broker, copy)), '200');
    clock.advance(pastEnd);
    assert.equal(outcomeOf(await call(broker, copy)), '401 session_over');
  });

  it('the provider cannot log anybody out, and is told so', async () => {
    const browser = await loggedIn(broker.origin);
    const answer = await browser.fetch(`${broker.origin}/bff/backchannel`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'logout_token=x',
    });
    assert.equal(outcomeOf(answer), '404 not_found');
    const everywhere = await browser.fetch(`${broker.origin}/bff/logout?scope=all`, { method: 'POST' });
    assert.equal(outcomeOf(everywhere), '400 parameter_invalid');
  });
});
