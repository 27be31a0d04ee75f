/** Keys rotate while people are logged in, under instances that know the old ring only: nobody notices. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createBrowser, type Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { newKey } from '../broker/keys.ts';
import { logIn, loggedIn } from '../broker/person.ts';
import { codeOf } from '../broker/raw.ts';
import { running, usual } from '../broker/running.ts';
import { cookieOf, headerOf } from '../broker/sealed.ts';
import { forget, freeze, processesOf, putRing, runRotation, storedRing } from './live.ts';

const clock = startClock();

const hour = 3600;
const day = 24 * hour;

const settings = {
  configuration: { value: { ...usual, session: { idle: '12h', absolute: '12h' } } },
  provider: { mrrt: true },
};

/** The one that seals at the beginning; of another period than now. */
const lastMonth = (): object => newKey('last-month', 40 * day);

const identity = '__Host-Http-bff';
const sealedBy = (browser: Browser): unknown => headerOf(cookieOf(browser, identity).value)['kid'];

describe('keys that rotate while people are logged in', () => {
  const broker = running(settings);

  const statusOf = async (browser: Browser, path = '/api/orders'): Promise<number> =>
    (await browser.fetch(`${broker.origin}${path}`)).status;

  let alice: Browser;

  /** Another instance has read a ring of which the frozen one knows nothing, and has logged somebody in with it. */
  async function sealedElsewhere(): Promise<Browser> {
    freeze(broker, 'api');
    putRing(broker, ...(await storedRing(broker)), newKey('this-month'));
    await forget(broker, 'auth');
    const bob = createBrowser();
    // The page that the login leads to belongs to the app: the frozen function is not asked.
    await logIn(bob, broker.origin, { username: 'bob' });
    assert.equal(sealedBy(bob), 'this-month');
    return bob;
  }

  /** Alice's key is taken away, so that her next answers tell which ring they were made with. */
  async function answersAfter(minutes: number, mode: 'normal' | 'fail'): Promise<readonly number[]> {
    freeze(broker, 'api');
    putRing(broker, newKey('another'));
    clock.advance(minutes * 60);
    broker.stack.ssm.mode = mode;
    const reads = broker.stack.ssm.calls.length;
    const answers = [await statusOf(alice), await statusOf(alice)];
    assert.equal(broker.stack.ssm.calls.length, reads + (minutes < 5 ? 0 : 1));
    return answers;
  }

  beforeEach(async () => {
    broker.stack.ssm.mode = 'normal';
    putRing(broker, lastMonth());
    await broker.forgetInstances();
    alice = await loggedIn(broker.origin);
    assert.equal(sealedBy(alice), 'last-month');
    assert.equal(await statusOf(alice), 200);
  });
  afterEach(() => {
    broker.stack.ssm.mode = 'normal';
  });

  it('get a new one beside the old one, once, and the log names both without telling them', async () => {
    await runRotation(broker);
    const ring = await storedRing(broker);
    assert.deepEqual([ring[0]?.kid, ring.length], ['last-month', 2]);
    const line = await broker.logged(({ event }) => event === 'keys_rotated');
    assert.deepEqual(
      line['keys'],
      ring.map(({ kid }) => kid),
    );
    await runRotation(broker);
    await broker.logged(({ event }) => event === 'keys_unchanged');
    assert.deepEqual(await storedRing(broker), ring);
    for (const { key } of ring) assert.ok(!JSON.stringify(broker.lines()).includes(key));
  });

  it('open what was sealed before, seal with the old key for an hour and then with the new one', async () => {
    await runRotation(broker);
    const added = (await storedRing(broker)).at(-1)?.kid;
    await broker.forgetInstances();
    assert.equal(await statusOf(alice), 200);
    assert.equal(sealedBy(await loggedIn(broker.origin, 'bob')), 'last-month');
    clock.advance(hour + 60);
    const bob = await loggedIn(broker.origin, 'bob');
    assert.equal(sealedBy(bob), added);
    for (const browser of [alice, bob]) {
      assert.equal(await statusOf(browser), 200);
      assert.equal(await statusOf(browser, '/bff/user'), 200);
    }
  });

  describe('under an instance that was frozen meanwhile', () => {
    it('are read again for a key that it does not know, once, and nobody is logged out', async () => {
      const bob = await sealedElsewhere();
      clock.advance(60);
      const reads = broker.stack.ssm.calls.length;
      const [{ pid, invocations } = { pid: 0, invocations: 0 }] = processesOf(broker, 'api');
      for (const browser of [bob, alice, bob]) assert.equal(await statusOf(browser), 200);
      assert.deepEqual(
        processesOf(broker, 'api').map((one) => [one.pid, one.invocations]),
        [[pid, invocations + 3]],
      );
      assert.equal(broker.stack.ssm.calls.length, reads + 1);
    });

    for (const mode of ['fail', 'throttle', 'hang'] as const) {
      it(`are neither good nor bad while they cannot be read (${mode}); then all is well`, async () => {
        const bob = await sealedElsewhere();
        clock.advance(60);
        broker.stack.ssm.mode = mode;
        for (const path of ['/api/orders', '/bff/user']) {
          const answer = await bob.fetch(`${broker.origin}${path}`);
          assert.deepEqual([answer.status, codeOf(answer)], [503, 'session_unreadable']);
          assert.ok(Number(answer.headers.get('retry-after')) > 0);
          assert.deepEqual(answer.headers.getSetCookie(), []);
        }
        assert.equal(await statusOf(alice), 200, 'others are served');
        broker.stack.ssm.mode = 'normal';
        clock.advance(60);
        assert.equal(await statusOf(bob), 200);
      });
    }

    it('are used as they are for less than five minutes', async () => {
      assert.deepEqual(await answersAfter(4, 'normal'), [200, 200]);
    });

    it('are read beside a request from five minutes on, for the next one', async () => {
      assert.deepEqual(await answersAfter(6, 'normal'), [200, 401]);
    });

    it('are read before they are used from fifteen minutes on', async () => {
      assert.deepEqual(await answersAfter(16, 'normal'), [401, 401]);
    });

    it('are used however old while they cannot be read', async () => {
      assert.deepEqual(await answersAfter(60, 'fail'), [200, 200]);
    });
  });

  it('that are retired end their sessions as any end does, and the others go on', async () => {
    putRing(broker, lastMonth(), newKey('earlier', 39 * day));
    const { length } = await storedRing(broker);
    assert.equal(length, 2);
    await broker.forgetInstances();
    const bob = await loggedIn(broker.origin, 'bob');
    assert.equal(sealedBy(bob), 'earlier');
    await runRotation(broker);
    assert.ok(!(await storedRing(broker)).some(({ kid }) => kid === 'last-month'));
    await broker.forgetInstances();
    const answer = await alice.fetch(`${broker.origin}/api/orders`);
    assert.deepEqual([answer.status, codeOf(answer)], [401, 'login_required']);
    assert.equal(await statusOf(alice, '/bff/user'), 401);
    assert.equal(await statusOf(bob), 200);
    await logIn(alice, broker.origin);
    assert.equal(await statusOf(alice), 200);
  });
});
