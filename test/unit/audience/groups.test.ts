import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fingerprint, redemptionGroups, wishFor, type TokenOfApi } from '../../../functions/audience/groups.ts';
import { expectOf, orders } from './tokens.ts';

const api: TokenOfApi = { audience: orders, scopes: ['read', 'write'] };

describe("an API's own expectation", () => {
  it('takes the place of the preset, key by key', () => {
    const { preset: _, ...expected } = expectOf({
      expect: {
        format: 'encrypted',
        aud: ['https://a'],
        issuer: ['https://i'],
        typ: ['at+jwt'],
        onlyAudience: true,
        claims: { tier: 1 },
        scopes: ['read'],
      },
    });
    assert.deepEqual(expected, {
      format: 'encrypted',
      audiences: ['https://a'],
      onlyAudience: true,
      issuers: ['https://i'],
      typ: ['at+jwt'],
      claims: { tier: 1 },
      scopes: ['read'],
    });
  });

  it('adds claims to those of the preset', () => {
    const { claims } = expectOf({ expect: { claims: { tier: 'gold' } } }, { preset: 'cognito' });
    assert.deepEqual(claims, { token_use: 'access', tier: 'gold' });
  });

  it('checks our own client where no audience is checked', () => {
    const { claims, scopes } = expectOf({ expect: { aud: [] } });
    assert.deepEqual({ claims, scopes }, { claims: { azp: 'broker' }, scopes: ['read:orders'] });
  });
});

describe('the fingerprint of what a token was had for', () => {
  it('is six bytes', () => assert.equal(Buffer.from(fingerprint(api), 'base64url').length, 6));

  it('stays the same from release to release, or every session would ask for its tokens anew', () => {
    assert.equal(fingerprint(api), 'u1jMLmiG');
    assert.equal(fingerprint({ ...api, expect: { format: 'jwt', claims: { a: 1, b: 'x' } } }), 'EOrISufK');
  });

  for (const [what, same] of [
    ['the order of scopes', { ...api, scopes: ['write', 'read'] }],
    ['a scope twice', { ...api, scopes: ['read', 'write', 'read'] }],
    ['an empty expectation', { ...api, expect: {} }],
  ] as const) {
    it(`does not depend on ${what}`, () => assert.equal(fingerprint(same), fingerprint(api)));
  }

  it('does not depend on the order in which an expectation is written', () => {
    const one = fingerprint({ ...api, expect: { aud: ['a', 'b'], claims: { a: 1, b: 2 }, format: 'jwt' } });
    const other = fingerprint({ ...api, expect: { format: 'jwt', claims: { b: 2, a: 1 }, aud: ['b', 'a'] } });
    assert.equal(one, other);
  });

  for (const [what, changed] of [
    ['audience', { ...api, audience: 'https://other' }],
    ['scopes', { ...api, scopes: ['read'] }],
    ['expected format', { ...api, expect: { format: 'opaque' } }],
    ['expected claims', { ...api, expect: { claims: { tier: 'gold' } } }],
    ['expected issuer', { ...api, expect: { issuer: [orders] } }],
  ] as const) {
    it(`changes with the ${what}`, () => assert.notEqual(fingerprint(changed), fingerprint(api)));
  }

  it('is not fooled by text that looks like a list', () => {
    const text = fc.string({ unit: fc.constantFrom('"', ',', '[', ']', 'a', ':') });
    const scopes = fc.array(text, { maxLength: 3 });
    fc.assert(
      fc.property(scopes, scopes, (one, other) => {
        const equal = one.every((scope) => other.includes(scope)) && other.every((scope) => one.includes(scope));
        return (fingerprint({ ...api, scopes: one }) === fingerprint({ ...api, scopes: other })) === equal;
      }),
    );
  });
});

describe('which APIs share a token', () => {
  const apis = {
    orders: api,
    anonymous: { scopes: [] },
    reports: { ...api, scopes: ['write', 'read'] },
    admin: { ...api, scopes: ['admin'] },
    profile: { audience: 'https://profile', scopes: [] },
    strict: { ...api, expect: { onlyAudience: true } },
  } satisfies Record<string, TokenOfApi>;
  const groups = redemptionGroups(apis);

  it('those of one audience, scopes and expectation; an anonymous one has none', () => {
    assert.deepEqual(
      groups.map((group) => group.apis),
      [['orders', 'reports'], ['admin'], ['profile'], ['strict']],
    );
  });

  it('none, where no API has an audience', () => assert.deepEqual(redemptionGroups({ files: { scopes: [] } }), []));

  it('a wish names one of them and keeps the others in mind', () => {
    assert.deepEqual(wishFor(groups, 'reports', ['openid']), {
      asked: { audience: orders, scopes: ['read', 'write'] },
      further: [
        { audience: orders, scopes: ['admin'] },
        { audience: 'https://profile', scopes: [] },
        { audience: orders, scopes: ['read', 'write'] },
      ],
      openidScopes: ['openid'],
    });
  });

  it('a login without any API wishes for nothing', () => {
    assert.deepEqual(wishFor([], undefined, ['openid']), { further: [], openidScopes: ['openid'] });
  });
});
