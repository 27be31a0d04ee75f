/** Which logout tokens each provider's rules accept (OpenID Connect Back-Channel Logout 1.0, section 2.6). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLocalJWKSet, errors, exportJWK, generateKeyPair, SignJWT, type JWTVerifyGetKey } from 'jose';
import { verifyLogoutToken } from '../../../functions/oidc/logout-token.ts';
import { presetNames, type PresetName } from '../../../functions/presets/preset.ts';

const now = 1_800_000_000;
const issuer = 'https://issuer.example.com';
const { privateKey, publicKey } = await generateKeyPair('RS256');
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] });

const settingsOf = (preset: PresetName) => ({ preset, issuer, clientId: 'broker' });

const sign = async (typ: string | undefined, claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  new SignJWT(
    JSON.parse(
      JSON.stringify({
        iss: issuer,
        aud: 'broker',
        sub: 'alice',
        jti: 'j',
        iat: now,
        exp: now + 120,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...claims,
      }),
    ) as Record<string, unknown>,
  )
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...(typ !== undefined && { typ }) })
    .sign(privateKey);

async function accepts(preset: PresetName, token: string, by: JWTVerifyGetKey = keys): Promise<string> {
  return (await verifyLogoutToken(token, by, settingsOf(preset), now)).kind;
}

/** What the providers' own tokens are like, beside `logout+jwt` with an end. */
const alsoJwt: readonly PresetName[] = ['auth0', 'keycloak', 'oidc'];
const alsoUntyped: readonly PresetName[] = ['oidc'];
const alsoEndless: readonly PresetName[] = ['keycloak', 'oidc'];

for (const preset of presetNames) {
  const verdict = (among: readonly PresetName[]): string => (among.includes(preset) ? 'verified' : 'refused');

  describe(`a logout token under the preset ${preset}`, () => {
    it('is typed logout+jwt, in any spelling', async () => {
      for (const typ of ['logout+jwt', 'LOGOUT+JWT', 'application/logout+jwt']) {
        assert.equal(await accepts(preset, await sign(typ)), 'verified', typ);
      }
    });

    it(`${alsoJwt.includes(preset) ? 'may be' : 'is not'} typed JWT`, async () => {
      assert.equal(await accepts(preset, await sign('JWT')), verdict(alsoJwt));
    });

    it(`${alsoUntyped.includes(preset) ? 'may be' : 'is not'} untyped`, async () => {
      assert.equal(await accepts(preset, await sign(undefined)), verdict(alsoUntyped));
    });

    it('is of no other type', async () => {
      for (const typ of ['at+jwt', 'secevent+jwt', 'application/application/logout+jwt', '']) {
        assert.equal(await accepts(preset, await sign(typ)), 'refused', typ);
      }
    });

    it(`${alsoEndless.includes(preset) ? 'may lack' : 'has'} an end`, async () => {
      assert.equal(await accepts(preset, await sign('logout+jwt', { exp: undefined })), verdict(alsoEndless));
    });

    it('is at most two minutes old, give or take the clocks', async () => {
      assert.equal(await accepts(preset, await sign('logout+jwt', { iat: now - 120 })), 'verified');
      assert.equal(await accepts(preset, await sign('logout+jwt', { iat: now - 151 })), 'refused');
    });
  });
}

const away: JWTVerifyGetKey = async () => {
  throw new errors.JWKSTimeout();
};

describe('keys that cannot be had', () => {
  it('are not the fault of the token: it may come again', async () => {
    assert.equal(await accepts('oidc', await sign('logout+jwt'), away), 'unavailable');
  });
});
