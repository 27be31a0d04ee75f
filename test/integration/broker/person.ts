/** Somebody in front of a browser: logs in through the provider's form, as the page's links lead. */
import assert from 'node:assert/strict';
import { createBrowser, type Browser, type NavigateOptions, type Page } from './browser.ts';

export interface LoginOptions extends NavigateOptions {
  readonly username?: string;
  readonly password?: string;
  /** Query of `/bff/login`. */
  readonly query?: string;
}

/** Follows `/bff/login` to wherever it ends, filling in the provider's form where it is shown. */
export async function logIn(browser: Browser, origin: string, options: LoginOptions = {}): Promise<Page> {
  const { username = 'alice', password = username, query = '', ...navigation } = options;
  const page = await browser.navigate(`${origin}/bff/login${query}`, { from: `${origin}/`, ...navigation });
  return submitForm(browser, page, { username, password }, navigation);
}

/** Sends the login form of a page; a page without one is where the login has ended already. */
export async function submitForm(
  browser: Browser,
  page: Page,
  fields: Readonly<Record<string, string>>,
  options: NavigateOptions = {},
): Promise<Page> {
  const action = /<form[^>]*\baction="([^"]+)"/.exec(page.text)?.[1];
  if (action === undefined || !page.text.includes('name="password"')) return page;
  const url = new URL(action.replaceAll('&amp;', '&'), page.url);
  const landed = await browser.navigate(url, { ...options, from: page.url.href, method: 'POST', form: fields });
  return { ...landed, steps: [...page.steps, ...landed.steps] };
}

/** A browser in which somebody has logged in. */
export async function loggedIn(origin: string, username = 'alice'): Promise<Browser> {
  const browser = createBrowser();
  const page = await logIn(browser, origin, { username });
  assert.equal(
    page.status,
    200,
    `the login ended with ${page.status} at ${page.url.pathname}: ${page.text.slice(0, 2000)}`,
  );
  return browser;
}
