/** A token that breaks any one rule is never handed on, whatever else is right about it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Circumstances } from '../../../functions/audience/checks.ts';
import { hold, type TokenAnswer, type Verdict } from '../../../functions/audience/guarantee.ts';
import { answerWith, asked, expectOf, goodClaims, issuer, jwt, now, orders, unasked } from './tokens.ts';

const strict = expectOf({
  expect: { onlyAudience: true, typ: ['at+jwt'], claims: { tier: 'gold' }, scopes: ['read:orders'] },
});

const rightHeader = { alg: 'RS256', typ: 'at+jwt' };

interface Case {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
  readonly answer: TokenAnswer;
}

const judge = ({ claims, header, answer }: Case, circumstances: Circumstances = asked): Verdict =>
  hold(answerWith(jwt(claims, header), answer), strict, circumstances);

/** Everything that may differ between tokens that satisfy. */
const satisfying: fc.Arbitrary<Case> = fc.record({
  claims: fc
    .record({
      sub: fc.string(),
      jti: fc.uuid(),
      aud: fc.constantFrom(orders, [orders], [orders, `${issuer}userinfo`], [`${issuer}userinfo`, orders]),
      exp: fc.integer({ min: now + 1, max: now + 1e7 }),
      scope: fc.constantFrom('read:orders', 'openid read:orders email', ['read:orders']),
      groups: fc.array(fc.string(), { maxLength: 5 }),
    })
    .map((claims) => Object.assign({}, goodClaims, { tier: 'gold' }, claims)),
  header: fc.constantFrom(
    { ...rightHeader },
    { ...rightHeader, typ: 'application/at+jwt' },
    { ...rightHeader, kid: '1' },
  ),
  answer: fc.record({
    tokenType: fc.constantFrom('Bearer', 'bearer', 'BEARER'),
    expiresIn: fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(undefined, null, 'soon', '60', 1e300)),
    scope: fc.option(fc.string(), { nil: undefined }),
  }),
});

const other = (right: readonly unknown[]) => fc.jsonValue().filter((value) => !right.includes(value));

const claim = (name: string, value: fc.Arbitrary<unknown>) =>
  value.map((wrong) => ({ claims, header, answer }: Case): Case => ({
    claims: { ...claims, [name]: wrong },
    header,
    answer,
  }));

const member = (name: keyof TokenAnswer, value: fc.Arbitrary<unknown>) =>
  value.map((wrong) => ({ claims, header, answer }: Case): Case => ({
    claims,
    header,
    answer: { ...answer, [name]: wrong },
  }));

const faults: Readonly<Record<string, fc.Arbitrary<(right: Case) => Case>>> = {
  'an audience that is not the API': claim(
    'aud',
    other([orders]).filter((aud) => !(Array.isArray(aud) && aud.includes(orders))),
  ),
  'a further audience': claim(
    'aud',
    fc
      .string()
      .filter((one) => one !== orders && one !== `${issuer}userinfo`)
      .map((one) => [orders, one]),
  ),
  'another issuer': claim('iss', other([issuer])),
  'another value of an exact claim': claim('tier', other(['gold'])),
  'an end that has passed': claim('exp', fc.integer({ max: now })),
  'an end that is no number': claim(
    'exp',
    fc.jsonValue().filter((exp) => typeof exp !== 'number'),
  ),
  'a missing scope': claim('scope', fc.constantFrom('', 'openid', 'read:orders2', 'READ:ORDERS', ['openid'], [])),
  'a mark of ID tokens': fc
    .tuple(fc.constantFrom('nonce', 'at_hash', 'c_hash'), fc.jsonValue())
    .map(([name, value]) => ({ claims, header, answer }: Case): Case => ({
      claims: { ...claims, [name]: value },
      header,
      answer,
    })),
  'another type': other(['at+jwt']).map((typ) => ({ claims, header, answer }: Case): Case => ({
    claims,
    header: { ...header, typ },
    answer,
  })),
  'no signature': fc.constant(({ claims, header, answer }: Case): Case => ({
    claims,
    header: { ...header, alg: 'none' },
    answer,
  })),
  'another token type': member(
    'tokenType',
    fc.anything().filter((one) => typeof one !== 'string' || one.toLowerCase() !== 'bearer'),
  ),
  'a life that is over': member('expiresIn', fc.integer({ max: 0 })),
};

describe('the guarantee', () => {
  it('hands on every token that breaks no rule', () => {
    fc.assert(fc.property(satisfying, (right) => judge(right).kind === 'satisfied'));
  });

  for (const [fault, arbitrary] of Object.entries(faults)) {
    it(`refuses ${fault}`, () => {
      fc.assert(
        fc.property(satisfying, arbitrary, fc.constantFrom(asked, unasked), (right, broken, circumstances) => {
          assert.equal(judge(broken(right), circumstances).kind, 'refused');
        }),
      );
    });
  }

  it('refuses the ID token, however good an access token it would be', () => {
    fc.assert(
      fc.property(satisfying, (right) => {
        const idToken = jwt(right.claims, right.header);
        return judge({ ...right, answer: { ...right.answer, idToken } }).kind === 'refused';
      }),
    );
  });

  it('comes to a verdict on whatever a provider sends', () => {
    const anything = fc.record(
      {
        accessToken: fc.anything(),
        tokenType: fc.anything(),
        expiresIn: fc.anything(),
        scope: fc.anything(),
        idToken: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(anything, (answer) => hold(answer, strict, asked).kind === 'refused'));
  });

  it('never repeats a value of the token in what is logged', () => {
    const secret = fc.stringMatching(/^[a-z]{12}$/);
    fc.assert(
      fc.property(satisfying, secret, fc.constantFrom('aud', 'iss', 'tier', 'nonce', 'scope'), (right, value, name) => {
        const verdict = judge({ ...right, claims: { ...right.claims, [name]: value } });
        assert.equal(verdict.kind, 'refused');
        assert.ok(!`${verdict.cause} ${verdict.fix}`.includes(value));
      }),
    );
  });
});
