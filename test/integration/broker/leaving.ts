/** What a page does to log somebody out, and what is left afterwards. */
import assert from 'node:assert/strict';
import type { Browser } from './browser.ts';
import type { Running } from './running.ts';

/** The link that the application finds in the claims. */
export async function linkOf(browser: Browser, origin: string): Promise<string> {
  const answer = await browser.fetch(`${origin}/bff/user?slide=false`);
  const claims = (await answer.json()) as readonly { type: string; value: unknown }[];
  return String(claims.find(({ type }) => type === 'bff:logout_url')?.value);
}

export const isLoggedIn = async (browser: Browser, origin: string): Promise<boolean> =>
  (await browser.fetch(`${origin}/bff/user?slide=false`)).status === 200;

/** Name and path of each cookie of the broker. */
export const ownCookies = (browser: Browser): readonly string[] =>
  browser.jar.filter(({ host }) => host === 'localhost').map(({ name, path }) => `${name} ${path}`);

/** A logout as the page's link does it, up to the provider. */
export const leave = async (browser: Browser, { origin }: Running, query = ''): Promise<URL> => {
  const page = await browser.navigate(`${origin}${await linkOf(browser, origin)}${query}`, {
    from: `${origin}/`,
    stopAt: () => true,
  });
  assert.equal(page.status, 302);
  return new URL(page.headers.get('location') ?? '');
};
