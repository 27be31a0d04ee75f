/** How people and applications log in at the local provider: its page, its parameters, client authentication. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey } from 'jose';
import * as client from 'openid-client';
import { defaultClient, startProvider } from '../../../infra/local/provider/provider.ts';
import type { Provider, ProviderOptions } from '../../../infra/local/provider/provider.ts';
import { createApplication, redirectUri } from './application.ts';
import type { Application } from './application.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';

let provider: Provider;
let application: Application;
let person: Person;

async function start(options: ProviderOptions = {}): Promise<void> {
  provider = await startProvider({ apis: [{ audience: 'https://orders.example.com' }], ...options });
  application = await createApplication(provider);
  person = createPerson(provider.origin);
}

beforeEach(() => start());
afterEach(async () => {
  assert.deepEqual(provider.failures, []);
  await provider.close();
});

const subOf = (tokens: client.TokenEndpointResponseHelpers) => tokens.claims()?.sub;
const errorOf = ({ url }: { readonly url: URL }) => url.searchParams.get('error');

describe('the login page', () => {
  test('is a plain form with labelled fields, the first one focused', async () => {
    const { html, status } = await person.open((await application.begin()).url);
    assert.equal(status, 200);
    assert.match(html, /<label for="username">[^<]+<\/label>\s*<input id="username" name="username"[^>]* autofocus/);
    assert.match(html, /<label for="password">[^<]+<\/label>\s*<input id="password" name="password" type="password"/);
  });

  test('loads nothing from elsewhere and needs no script', async () => {
    const { html } = await person.open((await application.begin()).url);
    assert.doesNotMatch(html, /<script|\ssrc=|@import|https?:\/\//);
  });

  test('says so when the password is wrong, and keeps the username', async () => {
    const { html, status } = await person.logIn((await application.begin()).url, 'alice', 'guess');
    assert.equal(status, 400);
    assert.match(html, /role="alert"[^>]*>Wrong username or password/);
    assert.match(html, /name="username"[^>]* value="alice"/);
    assert.doesNotMatch(html, /guess/);
  });

  test('says the same of a person nobody knows', async () => {
    const { html } = await person.logIn((await application.begin()).url, 'mallory');
    assert.match(html, /Wrong username or password/);
  });

  test('lets in after a wrong password', async () => {
    const attempt = await application.begin();
    const wrong = await person.logIn(attempt.url, 'alice', 'guess');
    assert.equal(subOf(await attempt.redeem((await person.logIn(wrong.url)).url)), 'auth0|alice');
  });

  test('escapes what was typed', async () => {
    const { html } = await person.logIn((await application.begin()).url, '"><script>alert(1)</script>', 'x');
    assert.doesNotMatch(html, /<script/);
  });

  test('starts with the username of login_hint', async () => {
    const { html } = await person.open((await application.begin({ login_hint: 'bob' })).url);
    assert.match(html, /name="username"[^>]* value="bob"/);
  });

  test('of a login that is over says how to go on', async () => {
    const { html, status } = await person.open(`${provider.origin}/u/login?state=nothing`);
    assert.equal(status, 400);
    assert.match(html, /start again/);
  });

  test('lets each of two tabs finish its own login', async () => {
    const [first, second] = [await application.begin(), await application.begin()];
    const [firstPage, secondPage] = [await person.open(first.url), await person.open(second.url)];
    const { url: secondLanding } = await person.logIn(secondPage.url);
    const { url: firstLanding } = await person.logIn(firstPage.url);
    assert.equal(subOf(await second.redeem(secondLanding)), 'auth0|alice');
    assert.equal(subOf(await first.redeem(firstLanding)), 'auth0|alice');
  });
});

describe('a person who is logged in', () => {
  beforeEach(() => application.tokens({}, person));

  test('is not asked again, and keeps the same sid', async () => {
    const [first, second] = [await application.tokens({}, person), await application.tokens({}, person)];
    assert.equal(first.claims()?.['sid'], second.claims()?.['sid']);
    assert.equal(provider.requestsTo('login').length, 2);
  });

  test('is let through with prompt=none', async () => {
    const attempt = await application.begin({ prompt: 'none' });
    assert.equal(subOf(await attempt.redeem((await person.open(attempt.url)).url)), 'auth0|alice');
  });

  test('is asked again with prompt=login', async () => {
    const { html } = await person.open((await application.begin({ prompt: 'login' })).url);
    assert.match(html, /name="password"/);
  });

  test('can be replaced by somebody else', async () => {
    const attempt = await application.begin({ prompt: 'login' });
    assert.equal(subOf(await attempt.redeem((await person.logIn(attempt.url, 'bob')).url)), 'auth0|bob');
  });

  test('never sees a consent page', async () => {
    const attempt = await application.begin({ prompt: 'consent', scope: 'openid offline_access' });
    assert.equal(subOf(await attempt.redeem((await person.open(attempt.url)).url)), 'auth0|alice');
  });
});

test('nobody logged in, prompt=none answers login_required', async () => {
  const landing = await person.open((await application.begin({ prompt: 'none' })).url);
  assert.equal(errorOf(landing), 'login_required');
});

test('the redirect names the issuer', async () => {
  const { url } = await person.logIn((await application.begin()).url);
  assert.equal(url.searchParams.get('iss'), provider.issuer);
});

test('a login without PKCE is refused', async () => {
  const { url } = await application.begin();
  url.searchParams.delete('code_challenge');
  url.searchParams.delete('code_challenge_method');
  assert.equal(errorOf(await person.open(url)), 'invalid_request');
});

test('an unregistered redirect is refused on a page', async () => {
  const { url, status, html } = await person.open(
    (await application.begin({ redirect_uri: 'https://evil.example' })).url,
  );
  assert.deepEqual([url.origin, status], [provider.origin, 400]);
  assert.match(html, /invalid_redirect_uri/);
});

test('a code is redeemed once', async () => {
  const attempt = await application.begin();
  const landing = await person.logIn(attempt.url);
  await attempt.redeem(landing.url);
  await assert.rejects(attempt.redeem(landing.url), { error: 'invalid_grant' });
});

describe('client authentication', () => {
  const secret = String(defaultClient.secret);

  for (const [kind, authentication] of [
    ['basic', client.ClientSecretBasic(secret)],
    ['post', client.ClientSecretPost(secret)],
  ] as const) {
    test(`by client_secret_${kind}`, async () => {
      application = await createApplication(provider, authentication);
      assert.equal(subOf(await application.tokens()), 'auth0|alice');
      assert.equal(provider.requestsTo('token')[0]?.clientAuth, kind);
    });

    test(`by client_secret_${kind} with a wrong secret is invalid_client`, async () => {
      const wrong = kind === 'basic' ? client.ClientSecretBasic('x') : client.ClientSecretPost('x');
      application = await createApplication(provider, wrong);
      await assert.rejects(application.tokens(), (error: { error?: string; status?: number; code?: string }) => {
        assert.equal(provider.requestsTo('token')[0]?.status, 401);
        return error.error === 'invalid_client' || error.code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE';
      });
    });
  }

  describe('by private_key_jwt', () => {
    let privateKey: CryptoKey;

    beforeEach(async () => {
      const pair = await generateKeyPair('RS256', { extractable: true });
      privateKey = pair.privateKey;
      const publicKeys = [{ ...(await exportJWK(pair.publicKey)), kid: 'client-1', use: 'sig', alg: 'RS256' }];
      await provider.close();
      await start({ clients: [{ id: defaultClient.id, redirectUris: defaultClient.redirectUris, publicKeys }] });
    });

    test('tokens are given', async () => {
      application = await createApplication(provider, client.PrivateKeyJwt({ key: privateKey, kid: 'client-1' }));
      assert.equal(subOf(await application.tokens()), 'auth0|alice');
      assert.equal(provider.requestsTo('token')[0]?.clientAuth, 'private_key_jwt');
    });

    test('another key is invalid_client', async () => {
      const { privateKey: other } = await generateKeyPair('RS256');
      application = await createApplication(provider, client.PrivateKeyJwt({ key: other, kid: 'client-1' }));
      await assert.rejects(application.tokens(), { error: 'invalid_client' });
    });
  });
});

describe('pushed authorization requests', () => {
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid',
    audience: 'https://orders.example.com',
    code_challenge_method: 'S256',
  };

  async function push(): Promise<{ url: URL; verifier: string }> {
    const verifier = client.randomPKCECodeVerifier();
    const challenge = await client.calculatePKCECodeChallenge(verifier);
    const { configuration } = application;
    const url = await client.buildAuthorizationUrlWithPAR(configuration, { ...parameters, code_challenge: challenge });
    return { url, verifier };
  }

  test('are not offered by default', () => {
    assert.equal(application.configuration.serverMetadata().pushed_authorization_request_endpoint, undefined);
  });

  test('keep their audience', async () => {
    await provider.close();
    await start({ par: 'on' });
    const { url, verifier } = await push();
    const landing = await person.logIn(url);
    const checks = { pkceCodeVerifier: verifier };
    const { access_token: token } = await client.authorizationCodeGrant(application.configuration, landing.url, checks);
    assert.equal(token.split('.').length, 3);
  });

  test('can be required', async () => {
    await provider.close();
    await start({ par: 'required' });
    assert.equal(errorOf(await person.open((await application.begin()).url)), 'invalid_request');
  });
});

test('requests are recorded with their parameters', async () => {
  await application.tokens({ audience: 'https://orders.example.com', organization: 'org_1' }, person);
  const [authorize] = provider.requestsTo('authorize');
  const [token] = provider.requestsTo('token');
  assert.equal(authorize?.parameters['audience'], 'https://orders.example.com');
  assert.equal(authorize?.parameters['organization'], 'org_1');
  assert.equal(authorize?.parameters['resource'], undefined);
  assert.deepEqual(
    [token?.method, token?.path, token?.parameters['grant_type'], token?.status],
    ['POST', '/oauth/token', 'authorization_code', 200],
  );
});

test('nothing is written to the console', async (context) => {
  const written = (['log', 'info', 'warn', 'error'] as const).map(
    (method) => context.mock.method(console, method, () => {}).mock,
  );
  await provider.close();
  await start();
  await application.tokens({ scope: 'openid offline_access' }, person);
  await person.open(`${provider.origin}/oidc/logout`);
  assert.deepEqual(
    written.flatMap((mock) => mock.calls.map((call) => call.arguments)),
    [],
  );
});
