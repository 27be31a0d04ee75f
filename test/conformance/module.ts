/** A module of the OpenID Foundation's relying-party plans, replayed: what the provider does, and what the broker must do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemCode } from '../../functions/contract/wire.ts';
import { createBrowser, type Browser, type Page } from '../integration/broker/browser.ts';
import { assertLoggedIn, assertRefused } from '../integration/broker/outcome.ts';
import { logIn } from '../integration/broker/person.ts';
import type { Running } from '../integration/broker/running.ts';

/** How the provider differs from one that does everything right. */
export type Behaviour = (broker: Running) => void | Promise<void>;

/** `accept`: the login completes. A code: it stops with that problem, no session cookie is set, and no API is called. */
export type Verdict = 'accept' | ProblemCode;

export interface Attempt {
  readonly browser: Browser;
  readonly page: Page;
}

/** Logs somebody in and holds how that ended against the verdict. */
export async function attempt(broker: Running, verdict: Verdict): Promise<Attempt> {
  const browser = createBrowser();
  const before = broker.apis.orders.requests.length;
  const page = await logIn(browser, broker.origin);
  if (verdict === 'accept') {
    await assertLoggedIn(broker, browser);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
  } else {
    await assertRefused(broker, browser, page, { code: verdict });
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 401);
    assert.equal(broker.apis.orders.requests.length, before, 'an API was called');
  }
  return { browser, page };
}

/** Logs somebody in without calling an API, which would fetch the provider's keys as well. */
export async function logInAlone(broker: Running): Promise<void> {
  const browser = createBrowser();
  await logIn(browser, broker.origin);
  await assertLoggedIn(broker, browser);
}

/** Modules by name. */
export type Modules = Readonly<Record<string, readonly [Behaviour, Verdict]>>;

/** Each module becomes a test of its name. */
export function replay(broker: Running, modules: Modules): void {
  for (const [name, [behave, verdict]] of Object.entries(modules)) {
    test(name, async () => {
      await behave(broker);
      await attempt(broker, verdict);
    });
  }
}
