/** Tokens of five seconds in real browsers: a page that keeps calling notices nothing of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { audienceOf, isRefresh } from '../integration/refresh/usage.ts';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { bothAnswered, logIn, openApp } from './person.ts';

/** As `npm start -- --token-lifetime 5s`. */
const stack = oneMachine({ provider: { accessTokenLifetimeSeconds: 5 } });

interface Called {
  readonly path: string;
  readonly status: number;
  /** Of the token that arrived, the first audience. */
  readonly audience: string | undefined;
}

/** The page calls both APIs at the same time, every second, and repeats nothing. */
const callFor = async (page: Page, seconds: number): Promise<readonly Called[]> =>
  page.evaluate(async (forSeconds) => {
    const called: { path: string; status: number; audience: string | undefined }[] = [];
    const callOnce = async (path: string): Promise<void> => {
      const response = await fetch(path, { headers: { 'X-CSRF': '1' } });
      const { aud } = (await response.json()) as { aud?: readonly string[] };
      called.push({ path, status: response.status, audience: aud?.[0] });
    };
    const endsAt = performance.now() + forSeconds * 1000;
    while (performance.now() < endsAt) {
      const second = new Promise((resolve) => setTimeout(resolve, 1000));
      await Promise.all(['/api/orders', '/api/profile'].map(callOnce));
      await second;
    }
    return called;
  }, seconds);

function assertAllAnswered(called: readonly Called[], seconds: number): void {
  assert.ok(called.length >= seconds, `${called.length} calls in ${seconds} s`);
  for (const { path, status, audience } of called) {
    assert.deepEqual([path, status, audience], [path, 200, audienceOf(path === '/api/orders' ? 'orders' : 'profile')]);
  }
}

/** Each refresh token was presented once, and the provider refused none. */
function assertRotatedCleanly(start: number, seconds: number): void {
  const redemptions = stack.provider.requests.slice(start).filter(isRefresh);
  assert.deepEqual([...new Set(redemptions.map(({ status }) => status))], [200]);
  const presented = redemptions.map(({ parameters }) => parameters['refresh_token']);
  assert.equal(new Set(presented).size, presented.length);
  assert.ok(redemptions.length >= (2 * seconds) / 6, `${redemptions.length} redemptions in ${seconds} s`);
}

inEveryBrowser((newVisitor, name) => {
  const seconds = name === 'Chromium' ? 60 : 20;

  test(`for ${seconds} seconds every call to two APIs is answered`, async (t) => {
    const page = await (await newVisitor(t)).newPage();
    const start = stack.provider.requests.length;
    await logIn(page, stack.origin);
    assertAllAnswered(await callFor(page, seconds), seconds);
    assertRotatedCleanly(start, seconds);
  });

  test('two tabs that call at the same time do not disturb each other, and a logout in one ends the other', async (t) => {
    const visitor = await newVisitor(t);
    const [one, other] = [await visitor.newPage(), await visitor.newPage()];
    await one.bringToFront();
    await logIn(one, stack.origin);
    await other.bringToFront();
    await openApp(other, stack.origin);
    await bothAnswered(other);
    const start = stack.provider.requests.length;
    const [first, second] = await Promise.all([callFor(one, 12), callFor(other, 12)]);
    assertAllAnswered(first, 12);
    assertAllAnswered(second, 12);
    assertRotatedCleanly(start, 12);
    await one.bringToFront();
    await one.locator('#logout').click();
    await one.waitForSelector('#welcome:not([hidden])');
    for (const { status } of await callFor(other, 1)) assert.equal(status, 401);
  });
});
