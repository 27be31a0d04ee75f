/** What the configuration adds to a login: parameters, an audience of any spelling, another origin, an error page. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBrowser } from './browser.ts';
import { sessionCookies, transactions } from './outcome.ts';
import { logIn } from './person.ts';
import { running, usual } from './running.ts';
import { authorize, callBack, parametersOf, startLogin } from './starting.ts';
import { errorResponse, otherAccessToken } from './tampering.ts';

const audience = 'https://orders.example.com/ x&scope=admin#é';

const broker = running({
  configuration: {
    value: {
      ...usual,
      provider: { ...usual.provider, clientId: { $parameter: 'client-id' } },
      login: {
        api: 'orders',
        parameters: { organization: 'org 1&scope=admin', prompt: 'login' },
        allow: ['prompt', 'login_hint'],
        errorPage: '/login-failed',
      },
      apis: { orders: { ...usual.apis.orders, audience } },
    },
  },
  parameters: { 'client-id': 'token-broker' },
});

describe('the configured login', () => {
  test('sends the audience as it is written, whatever it consists of', async () => {
    const { request } = await startLogin(broker, createBrowser());
    assert.deepEqual(parametersOf(request)['audience'], [audience]);
    assert.deepEqual(parametersOf(request)['scope'], ['openid profile email offline_access read:orders']);
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    const response = await browser.fetch(`${broker.origin}/api/orders/1`);
    assert.equal(((await response.json()) as { aud: readonly string[] }).aud[0], audience);
  });

  test('sends its own parameters, which a link does not override or repeat', async () => {
    const { request } = await startLogin(broker, createBrowser(), '?prompt=none&organization=org_evil');
    const parameters = parametersOf(request);
    assert.deepEqual([parameters['organization'], parameters['prompt']], [['org 1&scope=admin'], ['login']]);
  });
});

describe('the configured error page', () => {
  const failures = {
    'the provider refuses': () => {
      broker.provider.faults.authorization = errorResponse('access_denied', '<script>alert(1)</script>');
      return 'login_refused';
    },
    'the token is for another audience': () => {
      broker.provider.faults.token = otherAccessToken(broker.provider, { claims: { aud: 'https://x.example.com' } });
      return 'audience_substituted';
    },
    'the token endpoint is away': () => {
      broker.provider.faults.token = () => ({ status: 503, headers: {} });
      return 'provider_unavailable';
    },
  };
  for (const [what, arrange] of Object.entries(failures)) {
    test(`gets code and reference, and nothing else, when ${what}`, async () => {
      const code = arrange();
      const browser = createBrowser();
      const page = await logIn(browser, broker.origin);
      assert.deepEqual([page.url.origin, page.url.pathname], [broker.origin, '/login-failed']);
      const parameters = parametersOf(page.url);
      assert.deepEqual(Object.keys(parameters), ['code', 'ref']);
      assert.deepEqual(parameters['code'], [code]);
      const line = await broker.logged(({ event, ref }) => event === 'login_failed' && ref === parameters['ref']?.[0]);
      assert.equal(line['code'], code);
      assert.deepEqual([...sessionCookies(browser), ...transactions(browser)], []);
    });
  }

  test('gets the failure of discovery, too', async () => {
    await broker.forgetInstances();
    broker.provider.faults.discovery = () => ({ status: 500, headers: {} });
    const page = await createBrowser().navigate(`${broker.origin}/bff/login`, { from: `${broker.origin}/` });
    assert.deepEqual([page.url.pathname, page.url.searchParams.get('code')], ['/login-failed', 'provider_unavailable']);
  });
});

test('a login that began under another client id does not end under this one', async () => {
  const { stack, provider } = broker;
  await broker.forgetInstances();
  const browser = createBrowser();
  const response = await authorize(broker, browser, await startLogin(broker, browser));
  const before = provider.requestsTo('token').length;
  stack.ssm.put(`${stack.parameterPrefix}/client-id`, 'another', 'String');
  await broker.forgetInstances();
  const page = await callBack(broker, browser, response);
  assert.equal(page.url.searchParams.get('code'), 'login_state_mismatch');
  assert.equal(provider.requestsTo('token').length, before);
  assert.deepEqual([...sessionCookies(browser), ...transactions(browser)], []);
});
