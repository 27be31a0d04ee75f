import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { classify, isSendable, longestToken } from '../../../functions/audience/token.ts';
import { goodClaims, jwe, jwt, opaque } from './tokens.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64url');
const head = encode('{"alg":"RS256"}');

describe('what a token is', () => {
  it('three parts of JSON and a signature are a JWT', () => {
    assert.deepEqual(classify(jwt()), { kind: 'jwt', header: { alg: 'RS256', typ: 'JWT' }, claims: goodClaims });
  });

  it('five parts under a header with alg and enc are a JWE', () => {
    assert.deepEqual(classify(jwe('RSA-OAEP-256')), { kind: 'jwe', header: { alg: 'RSA-OAEP-256', enc: 'A256GCM' } });
  });

  it('a JWE with an empty key part, as direct encryption has it, is a JWE', () => {
    assert.equal(classify(`${encode('{"alg":"dir","enc":"A256GCM"}')}..aXY.Y2lwaGVy.dGFn`).kind, 'jwe');
  });

  it('of a claim that occurs twice the last counts, as for every JSON.parse', () => {
    const token = classify(`${head}.${encode('{"aud":"a","aud":"b"}')}.c2ln`);
    assert.deepEqual(token, { kind: 'jwt', header: { alg: 'RS256' }, claims: { aud: 'b' } });
  });

  for (const [what, token] of [
    ['nothing', ''],
    ['a random string', opaque],
    ['two parts', `${head}.${encode('{}')}`],
    ['four parts', `${head}.${encode('{}')}.c2ln.c2ln`],
    ['six parts', `${head}.a.b.c.d.e`],
    ['dots alone', '..'],
    ['four dots alone', '....'],
    ['a header that is no JSON', `${encode('{"alg":')}.${encode('{}')}.c2ln`],
    ['a header that is a list', `${encode('["alg"]')}.${encode('{}')}.c2ln`],
    ['a header that is null', `${encode('null')}.${encode('{}')}.c2ln`],
    ['a header without alg', `${encode('{"typ":"JWT"}')}.${encode('{}')}.c2ln`],
    ['a header with a number for alg', `${encode('{"alg":1}')}.${encode('{}')}.c2ln`],
    ['a JWT that says it is not signed', `${encode('{"alg":"none"}')}.${encode('{}')}.c2ln`],
    ['a JWT without a signature', `${head}.${encode('{}')}.`],
    ['claims that are no JSON', `${head}.${encode('{')}.c2ln`],
    ['claims that are a string', `${head}.${encode('"claims"')}.c2ln`],
    ['claims that are a list', `${head}.${encode('[]')}.c2ln`],
    ['claims nested thousands deep', `${head}.${encode('['.repeat(10_000))}.c2ln`],
    ['standard base64 instead of base64url', `${head}.${encode('{}')}==.c2ln`],
    ['five parts without enc', `${head}.a.b.c.d`],
    ['more than we ever forward', jwt({ aud: 'x'.repeat(longestToken) })],
  ] as const) {
    it(`opaque: ${what}`, () => assert.deepEqual(classify(token), { kind: 'opaque' }));
  }

  it('classifying never throws', () => {
    const piece = fc.oneof(fc.string(), fc.json().map(encode), fc.constant(head), fc.base64String());
    const token = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 7 }).map((parts) => parts.join('.')),
    );
    fc.assert(fc.property(token, (text) => ['jwt', 'jwe', 'opaque'].includes(classify(text).kind)));
  });
});

describe('what can be sent in a header', () => {
  for (const [what, token, sendable] of [
    ['visible ASCII', '!~azAZ09-._+/=', true],
    ['a line break', 'a\r\nX-Injected: 1', false],
    ['a space', 'a b', false],
    ['a control character', 'a\u0000b', false],
    ['a letter beyond ASCII', 'tokén', false],
    ['nothing', '', false],
    ['the longest', 'x'.repeat(longestToken), true],
    ['one more', 'x'.repeat(longestToken + 1), false],
  ] as const) {
    it(`${what}: ${sendable ? 'yes' : 'no'}`, () => assert.equal(isSendable(token), sendable));
  }
});
