/** Which APIs share a token, which are asked for apart, and which have none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBrowser } from './browser.ts';
import { assertLoggedIn, sessionCookies } from './outcome.ts';
import { loggedIn, logIn } from './person.ts';
import { receivedHeader, running, usual } from './running.ts';
import { otherAccessToken } from './tampering.ts';

const { orders } = usual.apis;
const tokenPaths = (browser: Parameters<typeof sessionCookies>[0]) =>
  sessionCookies(browser)
    .map(({ path }) => path)
    .filter((path) => path !== '/')
    .toSorted();

describe('APIs of one audience', () => {
  const broker = running({
    configuration: {
      value: {
        ...usual,
        development: false,
        apis: {
          orders,
          archive: { ...orders, path: '/api/archive' },
          ledger: { ...orders, path: '/api/ledger', scopes: ['read:ledger'] },
          news: { path: '/api/news', upstream: 'http://127.0.0.1:3003/no-auth', anonymous: ['/*'] },
        },
      },
    },
    provider: { apis: [{ audience: orders.audience, scopes: ['read:orders', 'read:ledger'] }], mrrt: true },
  });
  const grants = () => broker.provider.requestsTo('token').map(({ parameters }) => parameters['grant_type']);

  test('share one redemption where their scopes are the same, and are asked apart where not', async () => {
    const before = grants().length;
    await loggedIn(broker.origin);
    assert.deepEqual(grants().slice(before), ['authorization_code', 'refresh_token']);
    const refresh = broker.provider.requestsTo('token').at(-1)?.parameters['scope'];
    assert.match(String(refresh), /\bread:ledger\b/);
  });

  test('have a cookie each, and the shared token in both', async () => {
    const { provider } = broker;
    provider.faults.token = otherAccessToken(provider, { claims: { jti: 'of the refresh' } }, 'refresh_token');
    const browser = await loggedIn(broker.origin);
    assert.deepEqual(tokenPaths(browser), ['/api/archive', '/api/ledger', '/api/orders']);
    const sent: (string | undefined)[] = [];
    for (const name of ['orders', 'archive', 'ledger']) {
      assert.equal((await browser.fetch(`${broker.origin}/api/${name}/1`)).status, 200);
      sent.push(receivedHeader(broker.apis.orders, 'authorization'));
    }
    assert.equal(sent[0], sent[1]);
    assert.notEqual(sent[0], sent[2]);
  });

  test('share the failure as well', async () => {
    broker.provider.faults.token = otherAccessToken(
      broker.provider,
      { claims: { aud: 'https://third.example.com' } },
      'refresh_token',
    );
    const browser = await loggedIn(broker.origin);
    assert.equal(
      (await browser.fetch(`${broker.origin}/api/ledger/1`)).headers.get('bff-error'),
      'audience_substituted',
    );
    assert.equal((await browser.fetch(`${broker.origin}/api/archive/1`)).status, 200);
  });

  test('leave an API alone whose every path is anonymous: no cookie, no token, with a login and without', async () => {
    const somebody = await loggedIn(broker.origin);
    for (const browser of [somebody, createBrowser()]) {
      assert.equal((await browser.fetch(`${broker.origin}/api/news/today`)).status, 200);
      assert.equal(receivedHeader(broker.apis.profile, 'authorization'), undefined);
    }
  });

  test('have no development page outside of development, and leave no report', async () => {
    const browser = await loggedIn(broker.origin);
    assert.deepEqual(
      browser.jar.filter(({ name }) => name.includes('report')),
      [],
    );
    const page = await browser.navigate(`${broker.origin}/bff/diagnostics`, { from: `${broker.origin}/` });
    assert.equal(page.status, 404);
  });
});

describe('without any API that has an audience', () => {
  const broker = running({
    configuration: {
      value: {
        ...usual,
        login: {},
        apis: { news: { path: '/api/news', upstream: 'http://127.0.0.1:3003/no-auth', anonymous: ['/*'] } },
      },
    },
  });

  test('somebody logs in, no audience is asked for, and the access token is discarded', async () => {
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    await assertLoggedIn(broker, browser);
    assert.deepEqual(tokenPaths(browser), []);
    for (const { parameters } of broker.provider.requestsTo('authorize')) {
      assert.ok(!('audience' in parameters));
    }
  });

  test('it does not matter whether there is an access token at all', async () => {
    broker.provider.faults.token = (answer) => ({ ...answer, json: { ...answer.json, access_token: undefined } });
    await assertLoggedIn(broker, await loggedIn(broker.origin));
  });
});
