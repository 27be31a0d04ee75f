/** What a person does in the page and at the provider's login form, and what they see. */
import assert from 'node:assert/strict';
import type { Page } from 'puppeteer-core';

/** Resolves once the page has asked who is logged in and has drawn it. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector(':is(#welcome, #hello):not([hidden])');
}

export async function openApp(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/`);
  await settled(page);
}

/** At the provider's form. */
export async function fillIn(page: Page, name: string): Promise<void> {
  await page.locator('#username').fill(name);
  await page.locator('#password').fill(name);
  await page.locator('button[type=submit]').click();
}

/** Resolves once the page in the window is the one of this path and has its heading. */
export async function landed(page: Page, path: string): Promise<void> {
  await page.waitForFunction(
    (wanted) => location.pathname === wanted && document.querySelector('h1') !== null,
    {},
    path,
  );
}

/** Resolves once both APIs have answered. */
export async function bothAnswered(page: Page): Promise<void> {
  await page.waitForSelector('#orders[data-status]');
  await page.waitForSelector('#profile[data-status]');
}

/** From the page's own button to both APIs' answers. */
export async function logIn(page: Page, origin: string, name = 'alice'): Promise<void> {
  await openApp(page, origin);
  await page.locator('#welcome [data-login]').click();
  await fillIn(page, name);
  await page.waitForSelector('#hello:not([hidden])');
  await bothAnswered(page);
}

/** From the login's own address to the page at the root, whatever that one shows. */
export async function logInAtRoot(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/bff/login`);
  await fillIn(page, 'alice');
  await landed(page, '/');
}

export async function textOf(page: Page, selector: string): Promise<string> {
  const element = await page.waitForSelector(selector);
  assert(element, `${selector} is not there`);
  return element.evaluate((found) => (found as HTMLElement).innerText.trim());
}

export const who = async (page: Page): Promise<string> => textOf(page, '#who');
