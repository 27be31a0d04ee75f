/** An API that wants a stronger or a more recent authentication (RFC 9470): the page is told, the login asks, the session goes on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Browser, Page } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn, submitForm } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import { otherIdToken } from '../broker/tampering.ts';

interface Problem {
  readonly code: string;
  readonly login_url: string;
  readonly acr_values?: string;
  readonly max_age?: number;
}

const strong = 'urn:example:strong';
const clock = startClock();
const nowSeconds = () => Math.floor(Date.now() / 1000);
const grant = (browser: Browser) => browser.jar.find(({ name }) => name === '__Host-Http-bff-grant')?.value;

describe('an API that wants more of the authentication', () => {
  const broker = running();
  const recent = () => `${broker.origin}/api/orders/recent?max_age=60&acr_values=${strong}`;

  /** Somebody who has logged in a while ago, and what a page is told that calls the API then. */
  async function challenged(): Promise<{ browser: Browser; problem: Problem }> {
    const browser = await loggedIn(broker.origin);
    assert.equal((await browser.fetch(recent())).status, 200);
    clock.advance(120);
    const answer = await browser.fetch(recent(), { headers: { referer: `${broker.origin}/reports?open=1` } });
    assert.equal(answer.status, 401);
    return { browser, problem: (await answer.json()) as Problem };
  }

  /** Logs in by the link of the problem; the provider's session is gone, so that the form is shown. */
  async function logInAgain(browser: Browser, problem: Problem, username = 'alice'): Promise<Page> {
    browser.forget(({ host }) => host === '127.0.0.1');
    const form = await browser.navigate(new URL(problem.login_url, broker.origin), { from: `${broker.origin}/` });
    return submitForm(browser, form, { username, password: username });
  }

  const authenticated = (claims: Readonly<Record<string, unknown>>): void => {
    broker.provider.faults.token = otherIdToken(broker.provider, { claims });
  };

  it('is asked for by a login that says what is wanted and where the user was', async () => {
    const { problem } = await challenged();
    assert.equal(problem.code, 'step_up_required');
    assert.equal(problem.acr_values, strong);
    assert.equal(problem.max_age, 60);
    const url = new URL(problem.login_url, broker.origin);
    assert.deepEqual([...url.searchParams.keys()].toSorted(), ['returnUrl', 'step_up']);
    assert.equal(url.searchParams.get('returnUrl'), `${broker.origin}/reports?open=1`);
  });

  it('gets what it wants: the provider is asked, the session is extended, the user is back', async () => {
    const { browser, problem } = await challenged();
    const before = grant(browser);
    authenticated({ acr: strong, auth_time: nowSeconds() });
    const page = await logInAgain(browser, problem);
    assert.equal(page.url.href, `${broker.origin}/reports?open=1`);
    const asked = broker.provider.requestsTo('authorize').at(-1)?.parameters;
    assert.deepEqual([asked?.['acr_values'], asked?.['max_age']], [strong, '60']);
    assert.equal(grant(browser), before);
    assert.equal((await browser.fetch(recent())).status, 200);
    assert.equal((await browser.fetch(`${broker.origin}/api/profile`)).status, 200);
  });

  for (const [what, claims] of [
    ['a weaker acr', { acr: 'urn:example:weak' }],
    ['no acr', {}],
    ['an old auth_time', { acr: strong, auth_time: 1_700_000_000 }],
    ['no auth_time', { acr: strong, auth_time: undefined }],
  ] as const) {
    it(`gets nothing from a provider that answers with ${what}`, async () => {
      const { browser, problem } = await challenged();
      authenticated({ auth_time: nowSeconds(), ...claims });
      const page = await logInAgain(browser, problem);
      assert.equal(page.status, 403);
      assert.equal(page.headers.get('bff-error'), 'step_up_failed');
      assert.equal((await browser.fetch(`${broker.origin}/api/profile`)).status, 200, 'the session is as it was');
    });
  }

  it('refuses a login of somebody else', async () => {
    const { browser, problem } = await challenged();
    authenticated({ acr: strong, auth_time: nowSeconds() });
    const page = await logInAgain(browser, problem, 'bob');
    assert.equal(page.headers.get('bff-error'), 'session_mismatch');
  });

  it('renews the stronger login later with its own refresh token', async () => {
    const { browser, problem } = await challenged();
    authenticated({ acr: strong, auth_time: nowSeconds() });
    broker.provider.tenant.accessTokenLifetimeSeconds = 300;
    await logInAgain(browser, problem);
    delete broker.provider.faults.token;
    clock.advance(600);
    const answer = await browser.fetch(`${broker.origin}/api/orders`);
    assert.equal(answer.status, 200);
    const tokens = broker.provider
      .requestsTo('token')
      .slice(-2)
      .map(({ parameters }) => parameters['grant_type']);
    assert.deepEqual(tokens, ['authorization_code', 'refresh_token']);
    assert.equal((await browser.fetch(recent())).status, 200);
  });

  it('speaks for itself alone: a page cannot make up what is asked', async () => {
    const browser = await loggedIn(broker.origin);
    for (const query of ['step_up=x', `acr_values=${strong}`]) {
      const page = await browser.navigate(`${broker.origin}/bff/login?${query}`, {
        from: `${broker.origin}/`,
        stopAt: () => true,
      });
      const location = page.headers.get('location');
      if (query.startsWith('step_up')) assert.equal(page.headers.get('bff-error'), 'parameter_invalid');
      else assert.equal(new URL(location ?? '').searchParams.get('acr_values'), null);
    }
  });
});
