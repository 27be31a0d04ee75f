/** The page itself: by keyboard, on a phone, under its strict policy, with its stream, and while the broker cannot answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { bothAnswered, fillIn, landed, logIn, openApp, textOf, who } from './person.ts';

const stack = oneMachine();

const mostTabs = 12;

/** In seconds; the broker says a whole number, for which no test needs to wait. */
const soon = '0.01';

/** Presses Tab until the focus is where it is wanted, and asserts that one can see where it is. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let pressed = 0; pressed < mostTabs; pressed += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate((wanted) => {
      const { activeElement } = document;
      if (activeElement === null) return { isThere: false, outline: '' };
      return { isThere: activeElement.matches(wanted), outline: getComputedStyle(activeElement).outlineStyle };
    }, selector);
    assert.notEqual(focused.outline, 'none', 'the focus cannot be seen');
    if (focused.isThere) return;
  }
  assert.fail(`${selector} cannot be reached by Tab`);
}

/** How many pixels the page is wider than its window. */
const overflow = async (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Answers calls of orders with 503, so many times; the rest passes. */
async function answerUnavailable(page: Page, times: number): Promise<{ calls: number }> {
  const seen = { calls: 0 };
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const isCall = new URL(request.url()).pathname === '/api/orders';
    if (isCall) seen.calls += 1;
    const answered =
      isCall && seen.calls <= times
        ? request.respond({
            status: 503,
            headers: { 'Retry-After': soon, 'Bff-Error': 'provider_unavailable' },
            contentType: 'application/problem+json',
            body: JSON.stringify({ title: 'The identity provider cannot be reached', code: 'provider_unavailable' }),
          })
        : request.continue();
    answered.catch(() => undefined);
  });
  return seen;
}

async function callOrders(page: Page): Promise<string> {
  await page.evaluate(() => document.querySelector('#orders .line')?.remove());
  await page.locator('#orders button').click();
  return textOf(page, '#orders .line');
}

/** Resolves once the newest event that the card shows is this one, or a later one. @returns its number */
async function eventSince(page: Page, number: number): Promise<number> {
  const shown = await page.waitForFunction(
    (least) => {
      const newest = Number(document.querySelector('#stream li code')?.textContent ?? '0');
      return newest >= least && newest;
    },
    {},
    number,
  );
  return Number(await shown.jsonValue());
}

const streamIs = async (page: Page, state: string): Promise<unknown> =>
  page.waitForSelector(`#stream[data-state="${state}"]`);

/** The streams that reached the API. */
const streamsAsked = () => stack.apis.orders.requests.filter(({ target }) => target === '/events');

inEveryBrowser((newVisitor) => {
  test('one can log in, call an API and log out by keyboard alone', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    await tabTo(page, '.skip');
    await tabTo(page, '#login');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#username:focus');
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    await page.keyboard.type('alice');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#hello:not([hidden])');
    await bothAnswered(page);
    await page.evaluate(() => document.querySelector('#profile .line')?.remove());
    await tabTo(page, '#profile button');
    await page.keyboard.press(' ');
    assert.match(await textOf(page, '#profile .line'), /^200 /);
    assert.equal(await page.evaluate(() => document.activeElement?.matches('#profile button')), true);
    await page.reload();
    await bothAnswered(page);
    await tabTo(page, '#logout');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#welcome:not([hidden])');
    assert.equal(await who(page), 'Nobody is logged in');
  });

  test('the switch is turned by keyboard, and its login says what it leaves out', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    await page.focus('#without-audience');
    await page.keyboard.press(' ');
    assert.equal(await textOf(page, '#trial'), 'Log in without the audience');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'trial');
  });

  test('on a phone nothing is wider than the window', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await page.setViewport({ width: 360, height: 740 });
    await openApp(page, stack.origin);
    assert.equal(await overflow(page), 0, 'logged out');
    await logIn(page, stack.origin);
    await page.evaluate(() => {
      for (const each of document.querySelectorAll('details')) each.open = true;
    });
    assert.equal(await overflow(page), 0, 'logged in, with everything opened');
    await page.goto(`${stack.origin}/bff/diagnostics`);
    await landed(page, '/bff/diagnostics');
    assert.equal(await overflow(page), 0, 'diagnostics');
  });

  test('the page violates nothing of its strict policy, and no script fails', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(String(error)));
    await page.evaluateOnNewDocument(() => {
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        document.documentElement.dataset['violation'] = `${violatedDirective} ${blockedURI}`;
      });
    });
    const response = await page.goto(`${stack.origin}/`);
    const policy = response?.headers()['content-security-policy'] ?? '';
    assert.match(policy, /^default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    await logIn(page, stack.origin);
    assert.equal(await page.evaluate(() => document.documentElement.dataset['violation']), undefined);
    assert.deepEqual(failures, []);
  });

  test('a call answered 503 is repeated until it passes', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const seen = await answerUnavailable(page, 2);
    assert.match(await callOrders(page), /^200 /);
    assert.equal(seen.calls, 3);
  });

  test('a call answered 503 every time is given up after three tries, and the page says why', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const seen = await answerUnavailable(page, Number.POSITIVE_INFINITY);
    assert.match(await callOrders(page), /^503 /);
    assert.equal(seen.calls, 3);
    assert.match(await textOf(page, '#orders .problem'), /provider_unavailable/);
  });

  test('a call that may change something is not repeated', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const seen = await answerUnavailable(page, Number.POSITIVE_INFINITY);
    const status = await page.evaluate(async () => {
      const { brokerFetch } = (await import(`${location.origin}/app.js`)) as {
        brokerFetch: (path: string, init: RequestInit) => Promise<Response>;
      };
      return (await brokerFetch('/api/orders', { method: 'POST' })).status;
    });
    assert.deepEqual([status, seen.calls], [503, 1]);
  });

  test('a login that is begun from a call may not be left half-way: going back shows the page again', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    await page.locator('#orders button').click();
    await page.waitForSelector('#password');
    await page.evaluate(() => history.back());
    await page.waitForSelector('#welcome:not([hidden])');
    await page.locator('#orders button').click();
    await fillIn(page, 'alice');
    await page.waitForSelector('#hello:not([hidden])');
    assert.equal(await who(page), 'Alice Archer');
  });

  test('a stream shows each event as it comes, until it is stopped, and may be started again', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const earlier = streamsAsked().length;
    await page.locator('#stream button').click();
    await streamIs(page, 'live');
    const first = await eventSince(page, 1);
    await eventSince(page, first + 1);
    assert.equal(await textOf(page, '#stream button'), 'Stop');
    assert.match(await textOf(page, '#stream li'), /^\d+\s+A-100[123] is /);
    await page.locator('#stream button').click();
    await streamIs(page, 'ended');
    assert.deepEqual(
      [await textOf(page, '#stream button'), await textOf(page, '#stream .line')],
      ['Start', 'Stopped.'],
    );
    await page.locator('#stream button').click();
    await streamIs(page, 'live');
    assert.equal(streamsAsked().length - earlier, 2);
  });

  test('a stream that has ended is taken up again after the last event', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    await page.locator('#stream button').click();
    const last = await eventSince(page, 2);
    const earlier = streamsAsked().length;
    await stack.forgetInstances();
    await eventSince(page, last + 1);
    const [again] = streamsAsked().slice(earlier);
    const sent = again?.rawHeaders ?? [];
    const at = sent.findIndex((name) => name.toLowerCase() === 'last-event-id');
    assert.ok(Number(sent[at + 1]) >= last);
  });

  test('a stream that nobody is logged in for says so, and leads to the login', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    const earlier = streamsAsked().length;
    await page.locator('#stream button').click();
    await page.waitForSelector('#stream .line a');
    assert.match(await textOf(page, '#stream .line'), /^Nobody is logged in: the broker answered 401\. Log in/);
    assert.equal(await textOf(page, '#stream button'), 'Start');
    assert.equal(streamsAsked().length, earlier);
    await page.locator('#stream .line a').click();
    await fillIn(page, 'alice');
    await bothAnswered(page);
    await page.locator('#stream button').click();
    await streamIs(page, 'live');
  });

  test('a stream is closed when the session ends in another tab', async (t) => {
    const visitor = await newVisitor(t);
    const [page, other] = [await visitor.newPage(), await visitor.newPage()];
    await page.bringToFront();
    await logIn(page, stack.origin);
    await page.locator('#stream button').click();
    await streamIs(page, 'live');
    await other.bringToFront();
    await openApp(other, stack.origin);
    await other.locator('#logout').click();
    await other.waitForSelector('#welcome:not([hidden])');
    await page.bringToFront();
    await streamIs(page, 'ended');
    assert.match(
      await textOf(page, '#stream .line'),
      /^The session has ended, so this page has closed the stream\. Log in/,
    );
  });
});
