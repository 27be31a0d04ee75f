/** The keys that seal cookies come, go and cannot be read; formats come from other releases. Nobody is logged out by a fault. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import type { Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { newKey, ringText } from './keys.ts';
import { logIn, loggedIn } from './person.ts';
import { ask, codeOf, header } from './raw.ts';
import { running, type Running } from './running.ts';
import { cookieOf, headerOf, withCookie, withHeader } from './sealed.ts';

const clock = startClock();

/** Longer than two re-readings are apart, shorter than a reading stays fresh. */
const aWhile = 60;

const [first, second] = [newKey('first'), newKey('second')];

const settings = {
  table: false,
  parameters: { 'cookie-keys': ringText(first) },
} as const;

const statusOf = async (browser: Browser, url: string): Promise<number> => (await browser.fetch(url)).status;

const putKeys = ({ stack }: Running, ...keys: readonly object[]): number =>
  stack.ssm.put(`${stack.parameterPrefix}/cookie-keys`, ringText(...keys), 'SecureString');

/** Ends the processes of one function alone, so that the other one goes on with what it knows. */
async function forget({ stack }: Running, door: 'auth' | 'api'): Promise<void> {
  const processes = stack.lambda.processes().filter(({ functionName }) => functionName.endsWith(`-${door}`));
  for (const one of processes) one.kill();
  await Promise.all(processes.map(async ({ ended }) => ended));
}

async function assertNotNow(answer: Response): Promise<void> {
  assert.equal(answer.status, 503);
  assert.equal(codeOf(answer), 'session_unreadable');
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.deepEqual(answer.headers.getSetCookie(), []);
  assert.ok(!('login_url' in ((await answer.json()) as object)));
}

const protectedNames = ['__Host-Http-bff', '__Host-Http-bff-grant', '__Secure-bff-orders'] as const;

describe('a cookie under a key that is not known here', () => {
  const broker = running(settings);
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });
  afterEach(() => {
    broker.stack.ssm.mode = 'normal';
  });

  for (const [name, status] of [
    ['__Host-Http-bff', 401],
    ['__Host-Http-bff-grant', 401],
    // Another token is had in the place of one that cannot be read any more.
    ['__Secure-bff-orders', 200],
  ] as const) {
    it(`makes the keys be read once more: ${name}`, async () => {
      assert.equal(await statusOf(alice, `${broker.origin}/api/orders`), 200);
      clock.advance(aWhile);
      const stranger = withCookie(alice, name, withHeader(cookieOf(alice, name).value, { kid: 'unknown' }));
      const reads = broker.stack.ssm.calls.length;
      assert.equal(await statusOf(stranger, `${broker.origin}/api/orders`), status);
      assert.equal(await statusOf(stranger, `${broker.origin}/api/orders`), status);
      assert.equal(broker.stack.ssm.calls.length, reads + 1);
    });

    it(`is neither good nor bad while they cannot be read: ${name}`, async () => {
      const stranger = withCookie(alice, name, withHeader(cookieOf(alice, name).value, { kid: 'unknown' }));
      for (const mode of ['fail', 'throttle', 'hang'] as const) {
        clock.advance(aWhile);
        broker.stack.ssm.mode = mode;
        await assertNotNow(await stranger.fetch(`${broker.origin}/api/orders`));
        assert.equal(await statusOf(alice, `${broker.origin}/api/orders`), 200, 'others are served');
      }
    });
  }

  it('is answered in the same way by /bff/user', async () => {
    const name = '__Host-Http-bff';
    const stranger = withCookie(alice, name, withHeader(cookieOf(alice, name).value, { kid: 'unknown' }));
    clock.advance(aWhile);
    broker.stack.ssm.mode = 'fail';
    await assertNotNow(await stranger.fetch(`${broker.origin}/bff/user`));
    broker.stack.ssm.mode = 'normal';
    clock.advance(aWhile);
    assert.equal(await statusOf(stranger, `${broker.origin}/bff/user`), 401);
  });

  it('cannot make a flood of readings', async () => {
    const name = '__Host-Http-bff';
    clock.advance(aWhile);
    const reads = broker.stack.ssm.calls.length;
    for (let turn = 0; turn < 20; turn += 1) {
      const value = withHeader(cookieOf(alice, name).value, { kid: `unknown-${turn}` });
      await withCookie(alice, name, value).fetch(`${broker.origin}/bff/user`);
    }
    assert.equal(broker.stack.ssm.calls.length, reads + 1);
  });
});

describe('a new key', () => {
  const broker = running(settings);

  it('that another instance seals with already opens here, and nobody notices', async () => {
    const earlier = await loggedIn(broker.origin);
    assert.equal(await statusOf(earlier, `${broker.origin}/api/orders`), 200);
    putKeys(broker, first, second);
    await forget(broker, 'auth');
    const later = await loggedIn(broker.origin, 'bob');
    assert.equal(headerOf(cookieOf(earlier, '__Host-Http-bff').value)['kid'], 'first');
    assert.equal(headerOf(cookieOf(later, '__Host-Http-bff').value)['kid'], 'second');
    clock.advance(aWhile);
    const reads = broker.stack.ssm.calls.length;
    for (const browser of [later, earlier, later]) {
      assert.equal(await statusOf(browser, `${broker.origin}/bff/user`), 200);
      assert.equal(await statusOf(browser, `${broker.origin}/api/orders`), 200);
    }
    assert.equal(broker.stack.ssm.calls.length, reads + 1);
  });

  it('seals nothing for an hour', async () => {
    putKeys(broker, first, second, newKey('third', 600 + 2 * aWhile));
    await broker.forgetInstances();
    const browser = await loggedIn(broker.origin);
    assert.equal(headerOf(cookieOf(browser, '__Host-Http-bff').value)['kid'], 'second');
  });

  it('during a login changes nothing about it', async () => {
    putKeys(broker, first);
    await broker.forgetInstances();
    const browser = await loggedIn(broker.origin);
    const begun = await browser.navigate(`${broker.origin}/bff/login`, {
      from: `${broker.origin}/`,
      stopAt: (url) => url.pathname === '/bff/callback',
    });
    assert.equal(begun.status, 303);
    putKeys(broker, first, second);
    await broker.forgetInstances();
    const callback = new URL(begun.headers.get('location') ?? '');
    const page = await browser.navigate(callback, { from: broker.provider.origin });
    assert.equal(page.url.pathname, '/');
    assert.equal(headerOf(cookieOf(browser, '__Host-Http-bff').value)['kid'], 'second');
  });
});

describe('a key that was retired', () => {
  const broker = running(settings);

  it('ends its sessions like any other end, and a login works', async () => {
    const browser = await loggedIn(broker.origin);
    putKeys(broker, second);
    await broker.forgetInstances();
    const answer = await browser.fetch(`${broker.origin}/api/orders`);
    assert.equal(answer.status, 401);
    assert.equal(codeOf(answer), 'login_required');
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.equal((await logIn(browser, broker.origin)).status, 200);
    assert.equal(await statusOf(browser, `${broker.origin}/api/orders`), 200);
  });
});

describe('a cookie in the format of a later release', () => {
  const broker = running(settings);

  for (const name of protectedNames) {
    it(`is kept for whoever can read it: ${name}`, async () => {
      const browser = await loggedIn(broker.origin);
      const newer = withCookie(browser, name, withHeader(cookieOf(browser, name).value, { v: 99 }));
      await assertNotNow(await newer.fetch(`${broker.origin}/api/orders`));
      if (name !== '__Secure-bff-orders') await assertNotNow(await newer.fetch(`${broker.origin}/bff/user`));
    });
  }

  it('is not ended by a logout', async () => {
    const browser = await loggedIn(broker.origin);
    const name = '__Host-Http-bff';
    const value = withHeader(cookieOf(browser, name).value, { v: 99 });
    const answer = await ask(broker.origin, '/bff/logout', {
      headers: { 'sec-fetch-site': 'same-origin' },
      cookie: header([{ name, value }]),
    });
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  it('of a login under way is kept, too', async () => {
    const browser = await loggedIn(broker.origin);
    const begun = await browser.navigate(`${broker.origin}/bff/login`, {
      from: `${broker.origin}/`,
      stopAt: (url) => url.pathname === '/bff/callback',
    });
    const name = browser.jar.find((cookie) => cookie.name.includes('-login-'))?.name ?? '';
    const newer = withCookie(browser, name, withHeader(cookieOf(browser, name).value, { v: 99 }));
    const redemptions = broker.provider.requestsTo('token').length;
    const page = await newer.navigate(begun.headers.get('location') ?? '', { from: broker.provider.origin });
    assert.equal(page.status, 503);
    assert.equal(page.headers.get('bff-error'), 'session_unreadable');
    assert.deepEqual(page.setCookies, []);
    assert.equal(broker.provider.requestsTo('token').length, redemptions);
  });
});
