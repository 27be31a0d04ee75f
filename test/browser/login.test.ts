/** Log in, be somebody, call the APIs, log out: in real browsers, through the packaged functions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { receivedHeader } from '../integration/broker/running.ts';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { startPages } from './pages.ts';
import { bothAnswered, fillIn, logIn, openApp, settled, textOf, who } from './person.ts';
import { watchTraffic } from './traffic.ts';

const stack = oneMachine();
const traffic = watchTraffic();

/** The audiences of the token that reached this API last. */
function audiencesAt(name: 'orders' | 'profile'): string[] {
  const token = receivedHeader(stack.apis[name], 'authorization')?.replace('Bearer ', '') ?? '';
  return [decodeJwt(token).aud ?? []].flat();
}

const loginsStarted = (): number => traffic.cookiesTo(`${stack.origin}/bff/login`).length;

inEveryBrowser((newVisitor) => {
  test('a first visit shows nobody, and a login shows alice', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    assert.equal(await who(page), 'Nobody is logged in');
    await logIn(page, stack.origin);
    assert.equal(await who(page), 'Alice Archer');
    assert.match(await textOf(page, '#claims'), /email\s+"alice@example.com"/);
    assert.match(await textOf(page, '#countdown'), /^(?:29:\d\d|30:00)$/);
  });

  test('each API receives a JWT for its own audience, and the page shows it', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const userinfo = `${stack.provider.issuer}userinfo`;
    for (const name of ['orders', 'profile'] as const) {
      const audience = `https://${name}.example.com`;
      assert.deepEqual(audiencesAt(name), [audience, userinfo]);
      assert.equal(await textOf(page, `#${name} .end + .end .hit`), audience);
      assert.equal(await textOf(page, `#${name} .verdict`), 'The audience is the right one');
    }
    assert.match(await textOf(page, '#orders table'), /Fountain pen/);
  });

  test('no API sees a cookie, and the page shows no token', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    assert.equal(receivedHeader(stack.apis.orders, 'cookie'), undefined);
    assert.equal(receivedHeader(stack.apis.profile, 'cookie'), undefined);
    assert.doesNotMatch(await page.content(), /Bearer eyJ[\w-]+\.|"eyJ/);
  });

  test('a logout is shown, and a further call is answered 401 with the login', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    await page.locator('#logout').click();
    await page.waitForSelector('#welcome:not([hidden])');
    assert.equal(await who(page), 'Nobody is logged in');
    const answer = await page.evaluate(async () => {
      const response = await fetch('/api/orders', { headers: { 'X-CSRF': '1' } });
      const { code, login_url: loginUrl } = (await response.json()) as Record<string, unknown>;
      return { status: response.status, code, loginUrl };
    });
    assert.deepEqual(answer, { status: 401, code: 'login_required', loginUrl: '/bff/login' });
  });

  test('after a logout the provider asks for the password again', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    await page.locator('#logout').click();
    await page.waitForSelector('#welcome:not([hidden])');
    await page.locator('#welcome [data-login]').click();
    await page.waitForSelector('#password');
    assert.equal(new URL(page.url()).origin, stack.provider.origin);
  });

  test('two tabs that log in at once both end logged in', async (t) => {
    const visitor = await newVisitor(t);
    const tabs = [await visitor.newPage(), await visitor.newPage()];
    for (const tab of tabs) {
      await tab.bringToFront();
      await openApp(tab, stack.origin);
      await tab.locator('#welcome [data-login]').click();
      await tab.waitForSelector('#password');
    }
    for (const tab of tabs) {
      await tab.bringToFront();
      await fillIn(tab, 'alice');
      await tab.waitForSelector('#hello:not([hidden])');
      await bothAnswered(tab);
    }
    for (const tab of tabs) {
      await tab.reload();
      await bothAnswered(tab);
      assert.equal(await who(tab), 'Alice Archer');
      assert.match(await textOf(tab, '#orders .line'), /^200 /);
    }
  });

  test('a tab notices that another one has logged in, and that it has logged out', async (t) => {
    const visitor = await newVisitor(t);
    const [one, other] = [await visitor.newPage(), await visitor.newPage()];
    await openApp(other, stack.origin);
    await one.bringToFront();
    await logIn(one, stack.origin);
    await other.bringToFront();
    await other.waitForSelector('#hello:not([hidden])');
    await one.bringToFront();
    await one.locator('#logout').click();
    await one.waitForSelector('#welcome:not([hidden])');
    await other.bringToFront();
    await other.waitForSelector('#welcome:not([hidden])');
    assert.match(await textOf(other, '#notice'), /no longer logged in/);
  });

  test('calls that nobody is logged in for lead to the login once, and back to where they came from', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await page.goto(`${stack.origin}/?from=here`);
    await settled(page);
    const earlier = loginsStarted();
    await page.evaluate(() => {
      for (const button of document.querySelectorAll<HTMLElement>('.api button')) button.click();
    });
    await fillIn(page, 'bob');
    await page.waitForSelector('#hello:not([hidden])');
    assert.equal(loginsStarted() - earlier, 1);
    assert.equal(page.url(), `${stack.origin}/?from=here`);
    assert.equal(await who(page), 'Bob Baker');
  });

  test('a link on another site leads to a login that works, and keeps a session that is there', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    const elsewhere = await startPages(t, { '/': `<a href="${stack.origin}/bff/login?returnUrl=%2F">Log in</a>` });
    await page.goto(`${elsewhere}/`);
    await page.locator('a').click();
    await fillIn(page, 'alice');
    await page.waitForSelector('#hello:not([hidden])');
    await page.goto(`${elsewhere}/`);
    await page.locator('a').click();
    await page.waitForSelector('#hello:not([hidden])');
    assert.equal(await who(page), 'Alice Archer');
  });

  test('a link on another site to the app finds the session there', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    const elsewhere = await startPages(t, { '/': `<a href="${stack.origin}/">To the app</a>` });
    await logIn(page, stack.origin);
    await page.goto(`${elsewhere}/`);
    await page.locator('a').click();
    await page.waitForSelector('#hello:not([hidden])');
    assert.equal(await who(page), 'Alice Archer');
  });
});
