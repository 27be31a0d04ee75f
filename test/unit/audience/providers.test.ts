/** What single providers do differently, and what people are told about a refusal. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusedAtLogin, refusedByProvider } from '../../../functions/audience/guarantee.ts';
import { presetNames, type PresetName } from '../../../functions/presets/preset.ts';
import { presets } from '../../../functions/presets/presets.ts';
import {
  asked,
  causeOf,
  codeOf,
  expectOf,
  fixOf,
  goodClaims,
  judge,
  jwe,
  jwt,
  now,
  orders,
  unasked,
} from './tokens.ts';

describe('Cognito', () => {
  const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc';
  const claims = {
    iss: pool,
    client_id: 'broker',
    token_use: 'access',
    scope: 'openid orders/read',
    exp: now + 3600,
  };
  const circumstances = { ...unasked, issuer: pool };
  const unbound = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito', audience: { dialect: 'registration' } });
  const cognitoJwt = (change: object) => jwt({ ...claims, ...change }, { alg: 'RS256', kid: '1' });

  for (const [what, change, code] of [
    ['a token without aud, of our client and with the scope', {}, 'satisfied'],
    ['of another client', { client_id: 'stranger' }, 'claim_mismatch'],
    ['an ID token', { token_use: 'id' }, 'claim_mismatch'],
    ["without this API's scope", { scope: 'openid profile/read' }, 'scope_missing'],
  ] as const) {
    it(`unbound, ${what}: ${code}`, () => {
      assert.equal(codeOf(judge(cognitoJwt(change), { expected: unbound, circumstances })), code);
    });
  }

  it('unbound and told apart by nothing: refused', () => {
    const expected = expectOf({ scopes: [] }, { preset: 'cognito', audience: { dialect: 'registration' } });
    assert.equal(codeOf(judge(cognitoJwt({}), { expected, circumstances })), 'audience_mismatch');
  });

  it('asked to bind a resource that it did not bind', () => {
    const expected = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito' });
    const verdict = judge(cognitoJwt({}), { expected, circumstances: { ...asked, issuer: pool } });
    assert.equal(codeOf(verdict), 'audience_mismatch');
    assert.match(fixOf(verdict), /Resource binding needs/);
  });

  it('bound', () => {
    const expected = expectOf({ scopes: ['orders/read'] }, { preset: 'cognito' });
    const verdict = judge(cognitoJwt({ aud: orders }), { expected, circumstances: { ...asked, issuer: pool } });
    assert.equal(codeOf(verdict), 'satisfied');
  });
});

describe('a provider whose tokens name our client as the audience', () => {
  const expected = expectOf({ expect: { aud: ['broker'] } }, { preset: 'oidc', audience: { dialect: 'registration' } });
  const claims = { ...goodClaims, aud: 'broker' };

  it('passes where `expect.aud` says so', () => {
    assert.equal(codeOf(judge(jwt(claims), { expected, circumstances: unasked })), 'satisfied');
  });

  it('does not pass off an ID token, which has the same audience', () => {
    const verdict = judge(jwt({ ...claims, nonce: 'n' }), { expected, circumstances: unasked });
    assert.equal(codeOf(verdict), 'id_token_as_access_token');
  });
});

describe('Entra', () => {
  const guid = 'aaaaaaaa-2222-3333-4444-555555555555';
  const tenant = '99999999-8888-7777-6666-555555555555';
  const session = `https://login.microsoftonline.com/${tenant}/v2.0`;
  const circumstances = { ...asked, issuer: session };
  const claims = { iss: session, aud: guid, scp: 'orders.read', exp: now + 3600 };
  const judgeEntra = (audience: string, change: object) =>
    judge(jwt({ ...claims, ...change }), {
      expected: expectOf(
        { audience, scopes: ['orders.read'], expect: { scopes: ['orders.read'] } },
        { preset: 'entra' },
      ),
      circumstances,
    });

  for (const [what, audience, change, code] of [
    ['the client id for its App ID URI', `api://${guid}`, {}, 'satisfied'],
    ['the client id for an App ID URI with the tenant', `api://${tenant}/${guid}`, {}, 'satisfied'],
    ['the client id for a URI with it in upper case', `api://${guid.toUpperCase()}`, {}, 'satisfied'],
    [
      'the tenant for an App ID URI with the tenant',
      `api://${tenant}/${guid}`,
      { aud: tenant },
      'audience_substituted',
    ],
    ['the App ID URI itself', `api://${guid}`, { aud: `api://${guid}` }, 'satisfied'],
    ['the App ID URI for a client id', guid, { aud: `api://${guid}` }, 'satisfied'],
    ['a client id for another URI', 'api://orders', {}, 'audience_substituted'],
    ['Microsoft Graph', `api://${guid}`, { aud: '00000003-0000-0000-c000-000000000000' }, 'audience_substituted'],
    ['a v1 token of the same tenant', `api://${guid}`, { iss: `https://sts.windows.net/${tenant}/` }, 'satisfied'],
    ['a v1 token of another tenant', `api://${guid}`, { iss: `https://sts.windows.net/${guid}/` }, 'issuer_mismatch'],
    ['without the scope', `api://${guid}`, { scp: 'other' }, 'scope_missing'],
  ] as const) {
    it(`${what}: ${code}`, () => assert.equal(codeOf(judgeEntra(audience, change)), code));
  }
});

it("Google's tokens reach no API unless it says that it takes them unread", () => {
  const google = { preset: 'google' } as const;
  assert.equal(codeOf(judge('ya29.abc', { expected: expectOf({}, google) })), 'opaque_access_token');
});

describe('what is said about a refusal', () => {
  const secretClaims = {
    ...goodClaims,
    aud: 'https://secret-audience',
    sub: 'secret-subject',
    iss: 'https://secret-issuer',
  };
  const refusals = [
    judge(jwt(secretClaims)),
    judge(jwt({ ...secretClaims, aud: orders })),
    judge(jwt({ ...goodClaims, nonce: 'secret-nonce' })),
    judge(jwt(goodClaims, { alg: 'RS256', typ: 'secret-typ' })),
    judge(jwt({ ...goodClaims, tier: 'secret-tier' }), {
      expected: expectOf({ expect: { claims: { tier: 'gold' } } }),
    }),
    judge(jwt({ ...goodClaims, scope: 'secret-scope' }), { expected: expectOf({ expect: { scopes: ['read'] } }) }),
    judge('secret-opaque'),
    judge(jwe('RSA-OAEP-256')),
    judge('secret\n'),
  ];

  it('holds no value of the token, for it enters logs and answers', () => {
    for (const verdict of refusals) {
      assert.equal(verdict.kind, 'refused');
      assert.doesNotMatch(causeOf(verdict) + fixOf(verdict), /secret/);
    }
  });

  it('shows them to the development report', () => {
    assert.deepEqual(judge(jwt(secretClaims)).observed.aud, ['https://secret-audience']);
  });

  it('never shows the token itself', () => {
    for (const verdict of refusals)
      assert.doesNotMatch(JSON.stringify(verdict), /secret-opaque|secret-subject|secret-nonce/);
  });

  it("is the provider's own advice where there is one", () => {
    assert.match(fixOf(judge(jwt({ ...goodClaims, aud: 'https://first' }))), /multi-resource refresh token/);
  });

  for (const name of presetNames) {
    it(`names a fix at ${name} when the provider itself refuses`, () => {
      const expected = { ...expectOf(), preset: presets[name] };
      const verdict = refusedByProvider(expected);
      assert.deepEqual([verdict.kind, verdict.code], ['refused', 'audience_refused']);
      assert.match(verdict.fix, /^[A-Z].*\.$/);
    });
  }
});

const atLogin = (preset: PresetName, error: string, description: string): string | undefined =>
  refusedAtLogin({ ...expectOf(), preset: presets[preset] }, error, description)?.code;

describe('where the provider sends the browser back without a token', () => {
  for (const name of presetNames) {
    it(`invalid_target refuses the audience at ${name}`, () => {
      assert.equal(atLogin(name, 'invalid_target', 'unknown resource'), 'audience_refused');
    });
  }

  for (const [name, error, description, refused] of [
    ['auth0', 'access_denied', 'Service not found: https://orders', true],
    ['auth0', 'access_denied', 'User did not authorize the request', false],
    ['auth0', 'server_error', 'Service not found: https://orders', false],
    ['okta', 'access_denied', 'Policy evaluation failed for this request', true],
    ['entra', 'invalid_resource', 'AADSTS500011: The resource principal was not found', true],
    ['keycloak', 'invalid_scope', 'Invalid scopes: orders-api', true],
    ['oidc', 'access_denied', 'Service not found', false],
  ] as const) {
    it(`${name}: ${error}, "${description}" ${refused ? 'is' : 'is not'} about the audience`, () => {
      assert.equal(atLogin(name, error, description) === 'audience_refused', refused);
    });
  }
});
