/** The rules of asking that hold at every provider; what each one is asked exactly is in ../presets/asking.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spell, wayOf, withParameters, type Wish } from '../../../functions/audience/dialects.ts';
import { orders } from './tokens.ts';

const wish: Wish = {
  asked: { audience: orders, scopes: ['read'] },
  further: [{ audience: 'https://profile', scopes: ['profile.read'] }],
  openidScopes: ['openid'],
};

describe('a login', () => {
  it('leaves the other APIs out where each needs a login of its own', () => {
    const way = wayOf({ preset: 'duende', second: 'reauthorize' });
    assert.deepEqual(spell(way, 'authorize', wish), {
      leg: 'authorize',
      scope: 'openid read',
      parameters: [['resource', orders]],
      namesAudience: true,
    });
  });

  it('names an audience of two APIs once', () => {
    const twice = { ...wish, further: [{ audience: orders, scopes: ['admin'] }] };
    assert.deepEqual(spell(wayOf({ preset: 'duende' }), 'authorize', twice).parameters, [['resource', orders]]);
  });

  it('sends no scope twice', () => {
    const same = { ...wish, asked: { audience: orders, scopes: ['openid', 'read', 'read'] }, further: [] };
    assert.equal(spell(wayOf({ preset: 'auth0' }), 'authorize', same).scope, 'openid read');
  });

  it('sends an audience as it is written, whatever characters it has', () => {
    const odd = { ...wish, asked: { audience: '$& $1 {scope} x&scope=admin', scopes: ['$&'] }, further: [] };
    assert.deepEqual(spell(wayOf({ preset: 'auth0' }), 'authorize', odd).parameters, [
      ['audience', '$& $1 {scope} x&scope=admin'],
    ]);
  });

  it('fills a template without looking into what it fills in', () => {
    const odd = { ...wish, asked: { audience: 'api://$&', scopes: ["$'"] }, further: [] };
    assert.equal(spell(wayOf({ preset: 'entra' }), 'code', odd).scope, "openid api://$&/$'");
  });
});

describe('what a provider must never see', () => {
  const resource = {
    dialect: 'param',
    name: 'resource',
    legs: ['authorize', 'code', 'refresh'],
    several: 'one',
  } as const;

  for (const leg of ['authorize', 'code', 'refresh'] as const) {
    it(`is not sent to ${leg}, even by a dialect of the configuration`, () => {
      const { parameters, namesAudience } = spell(wayOf({ preset: 'entra', audience: resource }), leg, wish);
      assert.deepEqual({ parameters, namesAudience }, { parameters: [], namesAudience: false });
    });
  }

  it('is whatever the preset lists', () => {
    const way = { ...wayOf({ preset: 'auth0' }), neverSend: ['screen_hint'] };
    const spelled = withParameters(way, spell(way, 'authorize', wish), [['screen_hint', 'signup']]);
    assert.deepEqual(spelled.parameters, [['audience', orders]]);
  });

  it('is not added to a login', () => {
    const way = wayOf({ preset: 'entra' });
    const spelled = withParameters(way, spell(way, 'authorize', wish), [
      ['resource', 'x'],
      ['login_hint', 'alice'],
    ]);
    assert.deepEqual(spelled.parameters, [['login_hint', 'alice']]);
  });
});

describe('parameters of the configuration and of the query', () => {
  const way = wayOf({ preset: 'auth0' });
  const add = (...parameters: [string, string][]) =>
    withParameters(way, spell(way, 'authorize', wish), parameters).parameters;

  it('follow the audience', () => {
    assert.deepEqual(add(['organization', 'org_1']), [
      ['audience', orders],
      ['organization', 'org_1'],
    ]);
  });

  it('cannot add an audience to it', () => {
    assert.deepEqual(add(['audience', 'https://evil'], ['resource', 'https://evil']), [['audience', orders]]);
  });

  it('cannot name an audience where the dialect sends none', () => {
    const silent = wayOf({ preset: 'auth0', audience: { dialect: 'registration' } });
    const spelled = withParameters(silent, spell(silent, 'authorize', wish), [['audience', 'https://evil']]);
    assert.deepEqual(spelled.parameters, []);
  });

  it('of one name the first counts', () => {
    assert.deepEqual(add(['organization', 'org_1'], ['organization', 'org_2']), [
      ['audience', orders],
      ['organization', 'org_1'],
    ]);
  });

  it("cannot replace the provider's fixed ones", () => {
    const google = wayOf({ preset: 'google' });
    const spelled = withParameters(google, spell(google, 'authorize', { further: [], openidScopes: ['openid'] }), [
      ['prompt', 'none'],
    ]);
    assert.deepEqual(spelled.parameters, [
      ['access_type', 'offline'],
      ['prompt', 'consent'],
    ]);
  });
});
