/** The RP-Initiated Logout plan (`oidcc-client-rp-initiated-logout`), code variant. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jwtVerify, createRemoteJWKSet } from 'jose';
import { createBrowser, type Browser } from '../integration/broker/browser.ts';
import { isLoggedIn, leave } from '../integration/broker/leaving.ts';
import { sessionCookies } from '../integration/broker/outcome.ts';
import { loggedIn, logIn } from '../integration/broker/person.ts';
import { running, usual } from '../integration/broker/running.ts';

const audience = { dialect: 'param', name: 'audience', legs: ['authorize', 'refresh'] };
const broker = running({
  configuration: { value: { ...usual, provider: { ...usual.provider, preset: 'oidc', audience } } },
});

const isCallback = ({ pathname }: URL): boolean => pathname === '/bff/logout/callback';

/** Through the provider's logout, up to the redirect back. */
async function wayBack(browser: Browser, request: URL): Promise<URL> {
  const page = await browser.navigate(request, { from: `${broker.origin}/`, stopAt: isCallback });
  return new URL(page.headers.get('location') ?? '', page.url);
}

async function assertLanded(browser: Browser, response: URL): Promise<void> {
  const page = await browser.navigate(response, { from: broker.provider.issuer });
  assert.deepEqual([page.status, page.url.href], [200, `${broker.origin}/bye`]);
  assert.deepEqual(sessionCookies(browser), []);
  assert.equal(await isLoggedIn(browser, broker.origin), false);
}

describe('oidcc-client-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-client-test-rp-init-logout', async () => {
    const browser = await loggedIn(broker.origin);
    const request = await leave(browser, broker, '&returnUrl=/bye');
    const { searchParams } = request;
    const keys = createRemoteJWKSet(new URL(broker.provider.jwksUri));
    const { payload } = await jwtVerify(searchParams.get('id_token_hint') ?? '', keys, { audience: 'token-broker' });
    assert.equal(payload.sub, 'auth0|alice');
    assert.equal(searchParams.get('post_logout_redirect_uri'), `${broker.origin}/bff/logout/callback`);
    assert.match(searchParams.get('state') ?? '', /^[\w-]{22,}$/);
    const response = await wayBack(browser, request);
    assert.equal(response.searchParams.get('state'), searchParams.get('state'));
    await assertLanded(browser, response);
    const form = await logIn(browser, broker.origin, { username: 'nobody' });
    assert.notEqual(form.url.origin, broker.origin, 'the provider still knows who this is');
  });

  for (const [name, change] of Object.entries({
    'oidcc-client-test-rp-init-logout-other-state': (query: URLSearchParams) =>
      query.set('state', `${query.get('state') ?? ''}_INVALID`),
    'oidcc-client-test-rp-init-logout-no-state': (query: URLSearchParams) => query.delete('state'),
  })) {
    test(name, async () => {
      const browser = await loggedIn(broker.origin);
      const response = await wayBack(browser, await leave(browser, broker, '&returnUrl=/bye'));
      change(response.searchParams);
      await assertLanded(browser, response);
    });
  }

  test('a logout that nobody started lands at the front page', async () => {
    const page = await createBrowser().navigate(`${broker.origin}/bff/logout/callback?state=x`, {
      from: broker.provider.issuer,
    });
    assert.deepEqual([page.status, page.url.href], [200, `${broker.origin}/`]);
  });
});
