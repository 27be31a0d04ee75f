/** Cookies as browsers really store and send them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrowserContext } from 'puppeteer-core';
import { inEveryBrowser } from './browsers.ts';
import { cookiesIn } from './jar.ts';
import { oneMachine } from './one-machine.ts';
import { bothAnswered, fillIn, logIn, openApp, who } from './person.ts';
import { shownName, watchTraffic } from './traffic.ts';

const stack = oneMachine();
const traffic = watchTraffic();

interface Stored {
  readonly path: string;
  readonly sameSite: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
}

/** The broker's cookies by name; of a login transaction the prefix alone. */
async function stored(context: BrowserContext): Promise<Record<string, Stored>> {
  const cookies = (await cookiesIn(context)).filter(({ domain }) => domain === 'localhost');
  const entries = cookies.map(({ name, path, sameSite, secure, httpOnly }) => {
    return [shownName(name), { path, sameSite, secure, httpOnly: httpOnly ?? false }] as const;
  });
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

const at = (path: string, sameSite = 'Strict'): Stored => ({ path, sameSite, secure: true, httpOnly: true });

const lastTo = (path: string): readonly string[] | undefined => traffic.cookiesTo(stack.origin + path).at(-1);

const always = ['__Host-Http-bff', '__Host-Http-bff-grant'];

inEveryBrowser((newVisitor) => {
  test('a login under way is one Lax cookie', async (t) => {
    const visitor = await newVisitor(t);
    const page = await visitor.newPage();
    await openApp(page, stack.origin);
    await page.locator('#welcome [data-login]').click();
    await page.waitForSelector('#password');
    assert.deepEqual(await stored(visitor.context), { '__Host-Http-bff-login': at('/', 'Lax') });
  });

  test('a session is Strict cookies that scripts cannot read, each token at the path of its API alone', async (t) => {
    const visitor = await newVisitor(t);
    const page = await visitor.newPage();
    await logIn(page, stack.origin);
    assert.deepEqual(await stored(visitor.context), {
      '__Host-Http-bff': at('/'),
      '__Host-Http-bff-grant': at('/'),
      '__Secure-bff-orders': at('/api/orders'),
      '__Secure-bff-profile': at('/api/profile'),
      '__Secure-bff-report': at('/bff/diagnostics'),
    });
    assert.equal(await page.evaluate(() => document.cookie), '');
  });

  test('a token is sent with the calls of its own API and with nothing else', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    assert.deepEqual(lastTo('/api/orders'), [...always, '__Secure-bff-orders']);
    assert.deepEqual(lastTo('/api/profile'), [...always, '__Secure-bff-profile']);
    assert.deepEqual(lastTo('/bff/user'), always);
  });

  test('the callback is reached without any Strict cookie, and needs none', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin, 'alice');
    await page.goto(`${stack.origin}/bff/login?prompt=login`);
    await fillIn(page, 'bob');
    await page.waitForSelector('#hello:not([hidden])');
    await bothAnswered(page);
    assert.deepEqual(lastTo('/bff/callback'), ['__Host-Http-bff-login']);
    assert.equal(await who(page), 'Bob Baker');
  });

  test('a logout leaves no cookie behind', async (t) => {
    const visitor = await newVisitor(t);
    const page = await visitor.newPage();
    await logIn(page, stack.origin);
    await page.locator('#logout').click();
    await page.waitForSelector('#welcome:not([hidden])');
    assert.deepEqual(await stored(visitor.context), {});
  });
});
