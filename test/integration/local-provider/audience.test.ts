/** Which access token the local provider gives for which audience: the rules of Auth0. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { fetchUserInfo, refreshTokenGrant } from 'openid-client';
import { startProvider } from '../../../infra/local/provider/provider.ts';
import type { Provider, ProviderOptions } from '../../../infra/local/provider/provider.ts';
import { createApplication, offlineScope } from './application.ts';
import type { Application } from './application.ts';
import { createPerson } from './person.ts';

const orders = 'https://orders.example.com';
const profile = 'https://profile.example.com';

let provider: Provider;
let application: Application;

async function start(options: ProviderOptions = {}): Promise<void> {
  provider = await startProvider({
    apis: [
      { audience: orders, scopes: ['read:orders', 'write:orders'] },
      { audience: profile, scopes: ['read:profile'] },
    ],
    ...options,
  });
  application = await createApplication(provider);
}

const audiencesOf = (token: string) => [decodeJwt(token).aud].flat();
const refresh = (token: string | undefined, parameters: Record<string, string> = {}) =>
  refreshTokenGrant(application.configuration, String(token), parameters);

beforeEach(() => start());
afterEach(async () => {
  assert.deepEqual(provider.failures, []);
  await provider.close();
});

describe('without an audience', () => {
  test('the access token is opaque', async () => {
    const { access_token: token } = await application.tokens();
    assert.equal(token.split('.').length, 1);
  });

  test('the opaque token opens userinfo', async () => {
    const { access_token: token } = await application.tokens();
    const claims = await fetchUserInfo(application.configuration, token, 'auth0|alice');
    assert.equal(claims.email, 'alice@example.com');
  });

  test('the ID token tells who logged in, and no picture of them', async () => {
    const claims = (await application.tokens()).claims();
    assert.deepEqual(
      { sub: claims?.sub, name: claims?.['name'], email: claims?.['email'], picture: claims?.['picture'] },
      { sub: 'auth0|alice', name: 'Alice Archer', email: 'alice@example.com', picture: undefined },
    );
  });

  test('the tenant may have a default audience, whose JWT comes without asking', async () => {
    provider.tenant.defaultAudience = orders;
    const { access_token: token } = await application.tokens();
    assert.deepEqual(decodeJwt(token).aud, [orders, `${provider.issuer}userinfo`]);
  });

  test('`resource` asks for nothing', async () => {
    const { access_token: token } = await application.tokens({ resource: orders });
    assert.equal(token.split('.').length, 1);
  });
});

describe('with an audience', () => {
  test('the access token is a JWT of Auth0’s profile, signed with a published key', async () => {
    const { access_token: token } = await application.tokens({
      audience: orders,
      scope: 'openid profile read:orders nonsense',
    });
    const keySet = createRemoteJWKSet(new URL(provider.jwksUri));
    const { payload, protectedHeader } = await jwtVerify(token, keySet, { issuer: provider.issuer, audience: orders });
    const { iat, exp, ...claims } = payload;
    assert.equal(protectedHeader.typ, 'JWT');
    assert.equal(protectedHeader.alg, 'RS256');
    assert.deepEqual(claims, {
      iss: provider.issuer,
      sub: 'auth0|alice',
      aud: [orders, `${provider.issuer}userinfo`],
      azp: 'token-broker',
      scope: 'openid profile read:orders',
    });
    assert.equal(Number(exp) - Number(iat), 86_400);
  });

  test('the token response reports the scope of the token', async () => {
    const { scope } = await application.tokens({ audience: orders, scope: `${offlineScope} read:orders` });
    assert.equal(scope, 'openid profile email read:orders offline_access');
  });

  test('the JWT opens userinfo', async () => {
    const { access_token: token } = await application.tokens({ audience: orders });
    const claims = await fetchUserInfo(application.configuration, token, 'auth0|alice');
    assert.equal(claims.name, 'Alice Archer');
  });

  test('without `openid` the audience is the API alone, as a string', async () => {
    const { access_token: token } = await application.tokens({ audience: orders, scope: 'read:orders' });
    assert.equal(decodeJwt(token).aud, orders);
  });

  test('that nobody registered, the login ends with access_denied', async () => {
    const { url } = await application.begin({ audience: 'https://unknown.example.com' });
    const landing = (await createPerson(provider.origin).logIn(url)).url.searchParams;
    assert.deepEqual(
      [landing.get('error'), landing.get('error_description')],
      ['access_denied', 'Service not found: https://unknown.example.com'],
    );
  });

  test('that is no URI works like any other', async () => {
    await provider.close();
    await start({ apis: [{ audience: 'orders API #1' }] });
    const { access_token: token } = await application.tokens({ audience: 'orders API #1' });
    assert.deepEqual(decodeJwt(token).aud, ['orders API #1', `${provider.issuer}userinfo`]);
    const { url } = await application.begin({ audience: 'nonsense' });
    const landing = (await createPerson(provider.origin).logIn(url)).url.searchParams;
    assert.equal(landing.get('error_description'), 'Service not found: nonsense');
  });

  test('the lifetime of tokens can be set', async () => {
    provider.tenant.accessTokenLifetimeSeconds = 5;
    const { access_token: token, expires_in: expiresIn } = await application.tokens({ audience: orders });
    const { iat, exp } = decodeJwt(token);
    assert.deepEqual([Number(exp) - Number(iat), expiresIn], [5, 5]);
  });

  test('of an API with the profile of RFC 9068, the token says at+jwt, client_id and jti', async () => {
    await provider.close();
    await start({ apis: [{ audience: orders, rfc9068: true }] });
    const { access_token: token } = await application.tokens({ audience: orders });
    const { client_id: clientId, jti, azp } = decodeJwt(token);
    assert.equal(decodeProtectedHeader(token).typ, 'at+jwt');
    assert.deepEqual([clientId, typeof jti, azp], ['token-broker', 'string', undefined]);
  });

  test('of an API with opaque tokens, the token is opaque', async () => {
    await provider.close();
    await start({ apis: [{ audience: orders, format: 'opaque' }] });
    const { access_token: token } = await application.tokens({ audience: orders });
    assert.equal(token.split('.').length, 1);
  });
});

describe('a refresh token', () => {
  test('comes with offline_access, without a consent page', async () => {
    assert.equal((await application.tokens({ audience: orders })).refresh_token, undefined);
    assert.equal(typeof (await application.tokens({ audience: orders, scope: offlineScope })).refresh_token, 'string');
  });

  test('keeps the audience of the login', async () => {
    const { refresh_token: token } = await application.tokens({ audience: orders, scope: offlineScope });
    assert.ok(audiencesOf((await refresh(token)).access_token).includes(orders));
  });

  test('of one API asked for another silently gives the first one’s token', async () => {
    const { refresh_token: token } = await application.tokens({ audience: orders, scope: offlineScope });
    const { access_token: substituted } = await refresh(token, { audience: profile });
    assert.ok(audiencesOf(substituted).includes(orders));
  });

  test('of a login without audience keeps giving opaque tokens', async () => {
    const { refresh_token: token } = await application.tokens({ scope: offlineScope });
    assert.equal((await refresh(token)).access_token.split('.').length, 1);
  });

  test('is not hurt by scopes that were not granted', async () => {
    const { refresh_token: token } = await application.tokens({ audience: orders, scope: offlineScope });
    assert.equal(decodeJwt((await refresh(token, { scope: 'write:orders' })).access_token)['scope'], offlineScope);
  });

  describe('for many resources', () => {
    beforeEach(() => {
      provider.tenant.mrrt = true;
    });

    test('gives each API’s token with that API’s scopes, and the first one’s again when none is named', async () => {
      const login = await application.tokens({ audience: orders, scope: `${offlineScope} read:orders` });
      const second = await refresh(login.refresh_token, { audience: profile });
      const third = await refresh(second.refresh_token);
      const seen = [login, second, third].map(({ access_token: token }) => {
        const { aud, scope } = decodeJwt(token);
        return [[aud].flat()[0], scope];
      });
      assert.deepEqual(seen, [
        [orders, 'openid profile email read:orders offline_access'],
        [profile, 'openid profile email read:profile offline_access'],
        [orders, 'openid profile email read:orders offline_access'],
      ]);
    });

    test('silently gives the first API’s token for an audience nobody registered', async () => {
      const login = await application.tokens({ audience: orders, scope: offlineScope });
      const { access_token: token } = await refresh(login.refresh_token, { audience: 'https://unknown.example.com' });
      assert.ok(audiencesOf(token).includes(orders));
    });
  });
});
