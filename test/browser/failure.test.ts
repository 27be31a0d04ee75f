/** What a person sees when a token is not the one that was asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { bothAnswered, fillIn, landed, logIn, openApp, textOf, who } from './person.ts';

const stack = oneMachine();

async function chooseWithoutAudience(page: Page): Promise<void> {
  await page.locator('#without-audience').click();
  await page.waitForFunction(() => document.querySelector('#trial')?.textContent === 'Log in without the audience');
  await page.locator('#trial').click();
}

inEveryBrowser((newVisitor) => {
  test('with the audience left out the login ends in the code, the cause and what to do', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    await chooseWithoutAudience(page);
    await fillIn(page, 'alice');
    await landed(page, '/bff/callback');
    assert.equal(await textOf(page, 'h1'), 'The provider issued an opaque access token');
    const text = await textOf(page, 'main');
    assert.match(text, /opaque_access_token/);
    assert.match(text, /audience/);
    await page.locator('a[href="/bff/diagnostics"]').click();
    await landed(page, '/bff/diagnostics');
    const diagnosis = await textOf(page, 'section');
    assert.match(diagnosis, /Refused: opaque_access_token/);
    assert.match(diagnosis, /Cause\. .+\n*What to do\. .+/s);
    assert.match(diagnosis, /audience\s+https:\/\/orders\.example\.com/);
    assert.match(diagnosis, /format\s+opaque/);
  });

  test('after it the same login with the audience works', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await openApp(page, stack.origin);
    await chooseWithoutAudience(page);
    await fillIn(page, 'alice');
    await landed(page, '/bff/callback');
    await openApp(page, stack.origin);
    await page.locator('#welcome [data-login]').click();
    await bothAnswered(page);
    assert.equal(await who(page), 'Alice Archer');
  });

  test('a session that is there outlives a login that fails', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    await chooseWithoutAudience(page);
    await landed(page, '/bff/callback');
    assert.equal(await textOf(page, 'h1'), 'The provider issued an opaque access token');
    await openApp(page, stack.origin);
    await bothAnswered(page);
    assert.match(await textOf(page, '#orders .line'), /^200 /);
  });

  test('an API whose token is another one shows its code and reference, and the other API works', async (t) => {
    stack.provider.tenant.mrrt = false;
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    assert.match(await textOf(page, '#orders .line'), /^200 /);
    assert.match(await textOf(page, '#profile .line'), /^502 /);
    const problem = await textOf(page, '#profile .problem');
    assert.match(problem, /audience_substituted/);
    assert.match(problem, /Reference\s+\S+/);
  });
});
