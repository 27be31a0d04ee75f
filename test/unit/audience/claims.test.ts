/** The rules for issuer, type, claims, scopes and end, each broken on its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asked, codeOf, expectOf, goodClaims, issuer, judge, jwt, now, opaque } from './tokens.ts';

const withScope = (scope: unknown): string => jwt({ ...goodClaims, scope });

describe('issuer', () => {
  for (const [what, iss] of [
    ['another', 'https://evil.com/'],
    ['without the slash at its end', issuer.slice(0, -1)],
    ['none', undefined],
    ['a list', [issuer]],
  ] as const) {
    it(what, () => assert.equal(codeOf(judge(jwt({ ...goodClaims, iss }))), 'issuer_mismatch'));
  }

  it('one of those in `expect.issuer`', () => {
    const expected = expectOf({ expect: { issuer: ['https://other-domain/'] } });
    assert.equal(codeOf(judge(jwt({ ...goodClaims, iss: 'https://other-domain/' }), { expected })), 'satisfied');
  });

  it('the session issuer, where `expect.issuer` names others', () => {
    const expected = expectOf({ expect: { issuer: ['https://other-domain/'] } });
    assert.equal(codeOf(judge(jwt(), { expected })), 'issuer_mismatch');
  });
});

describe('type', () => {
  for (const [typ, code] of [
    ['at+jwt', 'satisfied'],
    ['application/at+jwt', 'satisfied'],
    ['AT+JWT', 'satisfied'],
    ['jwt', 'satisfied'],
    ['logout+jwt', 'token_type_mismatch'],
    ['dpop+jwt', 'token_type_mismatch'],
    [undefined, 'token_type_mismatch'],
    [7, 'token_type_mismatch'],
  ] as const) {
    it(`${String(typ)}: ${code}`, () => {
      assert.equal(codeOf(judge(jwt(goodClaims, { alg: 'RS256', typ }))), code);
    });
  }

  it('none is fine at Okta, whose tokens have none', () => {
    const expected = expectOf({ scopes: [] }, { preset: 'okta' });
    assert.equal(codeOf(judge(jwt(goodClaims, { alg: 'RS256' }), { expected })), 'satisfied');
  });

  it('`expect.typ` takes the place of the usual', () => {
    const expected = expectOf({ expect: { typ: ['at+jwt'] } });
    assert.equal(codeOf(judge(jwt(), { expected })), 'token_type_mismatch');
  });
});

describe('exact claims', () => {
  for (const [what, claims, value, code] of [
    ['equal', { tier: 'gold' }, 'gold', 'satisfied'],
    ['another value', { tier: 'gold' }, 'silver', 'claim_mismatch'],
    ['missing', { tier: 'gold' }, undefined, 'claim_mismatch'],
    ['in an array', { tier: 'gold' }, ['gold'], 'claim_mismatch'],
    ['true and "true"', { tier: true }, 'true', 'claim_mismatch'],
    ['1 and 1', { tier: 1 }, 1, 'satisfied'],
  ] as const) {
    it(what, () => {
      const expected = expectOf({ expect: { claims } });
      assert.equal(codeOf(judge(jwt({ ...goodClaims, tier: value }), { expected })), code);
    });
  }
});

describe('scopes', () => {
  const expected = expectOf({ expect: { scopes: ['read:orders', 'write:orders'] } });

  it('all granted', () => {
    assert.equal(codeOf(judge(withScope('write:orders openid read:orders'), { expected })), 'satisfied');
  });

  it('all granted, in an array', () => {
    assert.equal(codeOf(judge(withScope(['read:orders', 'write:orders']), { expected })), 'satisfied');
  });

  it('one missing', () => assert.equal(codeOf(judge(withScope('read:orders'), { expected })), 'scope_missing'));

  it('one that only begins like it', () => {
    assert.equal(codeOf(judge(withScope('read:orders write:orders2'), { expected })), 'scope_missing');
  });

  it("the token's own claim counts, not what the answer says", () => {
    const answer = { scope: 'read:orders write:orders' };
    assert.equal(codeOf(judge(withScope('read:orders'), { expected, answer })), 'scope_missing');
  });

  it('the answer counts where the token has no such claim', () => {
    const answer = { scope: 'read:orders write:orders' };
    assert.equal(codeOf(judge(withScope(undefined), { expected, answer })), 'satisfied');
  });

  it('nobody says: refused for a token that could have said', () => {
    assert.equal(codeOf(judge(withScope(undefined), { expected })), 'scope_missing');
  });

  it('nobody says: granted as asked for a token that cannot be read', () => {
    const unread = expectOf({ expect: { format: 'opaque', scopes: ['read:orders'] } });
    const spelled = { ...asked.spelled, scope: 'openid read:orders' };
    const verdict = judge(opaque, { expected: unread, circumstances: { ...asked, spelled } });
    assert.equal(codeOf(verdict), 'satisfied');
  });

  it('a scope the user was not granted does not matter unless `expect.scopes` names it', () => {
    assert.equal(codeOf(judge(withScope('openid'))), 'satisfied');
  });
});

describe('end', () => {
  for (const [what, exp, expiresIn, code] of [
    ['in the past', now - 1, undefined, 'access_token_expired'],
    ['now', now, undefined, 'access_token_expired'],
    ['in a second', now + 1, undefined, 'satisfied'],
    ['unknown', undefined, 3600, 'access_token_expired'],
    ['a string', String(now + 60), 3600, 'access_token_expired'],
    ['in the future, with expires_in 0', now + 60, 0, 'access_token_expired'],
    ['in the future, with a negative expires_in', now + 60, -5, 'access_token_expired'],
  ] as const) {
    it(`${what}: ${code}`, () => {
      assert.equal(codeOf(judge(jwt({ ...goodClaims, exp }), { answer: { expiresIn } })), code);
    });
  }
});
