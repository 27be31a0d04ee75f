/** Several logins of one browser at once: each has a transaction of its own, used once and not for long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBrowser, type Browser, type JarCookie } from './browser.ts';
import { startClock } from './clock.ts';
import { assertLoggedIn, assertRefused, sessionCookies, transactions } from './outcome.ts';
import { running } from './running.ts';
import { authorize, callBack, startLogin, type Started } from './starting.ts';

const clock = startClock();
const broker = running();

const codeRequests = (): number => broker.provider.requestsTo('token').length;
const bytes = (cookies: readonly JarCookie[]): number =>
  cookies.reduce((sum, { name, value }) => sum + `${name}=${value}; `.length, 0);
const pathOf = (url: URL): string => url.pathname + url.search;

const start = async (browser: Browser, query = ''): Promise<Started> => startLogin(broker, browser, query);

/** Nothing is redeemed, nobody is logged in. */
async function assertMismatch(browser: Browser, response: URL): Promise<void> {
  const before = codeRequests();
  const page = await callBack(broker, browser, response);
  assert.deepEqual([page.status, page.headers.get('bff-error')], [400, 'login_state_mismatch']);
  assert.equal(codeRequests(), before, 'a code was redeemed');
  assert.deepEqual(sessionCookies(browser), []);
}

describe('two tabs', () => {
  test('can log in interleaved, and each ends at its own page', async () => {
    const browser = createBrowser();
    const first = await start(browser, '?returnUrl=/first');
    const second = await start(browser, '?returnUrl=/second');
    assert.equal(transactions(browser).length, 2);
    const responses = [await authorize(broker, browser, first), await authorize(broker, browser, second)] as const;
    assert.equal(pathOf((await callBack(broker, browser, responses[0])).url), '/first');
    assert.equal(transactions(browser).length, 1);
    assert.equal(pathOf((await callBack(broker, browser, responses[1])).url), '/second');
    assert.deepEqual(transactions(browser), []);
    await assertLoggedIn(broker, browser);
  });

  test('do not end with the response of each other', async () => {
    const browser = createBrowser();
    const first = await start(browser);
    const second = await start(browser);
    const response = await authorize(broker, browser, first);
    const other = await authorize(broker, browser, second);
    response.searchParams.set('code', other.searchParams.get('code') ?? '');
    // The provider holds a code against the challenge of its own login (RFC 7636, section 4.6).
    const page = await callBack(broker, browser, response);
    assert.equal(page.headers.get('bff-error'), 'provider_rejected');
    assert.deepEqual(sessionCookies(browser), []);
    assert.equal(transactions(browser).length, 1, 'the other tab lost its login');
  });
});

describe('logins that were started and never ended', () => {
  test('take up three cookies and two kilobytes at most, and the newest one still works', async () => {
    const browser = createBrowser();
    const started: Started[] = [];
    for (let count = 0; count < 30; count += 1) {
      started.push(await start(browser, `?returnUrl=/page/${String(count)}/${'x'.repeat(100)}`));
      assert.ok(transactions(browser).length <= 3);
      assert.ok(bytes(transactions(browser)) <= 2048, `${String(bytes(transactions(browser)))} bytes`);
    }
    const [oldest, newest] = [started[0], started.at(-1)];
    assert.ok(oldest && newest);
    await assertMismatch(browser, await authorize(broker, browser, oldest));
    const page = await callBack(broker, browser, await authorize(broker, browser, newest));
    assert.match(page.url.pathname, /^\/page\/29\//);
  });

  test('end after ten minutes, even where the browser keeps the cookie', async () => {
    const browser = createBrowser();
    const started = await start(browser);
    const [cookie] = transactions(browser);
    assert.ok(cookie);
    clock.advance(601);
    const response = await authorize(broker, browser, started);
    const before = codeRequests();
    assert.deepEqual(
      transactions(browser).filter(({ expiresAtMs }) => expiresAtMs > Date.now()),
      [],
    );
    browser.plant(cookie, 'localhost');
    await assertRefused(broker, browser, await callBack(broker, browser, response), { code: 'login_expired' });
    assert.equal(codeRequests(), before);
  });

  test('still work after nine minutes', async () => {
    const browser = createBrowser();
    const started = await start(browser);
    clock.advance(540);
    await callBack(broker, browser, await authorize(broker, browser, started));
    await assertLoggedIn(broker, browser);
  });
});

describe('the response to a login', () => {
  test('is of use in the browser that started it alone', async () => {
    const attacker = createBrowser();
    const response = await authorize(broker, attacker, await start(attacker), 'bob');
    const victim = createBrowser();
    await assertMismatch(victim, response);
    await start(victim);
    await assertMismatch(victim, response);
  });

  test('is of use once: the transaction is gone, and with its cookie put back the provider refuses the code', async () => {
    const browser = createBrowser();
    const response = await authorize(broker, browser, await start(browser));
    const before = browser.copy();
    await callBack(broker, browser, response);
    await assertLoggedIn(broker, browser);
    const kept = sessionCookies(browser);

    const requests = codeRequests();
    const again = await callBack(broker, browser, response);
    assert.equal(again.headers.get('bff-error'), 'login_state_mismatch');
    assert.equal(codeRequests(), requests);
    assert.deepEqual(sessionCookies(browser), kept, 'the replay touched the session');

    const page = await callBack(broker, before, response);
    assert.notEqual(page.status, 200);
    assert.deepEqual(sessionCookies(before), []);
  });

  test('does not go with the cookie of another transaction under its name', async () => {
    const browser = createBrowser();
    const response = await authorize(broker, browser, await start(browser));
    const [own] = transactions(browser);
    const other = createBrowser();
    await start(other);
    const [foreign] = transactions(other);
    assert.ok(own && foreign);
    browser.forget(({ name }) => name === own.name);
    browser.plant({ name: own.name, value: foreign.value, path: '/' }, 'localhost');
    await assertMismatch(browser, response);
  });

  test('does not go with a transaction that was altered', async () => {
    const browser = createBrowser();
    const response = await authorize(broker, browser, await start(browser));
    const [own] = transactions(browser);
    assert.ok(own);
    browser.forget(({ name }) => name === own.name);
    const value = own.value.replace(/.(?=.{10}$)/, (character) => (character === 'A' ? 'B' : 'A'));
    browser.plant({ name: own.name, value, path: '/' }, 'localhost');
    await assertMismatch(browser, response);
  });
});

describe('a transaction is no session, and a session no transaction:', () => {
  test('one put in the place of the other counts as nothing', async () => {
    const browser = createBrowser();
    const response = await authorize(broker, browser, await start(browser));
    const [transaction] = transactions(browser);
    await callBack(broker, browser, response);
    const session = sessionCookies(browser).find(({ name }) => name === '__Host-Http-bff');
    assert.ok(transaction && session);

    const swapped = createBrowser();
    swapped.plant({ name: session.name, value: transaction.value, path: '/' }, 'localhost');
    assert.equal((await swapped.fetch(`${broker.origin}/bff/user`)).status, 401);
    swapped.forget(({ name }) => name === session.name);
    const started = await start(swapped);
    const [own] = transactions(swapped);
    assert.ok(own);
    const answer = await authorize(broker, swapped, started);
    swapped.forget(({ name }) => name === own.name);
    swapped.plant({ name: own.name, value: session.value, path: '/' }, 'localhost');
    await assertMismatch(swapped, answer);
  });
});
