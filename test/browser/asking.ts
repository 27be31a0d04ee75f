/** What a script of the app's own page asks the broker. */
import assert from 'node:assert/strict';
import type { Page } from 'puppeteer-core';

/** 200 where somebody is logged in, 401 where nobody is. */
export const statusOfUser = async (page: Page): Promise<number> =>
  page.evaluate(async () => (await fetch('/bff/user?slide=false', { headers: { 'X-CSRF': '1' } })).status);

/** The link with which the app logs this session out. */
export async function linkInPage(page: Page): Promise<string> {
  const link = await page.evaluate(async () => {
    const answer = await fetch('/bff/user?slide=false', { headers: { 'X-CSRF': '1' } });
    const claims = (await answer.json()) as readonly { readonly type: string; readonly value: unknown }[];
    return claims.find(({ type }) => type === 'bff:logout_url')?.value;
  });
  assert.ok(typeof link === 'string');
  return link;
}
