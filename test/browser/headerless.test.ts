/** Links and images, which cannot send a header: they work from the app's own pages, and from nobody else's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { startPages } from './pages.ts';
import { logIn, textOf } from './person.ts';

const image = '/api/orders/images/1.svg';
const invoice = '/api/orders/invoices/1.pdf';

const stack = oneMachine();

/** What reached the orders API below this path. */
const arrivedAt = (path: string): number => stack.apis.orders.requests.filter(({ target }) => target === path).length;

/** @returns the image's width once it is loaded; 0 where it is refused */
const widthOf = async (page: Page, selector: string): Promise<number> =>
  page.$eval(selector, async (element) => {
    const found = element as HTMLImageElement;
    return found.decode().then(
      () => found.naturalWidth,
      () => 0,
    );
  });

/** Where other people's pages are: another site, and another origin of the same one. */
const elsewhere: Readonly<Record<string, (origin: string) => string>> = {
  'another site': (origin) => origin,
  'another origin of the same site': (origin) => origin.replace('127.0.0.1', 'localhost'),
};

inEveryBrowser((newVisitor) => {
  test('an image of the app is loaded', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    assert.equal(await widthOf(page, '#image'), 120);
  });

  test('a link of the app opens the document, which may not act as the app', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const before = arrivedAt('/invoices/1.pdf');
    const [response] = await Promise.all([
      page.waitForResponse((found) => found.url() === `${stack.origin}${invoice}`),
      page.locator('#invoice').click(),
    ]);
    assert.equal(response.status(), 200);
    const headers = response.headers();
    assert.equal(headers['content-type'], 'application/pdf');
    assert.match(headers['content-security-policy'] ?? '', /\bsandbox\b/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(arrivedAt('/invoices/1.pdf') - before, 1);
  });

  for (const [where, address] of Object.entries(elsewhere)) {
    test(`a page of ${where} cannot embed the image`, async (t) => {
      const page = await (await newVisitor(t)).newPage();
      await logIn(page, stack.origin);
      await widthOf(page, '#image');
      const before = arrivedAt('/images/1.svg');
      const origin = address(await startPages(t, { '/': `<img src="${stack.origin}${image}">` }));
      await page.goto(`${origin}/`);
      assert.equal(await widthOf(page, 'img'), 0);
      assert.equal(arrivedAt('/images/1.svg'), before);
    });

    test(`a link on a page of ${where} is refused`, async (t) => {
      const page = await (await newVisitor(t)).newPage();
      await logIn(page, stack.origin);
      const before = arrivedAt('/invoices/1.pdf');
      const origin = address(await startPages(t, { '/': `<a href="${stack.origin}${invoice}">Invoice</a>` }));
      await page.goto(`${origin}/`);
      await page.locator('a').click();
      assert.match(await textOf(page, 'main'), /csrf_rejected/);
      assert.equal(arrivedAt('/invoices/1.pdf'), before);
    });
  }
});
