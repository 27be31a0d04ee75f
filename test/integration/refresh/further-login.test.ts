/** Several audiences where each has a login of its own: the session is extended, silently where the provider allows it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Browser } from '../broker/browser.ts';
import { loggedIn, submitForm } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';

const configuration = { value: { ...usual, provider: { ...usual.provider, second: 'reauthorize' } } };

const cookieNamed = (browser: Browser, name: string) => browser.jar.find((cookie) => cookie.name === name)?.value;

interface Problem {
  readonly code: string;
  readonly login_url?: string;
}

describe('an API whose audience has a login of its own', () => {
  const broker = running({ configuration });

  /** What the page at `/reports?open=1` is told when it calls the further API. */
  async function furtherLogin(browser: Browser): Promise<URL> {
    const headers = { referer: `${broker.origin}/reports?open=1` };
    const answer = await browser.fetch(`${broker.origin}/api/profile`, { headers });
    assert.equal(answer.status, 401);
    const problem = (await answer.json()) as Problem;
    assert.equal(problem.code, 'audience_login_required');
    return new URL(problem.login_url ?? '', broker.origin);
  }

  it('answers 401 with a login that comes back to the page, and says nothing of the kind for the other API', async () => {
    const browser = await loggedIn(broker.origin);
    const url = await furtherLogin(browser);
    assert.equal(url.pathname, '/bff/login');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      api: 'profile',
      prompt: 'none',
      returnUrl: `${broker.origin}/reports?open=1`,
    });
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
  });

  it('gets its token silently; identity and grant of the session stay as they are', async () => {
    const browser = await loggedIn(broker.origin);
    const [session, grant] = ['__Host-Http-bff', '__Host-Http-bff-grant'].map((name) => cookieNamed(browser, name));
    const page = await browser.navigate(await furtherLogin(browser), { from: `${broker.origin}/` });
    assert.equal(page.url.href, `${broker.origin}/reports?open=1`);
    assert.deepEqual(
      ['__Host-Http-bff', '__Host-Http-bff-grant'].map((name) => cookieNamed(browser, name)),
      [session, grant],
    );
    const answer = await browser.fetch(`${broker.origin}/api/profile`);
    assert.equal(answer.status, 200);
    const { aud } = (await answer.json()) as { aud: readonly string[] };
    assert.ok(aud.includes('https://profile.example.com'));
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
  });

  it('renews its token with its own refresh token, also from a jar that has lost everything but the session', async () => {
    const browser = await loggedIn(broker.origin);
    await browser.navigate(await furtherLogin(browser), { from: `${broker.origin}/` });
    const before = broker.provider.requestsTo('token').length;
    browser.forget(({ name }) => name === '__Secure-bff-profile' || name === '__Host-Http-bff-grant');
    assert.equal((await browser.fetch(`${broker.origin}/api/profile`)).status, 200);
    assert.equal(broker.provider.requestsTo('token').length, before, 'the store had the token');
  });

  it('shows the form where the provider cannot do without, once', async () => {
    const browser = await loggedIn(broker.origin);
    const url = await furtherLogin(browser);
    browser.forget(({ host }) => host === '127.0.0.1');
    const form = await browser.navigate(url, { from: `${broker.origin}/` });
    assert.match(form.text, /name="password"/);
    const page = await submitForm(browser, form, { username: 'alice', password: 'alice' });
    assert.equal(page.url.href, `${broker.origin}/reports?open=1`);
    assert.equal((await browser.fetch(`${broker.origin}/api/profile`)).status, 200);
  });

  it('refuses a login of somebody else and leaves the session alone', async () => {
    const browser = await loggedIn(broker.origin);
    const url = await furtherLogin(browser);
    browser.forget(({ host }) => host === '127.0.0.1');
    const form = await browser.navigate(url, { from: `${broker.origin}/` });
    const page = await submitForm(browser, form, { username: 'bob', password: 'bob' });
    assert.equal(page.status, 403);
    assert.match(page.text, /session_mismatch/);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
    await furtherLogin(browser);
  });

  it('does not revive a session that was logged out meanwhile', async () => {
    const browser = await loggedIn(broker.origin);
    const url = await furtherLogin(browser);
    const stopped = await browser.navigate(url, {
      from: `${broker.origin}/`,
      stopAt: (next) => next.pathname === '/bff/callback',
    });
    assert.equal((await browser.copy().fetch(`${broker.origin}/bff/logout`, { method: 'POST' })).status, 200);
    const page = await browser.navigate(new URL(stopped.headers.get('location') ?? '', stopped.url), {
      from: stopped.url.href,
    });
    assert.equal(page.status, 401);
    assert.match(page.text, /session_over/);
    assert.ok(!browser.jar.some(({ name }) => name === '__Secure-bff-profile'));
  });

  it('is no way into an API that is not configured', async () => {
    const browser = await loggedIn(broker.origin);
    const page = await browser.navigate(`${broker.origin}/bff/login?api=constructor`, { from: `${broker.origin}/` });
    assert.equal(page.status, 400);
  });
});
