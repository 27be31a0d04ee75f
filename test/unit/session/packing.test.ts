import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { packToken, readBytes, readVarint, unpackToken, varint } from '../../../functions/session/packing.ts';
import { jwtOf } from './sample.ts';

const returns = (token: string): boolean => unpackToken({ bytes: packToken(token), at: 0 }) === token;

const canonicalBits = jwtOf(500);
const looseBits = `${canonicalBits.slice(0, -1)}${canonicalBits.endsWith('A') ? 'B' : 'A'}`;

const tokens = [
  { title: 'a JWS', token: jwtOf(1024) },
  { title: 'a JWS whose last character has loose bits', token: `${jwtOf(600).slice(0, -2)}AB` },
  { title: 'another JWS with its last character changed', token: looseBits },
  { title: 'an unsigned JWT', token: 'eyJhbGciOiJub25lIn0.e30.' },
  {
    title: 'a JWE with an empty key',
    token: [40, 0, 12, 60, 16].map((bytes) => randomBytes(bytes).toString('base64url')).join('.'),
  },
  { title: 'an opaque token', token: 'ya29.a0AfB_by-C3~xyz/+==' },
  { title: 'an opaque token that is base64url', token: randomBytes(32).toString('base64url') },
  { title: 'an opaque token with a dot', token: `v1.${randomBytes(33).toString('base64url')}` },
  { title: 'six segments', token: 'aaaa.bbbb.cccc.dddd.eeee.ffff' },
  { title: 'dots alone', token: '....' },
  { title: 'nothing', token: '' },
];

for (const { title, token } of tokens) {
  test(`${title} comes back character for character`, () => {
    assert.ok(returns(token));
  });
}

test('every text comes back character for character', () => {
  const segment = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
  const dotted = fc.array(fc.oneof(segment, fc.base64String(), fc.string({ maxLength: 12 })), { maxLength: 7 });
  fc.assert(
    fc.property(
      fc.oneof(
        dotted.map((parts) => parts.join('.')),
        fc.string(),
      ),
      returns,
    ),
    { numRuns: 500 },
  );
});

test('a JWS takes three quarters of its characters and six bytes at most', () => {
  const token = jwtOf(1024);
  assert.ok(packToken(token).length <= (token.length * 3) / 4 + 6);
});

test('a JWE is packed as well', () => {
  const token = Array.from({ length: 5 }, () => randomBytes(60).toString('base64url')).join('.');
  assert.ok(packToken(token).length < token.length * 0.8);
});

test('whole numbers come back, in as few bytes as they need', () => {
  for (const [value, length] of [
    [0, 1],
    [1, 1],
    [127, 1],
    [128, 2],
    [16_383, 2],
    [16_384, 3],
    [0xffff_ffff, 5],
  ] as const) {
    const bytes = varint(value);
    assert.equal(bytes.length, length);
    assert.equal(readVarint({ bytes, at: 0 }), value);
  }
});

test('bytes that end too early, or mean nothing, give nothing and never throw', () => {
  assert.equal(readVarint({ bytes: Buffer.from([0x80, 0x80]), at: 0 }), undefined);
  assert.equal(readVarint({ bytes: Buffer.alloc(9, 0xff), at: 0 }), undefined);
  assert.equal(readBytes({ bytes: Buffer.alloc(3), at: 2 }, 2), undefined);
  assert.equal(unpackToken({ bytes: Buffer.from([3, 200, 1]), at: 0 }), undefined);
  assert.equal(unpackToken({ bytes: Buffer.from([6]), at: 0 }), undefined);
  assert.equal(unpackToken({ bytes: Buffer.alloc(0), at: 0 }), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      assert.doesNotThrow(() => unpackToken({ bytes: Buffer.from(bytes), at: 0 }));
    }),
  );
});
