/** The client secret changes at the provider and in the parameters while functions are warm: logins and refreshes go on. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { defaultClient } from '../../../infra/local/provider/provider.ts';
import { createBrowser, type Browser, type Page } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { codeOf } from '../broker/raw.ts';
import { running } from '../broker/running.ts';
import { authorize, callBack, startLogin } from '../broker/starting.ts';
import { forget } from './live.ts';

const clock = startClock();

/** What the provider knows from now on, and what it knew before. */
const [newSecret, oldSecret] = [defaultClient.secret ?? '', 'secret-that-the-provider-knew-before'];

const tokenSeconds = 240;

/** Longer than two re-readings are apart, shorter than a code lasts. */
const aWhile = 30;

describe('a client secret that is changed at the provider', () => {
  const broker = running({ provider: { accessTokenLifetimeSeconds: tokenSeconds } });

  const putSecret = (secret: string): number =>
    broker.stack.ssm.put(`${broker.stack.parameterPrefix}/client-secret`, secret, 'SecureString');
  const reads = (): number => broker.stack.ssm.calls.length;
  const tokenRequests = (): readonly (number | undefined)[] =>
    broker.provider.requestsTo('token').map(({ status }) => status);

  /** The function that redeems the code knows the old secret when the browser comes back. */
  async function callbackOfWarmFunction(secretInParameters: string): Promise<Page> {
    putSecret(oldSecret);
    await forget(broker, 'auth');
    const browser = createBrowser();
    const started = await startLogin(broker, browser);
    const response = await authorize(broker, browser, started);
    putSecret(secretInParameters);
    clock.advance(aWhile);
    broker.provider.requests.length = 0;
    return callBack(broker, browser, response);
  }

  beforeEach(async () => {
    putSecret(newSecret);
    await broker.forgetInstances();
  });
  afterEach(() => {
    broker.stack.ssm.mode = 'normal';
  });

  describe('during a login', () => {
    it('is read once more, and the login succeeds', async () => {
      const before = reads();
      const page = await callbackOfWarmFunction(newSecret);
      assert.equal(page.status, 200, page.text);
      assert.deepEqual(tokenRequests().slice(0, 2), [401, 200]);
      assert.equal(reads(), before + 2, 'at the start of the function and for the refused secret');
    });

    it('ends in an answer that names the reason where the parameters do not know it yet', async () => {
      const page = await callbackOfWarmFunction(oldSecret);
      assert.deepEqual([page.status, page.headers.get('bff-error')], [502, 'provider_rejected']);
      assert.deepEqual(tokenRequests(), [401]);
    });

    it('ends in the same answer where they cannot be read', async () => {
      putSecret(oldSecret);
      await forget(broker, 'auth');
      const browser = createBrowser();
      const response = await authorize(broker, browser, await startLogin(broker, browser));
      clock.advance(aWhile);
      broker.stack.ssm.mode = 'fail';
      const page = await callBack(broker, browser, response);
      assert.deepEqual([page.status, page.headers.get('bff-error')], [502, 'provider_rejected']);
    });
  });

  describe('before a refresh', () => {
    let alice: Browser;

    /** The function that refreshes knows the old secret, and Alice's token has ended. */
    beforeEach(async () => {
      alice = await loggedIn(broker.origin);
      putSecret(oldSecret);
      await forget(broker, 'api');
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
      clock.advance(tokenSeconds + 5);
      broker.provider.requests.length = 0;
    });

    it('is read once more, and the call succeeds', async () => {
      putSecret(newSecret);
      const before = reads();
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
      assert.deepEqual(tokenRequests(), [401, 200]);
      assert.equal(reads(), before + 1);
    });

    it('keeps the session where the parameters do not know it yet, and goes on once they do', async () => {
      const answer = await alice.fetch(`${broker.origin}/api/orders`);
      assert.equal(answer.status, 503, codeOf(answer));
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      assert.deepEqual(answer.headers.getSetCookie(), []);
      const line = await broker.logged(({ event }) => event === 'refresh_failed');
      assert.equal(line['reason'], 'invalid_client');
      putSecret(newSecret);
      clock.advance(40);
      assert.equal((await alice.fetch(`${broker.origin}/api/orders`)).status, 200);
    });
  });
});
