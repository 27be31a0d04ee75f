/** The audience guarantee at the login: every way in which a provider's token can be another one than was asked for. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault, Provider } from '../../../infra/local/provider/provider.ts';
import { createBrowser } from './browser.ts';
import { assertExplained, assertLoggedIn, diagnosed, sessionCookies, type Explanation } from './outcome.ts';
import { logIn } from './person.ts';
import { receivedHeader, running, usual } from './running.ts';
import { both, jwe, onGrant, otherAccessToken, type Change, type Members } from './tampering.ts';

const broker = running({
  configuration: {
    value: {
      ...usual,
      apis: {
        orders: { ...usual.apis.orders, expect: { scopes: ['read:orders'] } },
        profile: { ...usual.apis.profile, expect: { onlyAudience: true } },
      },
    },
  },
});

const [orders, profile] = [usual.apis.orders.audience, usual.apis.profile.audience];

/** A token answer that is not what it should be. */
type Tampering = (provider: Provider) => Fault;

const claims =
  (changed: Change['claims']): Tampering =>
  (provider) =>
    otherAccessToken(provider, { claims: changed ?? {} });
const header =
  (changed: Members): Tampering =>
  (provider) =>
    otherAccessToken(provider, { header: changed });
const answer =
  (changed: Members | ((json: Members) => Members)): Tampering =>
  () =>
    onGrant('authorization_code', (json) => ({
      ...json,
      ...(typeof changed === 'function' ? changed(json) : changed),
    }));

const [substituted, mismatch] = ['audience_substituted', 'audience_mismatch'] as const;

const refused: Readonly<Record<string, [Tampering, Explanation]>> = {
  'is opaque': [
    answer({ access_token: 'x9-opaque' }),
    { code: 'opaque_access_token', cause: /opaque: no JWT/, fix: /identifier of an API in the Auth0 dashboard/ },
  ],
  'is a JWT that nobody signed': [
    (provider) => otherAccessToken(provider, { signer: 'none' }),
    { code: 'opaque_access_token', cause: /opaque/ },
  ],
  'is encrypted for the API': [
    answer({ access_token: jwe('RSA-OAEP-256') }),
    { code: 'encrypted_access_token', fix: /Switch token encryption off/ },
  ],
  'is the opaque one of Auth0 that looks encrypted': [
    answer({ access_token: jwe('dir') }),
    { code: 'opaque_access_token', fix: /Auth0 dashboard/ },
  ],
  'names another audience': [
    claims({ aud: profile }),
    { code: substituted, cause: /names another audience than this API's/, fix: /nothing on the way drops `audience`/ },
  ],
  'names a list of other audiences': [claims({ aud: [profile, 'https://third.example.com'] }), { code: substituted }],
  'names an audience that only begins like the one asked for': [claims({ aud: `${orders}/` }), { code: substituted }],
  'is good for userinfo only': [
    claims(({ iss }) => ({ aud: `${String(iss)}userinfo` })),
    { code: substituted, cause: /good for the provider's userinfo endpoint only/ },
  ],
  'names no audience': [claims({ aud: undefined }), { code: mismatch, cause: /names no audience/ }],
  'names its audience by something else than text': [claims({ aud: [orders, 7] }), { code: mismatch }],
  'comes from another issuer': [
    claims({ iss: 'https://other.eu.auth0.com/' }),
    { code: 'issuer_mismatch', cause: /names another issuer/, fix: /custom domain/ },
  ],
  'comes from the same issuer without its slash': [
    claims(({ iss }) => ({ iss: String(iss).replace(/\/$/, '') })),
    { code: 'issuer_mismatch' },
  ],
  'names no issuer': [claims({ iss: undefined }), { code: 'issuer_mismatch', cause: /names no issuer/ }],
  'has expired': [claims({ exp: 1_700_000_000 }), { code: 'access_token_expired', cause: /ended already/ }],
  'ends with this very moment by its answer': [answer({ expires_in: 0 }), { code: 'access_token_expired' }],
  'says only in its answer when it ends': [
    claims({ exp: undefined }),
    { code: 'access_token_expired', cause: /does not say when it ends/ },
  ],
  'is the ID token': [
    answer((json) => ({ access_token: json['id_token'] })),
    { code: 'id_token_as_access_token', cause: /ID token/ },
  ],
  'carries a nonce': [claims({ nonce: 'n-1' }), { code: 'id_token_as_access_token', cause: /`nonce`/ }],
  'carries at_hash': [claims({ at_hash: 'h' }), { code: 'id_token_as_access_token', cause: /`at_hash`/ }],
  'carries c_hash': [claims({ c_hash: 'h' }), { code: 'id_token_as_access_token', cause: /`c_hash`/ }],
  'lacks a scope that the API expects': [
    claims({ scope: 'openid profile' }),
    { code: 'scope_missing', cause: /1 of the 1 scopes/, fix: /RBAC/ },
  ],
  'lacks it although the answer says otherwise': [
    (provider) => both(claims({ scope: 'openid' })(provider), answer({ scope: 'read:orders' })(provider)),
    { code: 'scope_missing' },
  ],
  'is for proof of possession': [
    answer({ token_type: 'DPoP' }),
    { code: 'token_type_mismatch', cause: /does not call the access token a bearer token/ },
  ],
  'is a MAC token': [answer({ token_type: 'mac' }), { code: 'token_type_mismatch' }],
  'has no type': [answer({ token_type: undefined }), { code: 'token_type_mismatch' }],
  'calls itself a logout token': [
    header({ typ: 'logout+jwt' }),
    { code: 'token_type_mismatch', cause: /names another type \(`typ`\)/ },
  ],
  'breaks the header that should carry it': [
    answer({ access_token: 'abc\r\nX-Injected: 1' }),
    { code: 'access_token_malformed', cause: /cannot stand in a header/ },
  ],
  'has characters beyond ASCII': [answer({ access_token: 'tök€n' }), { code: 'access_token_malformed' }],
  'is longer than any header': [
    answer({ access_token: 'x'.repeat(17_000) }),
    { code: 'access_token_malformed', cause: /longer than 16384 characters/, fix: /fewer claims or groups/ },
  ],
  'is missing': [answer({ access_token: undefined }), { code: 'access_token_missing', cause: /holds no access token/ }],
  'is empty': [answer({ access_token: '' }), { code: 'access_token_missing' }],
  'is no text': [answer({ access_token: { jwt: 'x' } }), { code: 'access_token_missing' }],
};

describe('a login is refused, and page, log and diagnostics explain it, when its access token', () => {
  for (const [what, [tampering, explanation]] of Object.entries(refused)) {
    test(what, async () => {
      broker.provider.faults.token = tampering(broker.provider);
      const browser = createBrowser();
      const page = await logIn(browser, broker.origin);
      await assertExplained(broker, browser, page, explanation);
      assert.equal(broker.provider.requestsTo('token').at(-1)?.parameters['grant_type'], 'authorization_code');
    });
  }
});

const accepted: Readonly<Record<string, Tampering>> = {
  'names its audience as text': claims({ aud: orders }),
  'names its audience as a list of one': claims({ aud: [orders] }),
  'is good for further audiences as well': claims({ aud: ['https://third.example.com', orders, profile] }),
  'follows RFC 9068': header({ typ: 'at+jwt' }),
  'follows RFC 9068, with the whole media type': header({ typ: 'application/AT+JWT' }),
  'is a bearer token in other letters': answer({ token_type: 'bEARER' }),
  'says by itself alone when it ends': answer({ expires_in: undefined }),
  'says as text how long it lasts': answer({ expires_in: '3600' }),
  'lists its scopes': claims({ scope: ['openid', 'read:orders'] }),
};

describe('a login succeeds, and the API gets the token, when it', () => {
  for (const [what, tampering] of Object.entries(accepted)) {
    test(what, async () => {
      broker.provider.faults.token = tampering(broker.provider);
      const browser = createBrowser();
      await logIn(browser, broker.origin);
      await assertLoggedIn(broker, browser);
      const before = broker.apis.orders.requests.length;
      const response = await browser.fetch(`${broker.origin}/api/orders/1`);
      assert.equal(response.headers.get('bff-error'), null);
      assert.equal(broker.apis.orders.requests.length, before + 1);
      assert.match(receivedHeader(broker.apis.orders, 'authorization') ?? '', /^Bearer ey/);
    });
  }
});

describe('a second API whose token is not the one asked for', () => {
  const refusedAlone: Readonly<Record<string, [Change | Members, Explanation]>> = {
    'names the first audience': [
      { claims: { aud: orders } },
      { code: substituted, fix: /multi-resource refresh token/ },
    ],
    'names another audience besides': [
      { claims: { aud: [profile, orders] } },
      { code: 'audience_not_exclusive', cause: /further audiences besides this API/ },
    ],
    'has expired': [{ claims: { exp: 1_700_000_000 } }, { code: 'access_token_expired' }],
    'comes from another issuer': [{ claims: { iss: 'https://evil.example/' } }, { code: 'issuer_mismatch' }],
    'is marked as an ID token': [{ claims: { nonce: 'n-1' } }, { code: 'id_token_as_access_token' }],
  };
  for (const [what, [change, explanation]] of Object.entries(refusedAlone)) {
    test(`answers 502 on its own path while the first one works: ${what}`, async () => {
      broker.provider.faults.token = otherAccessToken(broker.provider, change, 'refresh_token');
      const browser = createBrowser();
      await logIn(browser, broker.origin);
      await assertLoggedIn(broker, browser);
      const response = await browser.fetch(`${broker.origin}/api/profile/me`);
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual(
        [response.status, response.headers.get('bff-error'), code],
        [502, explanation.code, explanation.code],
      );
      assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
      assert.deepEqual(
        sessionCookies(browser).filter(({ path }) => path === '/api/profile'),
        [],
      );
      const line = await broker.logged(
        (one) => one.event === 'audience_refused' && String(one['apis']) === 'profile' && one['code'] === code,
      );
      for (const part of [explanation.cause, explanation.fix]) if (part) assert.match(JSON.stringify(line), part);
      assert.match(await diagnosed(broker, browser), new RegExp(`\\b${explanation.code}\\b`));
    });
  }

  test('answers 502 audience_substituted where refresh tokens are good for the first audience only', async () => {
    broker.provider.tenant.mrrt = false;
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    const response = await browser.fetch(`${broker.origin}/api/profile/me`);
    assert.equal(response.headers.get('bff-error'), substituted);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
  });

  test('is not asked for, and the API answers 502 access_token_missing, where the provider issued no refresh token', async () => {
    broker.provider.faults.token = onGrant('authorization_code', (json) => ({ ...json, refresh_token: undefined }));
    const asked = broker.provider.requestsTo('token').length;
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    const response = await browser.fetch(`${broker.origin}/api/profile/me`);
    assert.equal(response.headers.get('bff-error'), 'access_token_missing');
    assert.match(await diagnosed(broker, browser), /offline_access/);
    assert.equal(broker.provider.requestsTo('token').length, asked + 1);
  });

  for (const error of ['invalid_target', 'invalid_scope', 'access_denied']) {
    test(`answers 502 audience_refused where the provider says ${error}`, async () => {
      broker.provider.faults.token = (given, { parameters }) =>
        parameters['grant_type'] === 'refresh_token' ? { status: 400, headers: {}, json: { error } } : given;
      const browser = createBrowser();
      await logIn(browser, broker.origin);
      assert.equal(
        (await browser.fetch(`${broker.origin}/api/profile/me`)).headers.get('bff-error'),
        'audience_refused',
      );
      assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
    });
  }

  test('does not stop the login where the provider fails at that moment', async () => {
    broker.provider.faults.token = (given, { parameters }) =>
      parameters['grant_type'] === 'refresh_token' ? { status: 503, headers: {} } : given;
    const browser = createBrowser();
    await logIn(browser, broker.origin);
    await assertLoggedIn(broker, browser);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders/1`)).status, 200);
  });
});

test('each API is sent the token of its own audience and no other', async () => {
  const browser = createBrowser();
  await logIn(browser, broker.origin);
  const seen = new Set<string | undefined>();
  for (const name of ['orders', 'profile'] as const) {
    const response = await browser.fetch(`${broker.origin}/api/${name}/1`);
    const { aud } = (await response.json()) as { aud: readonly string[] };
    assert.deepEqual(aud, [usual.apis[name].audience, `${broker.provider.issuer}userinfo`]);
    seen.add(receivedHeader(broker.apis[name], 'authorization'));
  }
  assert.equal(seen.size, 2);
});
