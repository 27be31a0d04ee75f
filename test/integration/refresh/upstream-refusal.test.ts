/** An API that refuses a token which should be good: at most one renewal and one repetition, and only where that is safe. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';

const clock = startClock();

describe('an API that answers 401', () => {
  const broker = running();
  const orders = () => `${broker.origin}/api/orders`;
  const grants = () => broker.provider.requestsTo('token').length;

  /** Somebody whose token is older than its margin and far from its end. */
  async function withOldToken(): Promise<Browser> {
    const browser = await loggedIn(broker.origin);
    clock.advance(120);
    return browser;
  }

  for (const method of ['GET', 'PUT', 'DELETE']) {
    it(`is called once more with a new token: ${method}`, async () => {
      const browser = await withOldToken();
      const before = grants();
      broker.apis.orders.refuseNext = 1;
      const answer = await browser.fetch(orders(), { method, ...(method === 'PUT' ? { body: 'a body' } : {}) });
      assert.equal(answer.status, 200);
      assert.equal(grants(), before + 1);
      assert.ok(answer.headers.getSetCookie().some((line) => line.startsWith('__Host-Http-bff-grant=')));
      assert.equal((await browser.fetch(orders())).status, 200);
      assert.equal(grants(), before + 1);
    });
  }

  it('that refuses the new token as well is believed', async () => {
    const browser = await withOldToken();
    const [before, calls] = [grants(), broker.apis.orders.requests.length];
    broker.apis.orders.refuseNext = 2;
    const answer = await browser.fetch(orders());
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('bff-error'), null);
    assert.deepEqual([grants(), broker.apis.orders.requests.length], [before + 1, calls + 2]);
  });

  it('is not asked twice by POST', async () => {
    const browser = await withOldToken();
    const [before, calls] = [grants(), broker.apis.orders.requests.length];
    broker.apis.orders.refuseNext = 1;
    assert.equal((await browser.fetch(orders(), { method: 'POST', body: '{}' })).status, 401);
    assert.deepEqual([grants(), broker.apis.orders.requests.length], [before, calls + 1]);
  });

  it('gets no other token while the one it has was issued just now', async () => {
    const browser = await loggedIn(broker.origin);
    const before = grants();
    broker.apis.orders.refuseNext = 1;
    assert.equal((await browser.fetch(orders())).status, 401);
    assert.equal(grants(), before);
  });

  it('is believed where the provider is away', async () => {
    const browser = await withOldToken();
    broker.provider.faults.before = (request) =>
      request.endpoint === 'token' ? { status: 503, headers: {}, json: {} } : undefined;
    broker.apis.orders.refuseNext = 1;
    const answer = await browser.fetch(orders());
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('bff-error'), null);
    assert.ok(browser.jar.some(({ name }) => name === '__Host-Http-bff-grant'));
  });
});

describe('an API that answers 403', () => {
  const broker = running();

  it('has decided', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(120);
    const before = broker.provider.requestsTo('token').length;
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/status/403`)).status, 403);
    assert.equal(broker.provider.requestsTo('token').length, before);
  });
});
