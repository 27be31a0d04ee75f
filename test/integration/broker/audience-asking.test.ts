/** What becomes of a login for which no audience is asked, or one that the provider does not know. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProviderApi } from '../../../infra/local/provider/provider.ts';
import { createBrowser } from './browser.ts';
import { assertExplained, assertLoggedIn, diagnosed } from './outcome.ts';
import { logIn } from './person.ts';
import { running, usual } from './running.ts';
import { errorResponse } from './tampering.ts';

const [orders, profile] = [usual.apis.orders.audience, usual.apis.profile.audience];

describe('where nothing is sent, because the tenant is to have a default audience,', () => {
  const broker = running({
    configuration: { value: { ...usual, provider: { ...usual.provider, audience: { dialect: 'registration' } } } },
  });
  const parametersSent = () =>
    ['authorize', 'token'].flatMap((endpoint) =>
      broker.provider.requestsTo(endpoint as 'authorize').flatMap(({ parameters }) => Object.keys(parameters)),
    );

  test('a tenant without one gives an opaque token, and the login is refused', async () => {
    const browser = createBrowser();
    await assertExplained(broker, browser, await logIn(browser, broker.origin), {
      code: 'opaque_access_token',
      cause: /The access token is opaque: no JWT/,
      fix: /set a default audience in the tenant's settings/,
    });
    assert.match(await diagnosed(broker, browser), /registration/);
  });

  test('the default audience of the tenant makes the login work', async () => {
    broker.provider.tenant.defaultAudience = orders;
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    await assertLoggedIn(broker, browser);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
    assert.ok(parametersSent().length > 0);
    for (const name of ['audience', 'resource']) assert.ok(!parametersSent().includes(name), name);
  });

  test('the same token is held against the other API, which answers 502 by itself', async () => {
    broker.provider.tenant.defaultAudience = orders;
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    const response = await browser.fetch(`${broker.origin}/api/profile/me`);
    assert.deepEqual([response.status, response.headers.get('bff-error')], [502, 'audience_mismatch']);
  });

  test("another API's audience as default is a mismatch, not a substitution: nobody asked", async () => {
    broker.provider.tenant.defaultAudience = profile;
    const browser = createBrowser();
    await assertExplained(broker, browser, await logIn(browser, broker.origin), {
      code: 'audience_mismatch',
      cause: /names another audience than this API's/,
      fix: /took the tenant's default audience/,
    });
  });
});

describe('an audience that the provider does not know', () => {
  const registered: ProviderApi[] = [];
  const broker = running({ provider: { apis: registered, mrrt: true } });
  const explanation = {
    code: 'audience_refused',
    cause: /refused to issue a token for this API/,
    fix: /an API with exactly this identifier exists/,
  } as const;

  test('is refused as Auth0 does it, "Service not found", and the explanation says where to look', async () => {
    const browser = createBrowser();
    await assertExplained(broker, browser, await logIn(browser, broker.origin), explanation);
    assert.match(await diagnosed(broker, browser), new RegExp(orders));
  });

  test('is refused as RFC 8707 has it, by invalid_target', async () => {
    registered.push({ audience: orders });
    broker.provider.faults.authorization = errorResponse('invalid_target', 'unknown resource');
    const browser = createBrowser();
    await assertExplained(broker, browser, await logIn(browser, broker.origin), explanation);
  });

  test('can be registered without the broker being touched: the next login works', async () => {
    registered.push({ audience: orders });
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    await assertLoggedIn(broker, browser);
  });
});
