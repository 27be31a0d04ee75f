/** Each preset asks for its audiences as its provider documents it, and holds what comes back against the right values. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spell, wayOf, type Asked, type Spelled } from '../../../functions/audience/dialects.ts';
import { expectedOf } from '../../../functions/audience/expectation.ts';
import { presetNames, type Leg } from '../../../functions/presets/preset.ts';
import { presets } from '../../../functions/presets/presets.ts';
import { nothing, openidScopes, rows, type Request } from './requests.ts';

const request = ({ scope, parameters, namesAudience }: Spelled): Request => ({ scope, parameters, namesAudience });

for (const [name, { provider, orders, profile, alone, both, second, expected }] of Object.entries(rows)) {
  describe(name, () => {
    const way = wayOf(provider);
    const spellFor = (leg: Leg, asked: Asked, further: readonly Asked[]) =>
      request(spell(way, leg, { asked, further, openidScopes }));

    for (const leg of ['authorize', 'code', 'refresh'] as const) {
      it(`${leg}, one API`, () => assert.deepEqual(spellFor(leg, orders, []), alone[leg]));
      it(`${leg}, first of two APIs`, () => assert.deepEqual(spellFor(leg, orders, [profile]), both[leg]));
    }
    it('refresh, second of two APIs', () => assert.deepEqual(spellFor('refresh', profile, [orders]), second));
    it('expects back', () => {
      const { preset, ...rest } = expectedOf({ clientId: 'broker', ...provider }, { ...orders });
      assert.deepEqual({ ...rest, preset: preset.name }, { ...expected, preset: provider.preset });
    });
  });
}

it('google asks for consent and offline access, for a login without any API', () => {
  const spelled = spell(wayOf({ preset: 'google' }), 'authorize', { further: [], openidScopes });
  assert.deepEqual(request(spelled), {
    scope: 'openid email',
    parameters: [
      ['access_type', 'offline'],
      ['prompt', 'consent'],
    ],
    namesAudience: false,
  });
});

it('every preset but google has a row', () => {
  const covered = new Set(Object.values(rows).map(({ provider }) => provider.preset));
  assert.deepEqual(
    presetNames.filter((name) => !covered.has(name)),
    ['google'],
  );
});

for (const name of presetNames) {
  it(`without any API, ${name} is asked for the login alone`, () => {
    const way = wayOf({ preset: name });
    const wish = { further: [], openidScopes: ['openid'] };
    const fixed = Object.entries(presets[name].fixedParameters);
    assert.deepEqual(request(spell(way, 'authorize', wish)), {
      scope: 'openid',
      parameters: fixed,
      namesAudience: false,
    });
    assert.deepEqual(request(spell(way, 'code', wish)), nothing);
    assert.deepEqual(request(spell(way, 'refresh', wish)), nothing);
  });
}
