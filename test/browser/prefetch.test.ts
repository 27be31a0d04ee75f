/** What browsers load before anybody asks for it: nobody is logged in, logged out or called for by that. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { linkInPage, statusOfUser } from './asking.ts';
import { inEveryBrowser, type Visitor } from './browsers.ts';
import { cookiesIn } from './jar.ts';
import { oneMachine } from './one-machine.ts';
import { startPages } from './pages.ts';
import { fillIn, landed, logInAtRoot } from './person.ts';
import { watchTraffic } from './traffic.ts';

const pages = { '/': '<h1>A page</h1>' };
const appPages = await startPages({ after }, pages);
const neighbour = (await startPages({ after }, pages)).replace('127.0.0.1', 'localhost');

const stack = oneMachine({ app: { kind: 'server', origin: appPages } });
const traffic = watchTraffic();

/** How a page asks for it: the text of an element, its name and attributes. */
interface Way {
  readonly purpose: string;
  readonly name: 'script' | 'link';
  readonly attributes: (url: string) => Readonly<Record<string, string>>;
  readonly text: (url: string) => string;
}

const rule = (action: 'prefetch' | 'prerender', purpose: string): Way => ({
  purpose,
  name: 'script',
  attributes: () => ({ type: 'speculationrules' }),
  text: (url) => JSON.stringify({ [action]: [{ source: 'list', urls: [url], eagerness: 'immediate' }] }),
});

const hint: Way = {
  purpose: 'prefetch',
  name: 'link',
  attributes: (url) => ({ rel: 'prefetch', href: url }),
  text: () => '',
};

const rules = {
  'a speculation rule to prefetch': rule('prefetch', 'prefetch'),
  'a speculation rule to prerender': rule('prerender', 'prefetch;prerender'),
};

const waysOf: Readonly<Record<string, Readonly<Record<string, Way>>>> = {
  Chromium: { ...rules, '<link rel="prefetch">': hint },
  Firefox: { '<link rel="prefetch">, since it knows no speculation rules': hint },
};

/** @returns the status, once the browser has it; the request said that it is a prefetch, and reached the broker */
async function prefetch(page: Page, way: Way, url: string): Promise<number> {
  const answered = traffic.answered(url);
  const received = page.waitForResponse((response) => response.url() === url);
  await page.evaluate(
    (name, attributes, text) => {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      element.textContent = text;
      document.head.append(element);
    },
    way.name,
    way.attributes(url),
    way.text(url),
  );
  const [{ method, purpose, status }] = await Promise.all([answered, received]);
  assert.deepEqual([method, purpose], ['GET', way.purpose]);
  return status;
}

/** Every cookie with its value. */
const jarOf = async ({ context }: Visitor): Promise<readonly string[]> =>
  (await cookiesIn(context)).map(({ domain, path, name, value }) => `${domain}${path} ${name}=${value}`).toSorted();

const asked = (): readonly string[] => stack.provider.requests.map(({ endpoint }) => endpoint);

/** What a request with an effect would change: cookies, the session, and what provider and API have been asked. */
const state = async (visitor: Visitor, page: Page): Promise<object> => ({
  jar: await jarOf(visitor),
  user: await statusOfUser(page),
  provider: asked(),
  calls: stack.apis.orders.requests.length,
});

/** The address with which the provider sends the browser back, kept from it. */
async function heldCallback(page: Page): Promise<string> {
  let location = '';
  stack.provider.faults.authorization = (answer) => {
    location = answer.headers['location'] ?? '';
    return { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Held</h1>' };
  };
  await page.goto(`${stack.origin}/bff/login`);
  await fillIn(page, 'alice');
  await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Held');
  stack.provider.faults.authorization = undefined;
  return location;
}

inEveryBrowser((newVisitor, browser) => {
  const ways = Object.entries(waysOf[browser] ?? {});

  for (const [name, way] of ways) {
    // Chromium asks an origin for nothing more of the kind after a 503, so that it is the last answer of each test.
    test(`no API is called and no login begins by ${name}: 403 and 503`, async (t) => {
      const visitor = await newVisitor(t);
      const page = await visitor.newPage();
      await logInAtRoot(page, stack.origin);
      const before = await state(visitor, page);
      for (const [target, status] of [
        ['/api/orders/1', 403],
        ['/bff/login?returnUrl=%2F', 503],
      ] as const) {
        assert.equal(await prefetch(page, way, stack.origin + target), status);
        assert.deepEqual(await state(visitor, page), before);
      }
    });

    test(`nobody is logged out by ${name}, not even by the link of the session: 503`, async (t) => {
      const visitor = await newVisitor(t);
      const page = await visitor.newPage();
      await logInAtRoot(page, stack.origin);
      const link = stack.origin + (await linkInPage(page));
      const before = await state(visitor, page);
      assert.equal(await prefetch(page, way, link), 503);
      assert.deepEqual(await state(visitor, page), before);
    });

    test(`the code of a login is not spent by ${name}: 503, and the login still ends well`, async (t) => {
      const page = await (await newVisitor(t)).newPage();
      const url = await heldCallback(page);
      await page.goto(`${stack.origin}/`);
      const before = asked();
      assert.equal(await prefetch(page, way, url), 503);
      assert.deepEqual(asked(), before);
      await page.goto(url);
      await landed(page, '/');
      assert.equal(await statusOfUser(page), 200);
    });
  }

  // Chromium sends these with the cookies of the site, and says that no page has asked (`Sec-Fetch-Site: none`).
  for (const [name, way] of Object.entries(browser === 'Chromium' ? rules : {})) {
    test(`no API is called and no login begins by ${name} on another origin of the same site: 403 and 503`, async (t) => {
      const visitor = await newVisitor(t);
      const app = await visitor.newPage();
      await logInAtRoot(app, stack.origin);
      const before = await state(visitor, app);
      const page = await visitor.newPage();
      await page.goto(`${neighbour}/`);
      for (const [target, status] of [
        ['/api/orders/1', 403],
        ['/bff/login', 503],
      ] as const) {
        assert.equal(await prefetch(page, way, stack.origin + target), status);
        assert.deepEqual(await state(visitor, app), before);
      }
      assert.ok(traffic.cookiesTo(`${stack.origin}/bff/login`).at(-1)?.includes('__Host-Http-bff'));
    });
  }

  test(`speculation rules are ${browser === 'Chromium' ? 'known' : 'not known'}, as the names here say`, async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await page.goto(`${stack.origin}/`);
    const isKnown = await page.evaluate(() => HTMLScriptElement.supports('speculationrules'));
    assert.equal(isKnown, browser === 'Chromium');
  });
});
