/** What every preset has to hold, whatever its provider. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { presetNames } from '../../../functions/presets/preset.ts';
import { needsIdToken, presets } from '../../../functions/presets/presets.ts';

for (const name of presetNames) {
  const preset = presets[name];

  describe(name, () => {
    it('goes by its own name', () => assert.equal(preset.name, name));

    it('lets no API have a token unread by default', () => assert.equal(preset.shape.format, 'jwt'));

    it('accepts no ID token signed with a shared secret or not at all', () => {
      for (const alg of preset.idTokenAlgorithms) assert.match(alg, /^(?:RS|PS|ES)\d{3}$|^EdDSA$/);
    });

    it('bounds the age of logout tokens and refuses those typed as another token', () => {
      assert.ok(preset.logoutToken.maxAgeSeconds <= 120);
      assert.ok(!preset.logoutToken.typ.includes('at+jwt'));
    });

    it('never spells an audience in a parameter that the provider must not see', () => {
      if (preset.audience?.dialect === 'param') assert.ok(!preset.neverSend.includes(preset.audience.name));
    });

    it('gives advice in whole sentences', () => {
      for (const advice of Object.values(preset.advice)) assert.match(advice, /^[A-Z].*\.$/);
    });
  });
}

const unsuitable = (name: 'okta' | 'entra', issuer: string) =>
  new RegExp(presets[name].issuer.unsuitable?.pattern ?? '$^').test(issuer);

describe('issuers that cannot work', () => {
  for (const [name, issuer, refused] of [
    ['okta', 'https://acme.okta.com', true],
    ['okta', 'https://acme.okta.com/', true],
    ['okta', 'https://acme.okta.com/oauth2/default', false],
    ['entra', 'https://sts.windows.net/1234/', true],
    ['entra', 'https://login.microsoftonline.com/1234/', true],
    ['entra', 'https://login.microsoftonline.com/1234/v2.0', false],
  ] as const) {
    it(`${issuer} is ${refused ? 'refused' : 'fine'}`, () => assert.equal(unsuitable(name, issuer), refused));
  }
});

it('only a logout by id_token_hint makes a session keep its ID token', () => {
  const keeping = presetNames.filter((name) => needsIdToken(presets[name].logout[0]));
  assert.deepEqual(keeping, ['okta', 'keycloak', 'duende', 'oidc']);
});
