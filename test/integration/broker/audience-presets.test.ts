/** Providers whose tokens are shaped in another way: the one on this machine answers as each of them does. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Provider } from '../../../infra/local/provider/provider.ts';
import { createBrowser } from './browser.ts';
import { assertExplained, assertLoggedIn, diagnosed, sessionCookies } from './outcome.ts';
import { loggedIn, logIn } from './person.ts';
import { receivedHeader, running, usual } from './running.ts';
import { both, jwe, onGrant, otherIdToken, otherResponse, type Claims } from './tampering.ts';

const { orders, profile } = usual.apis;

/** Signed access tokens made of these claims alone, in place of what the provider would issue. */
const issue = (provider: Provider, claims: Claims, grants = ['authorization_code', 'refresh_token'] as const) =>
  grants
    .map((grant) => onGrant(grant, async (json) => ({ ...json, access_token: await provider.sign(claims) })))
    .reduce(both);

/** The access token of every refresh. */
const refreshed = (token: string) => onGrant('refresh_token', (json) => ({ ...json, access_token: token }));

/** The provider under an issuer without a slash at its end, as most of them have it. */
function withoutSlash({ faults, origin }: Provider): void {
  faults.discovery = (answer) => ({ ...answer, json: { ...answer.json, issuer: origin } });
  faults.authorization = otherResponse({ iss: origin });
}

describe('Cognito without resource binding', () => {
  const broker = running({
    configuration: {
      value: {
        ...usual,
        provider: {
          ...usual.provider,
          preset: 'cognito',
          issuer: 'http://127.0.0.1:3001',
          audience: { dialect: 'registration' },
        },
        apis: {
          orders: {
            ...orders,
            upstream: 'http://127.0.0.1:3002/no-auth',
            scopes: ['orders/read'],
            expect: { scopes: ['orders/read'] },
          },
          profile: { ...profile, scopes: ['profile/read'], expect: { scopes: ['profile/read'] } },
        },
      },
    },
  });
  const claims = () => ({
    iss: broker.provider.origin,
    sub: 'a1b2',
    client_id: 'token-broker',
    token_use: 'access',
    scope: 'openid orders/read',
  });
  const issueToken = (changed: Claims = {}) => {
    const { provider } = broker;
    provider.faults.token = both(
      otherIdToken(provider, { claims: { iss: provider.origin } }),
      issue(provider, { ...claims(), ...changed }),
    );
  };
  beforeEach(() => withoutSlash(broker.provider));

  test('issues tokens without an audience, which their scopes and the client tell apart', async () => {
    issueToken();
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    await assertLoggedIn(broker, browser);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
    assert.match(receivedHeader(broker.apis.orders, 'authorization') ?? '', /^Bearer ey/);
    const { scope } = broker.provider.requestsTo('authorize').at(-1)?.parameters ?? {};
    assert.equal(scope, 'openid profile email orders/read profile/read');
  });

  test('an API whose scopes were not granted answers 502 scope_missing', async () => {
    issueToken();
    const browser = await loggedIn(broker.origin);
    assert.equal((await browser.fetch(`${broker.origin}/api/profile/1`)).headers.get('bff-error'), 'scope_missing');
  });

  for (const [what, changed, code, cause] of [
    ['of another client', { client_id: 'another' }, 'claim_mismatch', /`client_id` of the access token has another/],
    ['of no client', { client_id: undefined }, 'claim_mismatch', /no claim `client_id`/],
    ['for another use', { token_use: 'id' }, 'claim_mismatch', /`token_use`/],
    ['without the scopes', { scope: 'openid aws.cognito.signin.user.admin' }, 'scope_missing', /1 of the 1 scopes/],
  ] as const) {
    test(`a token ${what} is refused`, async () => {
      issueToken(changed);
      const browser = createBrowser();
      await assertExplained(broker, browser, await logIn(browser, broker.origin), { code, cause });
    });
  }
});

describe('Entra', () => {
  const guid = '11111111-2222-3333-4444-555555555555';
  const broker = running({
    configuration: {
      value: {
        ...usual,
        provider: {
          ...usual.provider,
          preset: 'entra',
          issuer: 'http://127.0.0.1:3001',
          clientAuth: { ...usual.provider.clientAuth, method: 'client_secret_post' },
        },
        apis: {
          orders: {
            ...orders,
            upstream: 'http://127.0.0.1:3002/no-auth',
            audience: `api://${guid}`,
            scopes: ['Orders.Read'],
            expect: { scopes: ['Orders.Read'] },
          },
        },
      },
    },
  });
  const issueToken = (changed: Claims = {}) => {
    const { provider } = broker;
    const claims = { iss: provider.origin, aud: guid, azp: 'token-broker', scp: 'Orders.Read', ver: '2.0', ...changed };
    provider.faults.token = both(otherIdToken(provider, { claims: { iss: provider.origin } }), issue(provider, claims));
  };
  beforeEach(() => withoutSlash(broker.provider));

  for (const [what, aud] of [
    ['its client id', guid],
    ['its Application ID URI', `api://${guid}`],
  ] as const) {
    test(`names the API by ${what}`, async () => {
      issueToken({ aud });
      const browser = await loggedIn(broker.origin);
      assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
    });
  }

  test('is asked by a scope with the prefix of the API, at the login and at the code', async () => {
    issueToken();
    await loggedIn(broker.origin);
    for (const endpoint of ['authorize', 'token'] as const) {
      const { parameters } = broker.provider.requestsTo(endpoint).at(-1) ?? {};
      assert.match(String(parameters?.['scope']), new RegExp(`(^| )api://${guid}/Orders\\.Read( |$)`), endpoint);
      for (const name of ['audience', 'resource']) assert.equal(parameters?.[name], undefined);
    }
  });

  for (const [what, changed, code, part] of [
    [
      "another API's client id",
      { aud: guid.replace('1', '9') },
      'audience_substituted',
      /name that GUID in `expect.aud`/,
    ],
    ['Microsoft Graph', { aud: '00000003-0000-0000-c000-000000000000' }, 'audience_substituted', /another audience/],
    ['scopes in the wrong claim', { scp: undefined, scope: 'Orders.Read' }, 'scope_missing', /API permissions/],
    ['the issuer of version 1', { iss: 'https://sts.windows.net/t/' }, 'issuer_mismatch', /manifest/],
  ] as const) {
    test(`a token for ${what} is refused`, async () => {
      issueToken(changed);
      const browser = createBrowser();
      await assertExplained(broker, browser, await logIn(browser, broker.origin), { code, fix: part });
    });
  }
});

describe('Google', () => {
  const broker = running({
    configuration: {
      value: {
        ...usual,
        provider: { ...usual.provider, preset: 'google', issuer: 'http://127.0.0.1:3001' },
        login: {},
        apis: {},
      },
    },
  });
  beforeEach(() => withoutSlash(broker.provider));

  test('logs somebody in; its opaque access token, good for its own APIs, is discarded', async () => {
    const { provider } = broker;
    provider.faults.token = otherIdToken(provider, { claims: { iss: provider.origin } });
    const browser = await loggedIn(broker.origin);
    await assertLoggedIn(broker, browser);
    assert.deepEqual(
      sessionCookies(browser).map(({ path }) => path),
      ['/', '/'],
    );
    const { parameters } = provider.requestsTo('authorize').at(-1) ?? {};
    assert.deepEqual([parameters?.['access_type'], parameters?.['prompt']], ['offline', 'consent']);
    assert.equal(parameters?.['scope'], 'openid profile email');
  });
});

describe('any other provider', () => {
  const audience = { dialect: 'param', name: 'audience', legs: ['authorize', 'refresh'] };
  const broker = running({
    configuration: {
      value: {
        ...usual,
        provider: { ...usual.provider, preset: 'oidc', audience },
        apis: {
          orders: { ...orders, expect: { typ: ['at+jwt'], claims: { client_id: 'token-broker' } } },
          profile: { ...profile, upstream: 'http://127.0.0.1:3003/no-auth', expect: { format: 'opaque' } },
        },
      },
    },
    provider: {
      apis: [
        { audience: orders.audience, scopes: orders.scopes, rfc9068: true },
        { audience: profile.audience, scopes: profile.scopes, format: 'opaque' },
      ],
      mrrt: true,
    },
  });

  test('may name the client in `client_id` (RFC 9068)', async () => {
    const browser = await loggedIn(broker.origin);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
  });

  test('may issue opaque tokens to an API that accepts them, and diagnostics call them unverified', async () => {
    const browser = await loggedIn(broker.origin);
    assert.equal((await browser.fetch(`${broker.origin}/api/profile/1`)).status, 200);
    assert.doesNotMatch(receivedHeader(broker.apis.profile, 'authorization') ?? '', /\./);
    assert.match(await diagnosed(broker, browser), /unverified/i);
  });

  test('a JWT in place of the opaque token is held against the audience all the same', async () => {
    const { provider } = broker;
    provider.faults.token = refreshed(await provider.sign({ aud: 'https://third.example.com' }, { typ: 'at+jwt' }));
    const browser = await loggedIn(broker.origin);
    assert.equal(
      (await browser.fetch(`${broker.origin}/api/profile/1`)).headers.get('bff-error'),
      'audience_substituted',
    );
  });

  test('an encrypted token is no opaque one', async () => {
    broker.provider.faults.token = refreshed(jwe('RSA-OAEP-256'));
    const browser = await loggedIn(broker.origin);
    assert.equal(
      (await browser.fetch(`${broker.origin}/api/profile/1`)).headers.get('bff-error'),
      'encrypted_access_token',
    );
  });

  test('a token of another client is refused', async () => {
    const { provider } = broker;
    const token = await provider.sign({ aud: orders.audience, client_id: 'another' }, { typ: 'at+jwt' });
    provider.faults.token = onGrant('authorization_code', (json) => ({ ...json, access_token: token }));
    const browser = createBrowser();
    await assertExplained(broker, browser, await logIn(browser, broker.origin), { code: 'claim_mismatch' });
  });
});
