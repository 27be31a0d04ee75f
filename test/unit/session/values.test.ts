import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { decodeApiToken, encodeApiToken, fingerprintOf } from '../../../functions/session/api-token.ts';
import { decodeGrant, encodeGrant } from '../../../functions/session/grant.ts';
import type { BoundGrant } from '../../../functions/session/grant.ts';
import { bindingOf, decodeIdentity, encodeIdentity, equalSid, logoutSid } from '../../../functions/session/identity.ts';
import { decodeIdToken, encodeIdToken } from '../../../functions/session/logout.ts';
import { varint } from '../../../functions/session/packing.ts';
import { decodeSeen, encodeSeen } from '../../../functions/session/seen.ts';
import { after, fingerprint, identityOf, jwtOf, now } from './sample.ts';

const alice = identityOf('alice');
const binding = bindingOf(alice);

const grant: BoundGrant = {
  refreshToken: 'v1.refresh',
  generation: 3,
  refreshEndsAt: after(9_000),
  tokens: new Map([['orders', { endsAt: after(300), refreshAt: after(240) }]]),
  checkAfter: after(300),
  failures: new Map([['profile', { code: 'audience_mismatch', retryAt: after(60) }]]),
  sealedAt: now,
  binding,
  endsAt: after(28_800),
};

const time = fc.nat().map(epochSeconds);
const bindingBytes = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const fingerprintBytes = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const apiName = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), fc.constantFrom('constructor', 'to-string'));

test('every identity comes back', () => {
  const text = fc.string({ unit: 'grapheme' });
  const identities = fc.record({
    sessionId: fc.constant(alice.sessionId),
    tableSecret: fc.constant(alice.tableSecret),
    issuer: text,
    subject: text,
    loginAt: time,
    endsAt: time,
    claims: fc.dictionary(text, fc.jsonValue({ noUnicodeString: true }), { noNullPrototype: true }),
  });
  fc.assert(
    fc.property(identities, fc.boolean(), (identity, isFull) => {
      const whole = isFull ? { ...identity, providerSid: 's', sessionState: 'x.y' } : identity;
      const expected = JSON.parse(JSON.stringify(whole)) as unknown;
      assert.deepEqual(decodeIdentity(encodeIdentity(whole as typeof alice)), expected);
    }),
  );
});

test('every grant comes back, with and without a refresh token', () => {
  const grants = fc.record(
    {
      refreshToken: fc.string({ minLength: 1 }),
      generation: fc.nat(),
      tokens: fc
        .array(fc.tuple(apiName, fc.record({ endsAt: time, refreshAt: time }, { noNullPrototype: true })))
        .map((entries) => new Map(entries)),
      checkAfter: time,
      failures: fc
        .array(
          fc.tuple(
            apiName,
            fc.record(
              { code: fc.constantFrom('audience_mismatch', 'opaque_access_token'), retryAt: time },
              { noNullPrototype: true },
            ),
          ),
        )
        .map((entries) => new Map(entries)),
      sealedAt: time,
      binding: bindingBytes,
      endsAt: time,
    },
    {
      noNullPrototype: true,
      requiredKeys: ['generation', 'tokens', 'checkAfter', 'failures', 'sealedAt', 'binding', 'endsAt'],
    },
  );
  fc.assert(
    fc.property(grants, (one) => {
      const { refreshToken, ...rest } = one;
      const sealed: BoundGrant = {
        ...(rest as Omit<BoundGrant, 'refreshToken'>),
        ...(refreshToken !== undefined && { refreshToken }),
      };
      assert.deepEqual(decodeGrant(encodeGrant(sealed)), sealed);
    }),
  );
});

test('every API token comes back', () => {
  const fields = { token: fc.string(), expiresAt: time, generation: fc.nat() };
  const tokens = fc.record(
    { ...fields, fingerprint: fingerprintBytes, binding: bindingBytes },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(tokens, (token) => assert.deepEqual(decodeApiToken(encodeApiToken(token)), token)));
});

test('the end of a token beyond 2106 is cut, not wrapped', () => {
  const token = { token: 'x', expiresAt: epochSeconds(9e9), generation: 1, fingerprint, binding };
  assert.equal(decodeApiToken(encodeApiToken(token))?.expiresAt, 0xffff_ffff);
});

test('a failure with a code of a later release is left out, the grant stays', () => {
  const later = {
    ...grant,
    failures: new Map([['profile', { code: 'of_a_later_release' as 'audience_mismatch', retryAt: now }]]),
  };
  assert.deepEqual(decodeGrant(encodeGrant(later))?.failures, new Map());
});

test('what other fields a later release adds does not matter', () => {
  const fields = JSON.parse(encodeIdentity(alice).toString()) as object;
  assert.deepEqual(decodeIdentity(Buffer.from(JSON.stringify({ ...fields, added: [1] }))), alice);
});

/** Each field of the JSON text in turn replaced by values of other shapes, or left out. */
function* misshapen(json: string): Generator<readonly [title: string, bytes: Buffer]> {
  const fields = JSON.parse(json) as Record<string, unknown>;
  for (const field of Object.keys(fields)) {
    for (const bad of [undefined, null, -1, 1.5, true, [null], { a: null }]) {
      yield [`${field}: ${JSON.stringify(bad)}`, Buffer.from(JSON.stringify({ ...fields, [field]: bad }))];
    }
  }
}

test('an identity with a field of another shape is invalid', () => {
  const full = encodeIdentity({ ...alice, sessionState: 'x' }).toString();
  for (const [title, bytes] of misshapen(full)) {
    const mayBeSo = /^(sid|state): undefined|^claims: \{/.test(title);
    assert.equal(decodeIdentity(bytes) !== undefined, mayBeSo, title);
  }
});

test('a grant with a field of another shape is invalid', () => {
  const { refreshEndsAt: _, ...required } = grant;
  const bytes = encodeGrant({ ...required, refreshToken: '' });
  const json = bytes.subarray(bytes.indexOf('{'), bytes.lastIndexOf('}') + 1).toString();
  for (const [title, field] of misshapen(json)) {
    assert.equal(decodeGrant(Buffer.concat([varint(field.length), field])), undefined, title);
  }
});

test('a seen time with a field of another shape is invalid', () => {
  const json = encodeSeen({ binding, at: now, endsAt: after(60) }).toString();
  for (const [title, bytes] of misshapen(json)) assert.equal(decodeSeen(bytes), undefined, title);
});

const decoders = { decodeIdentity, decodeGrant, decodeApiToken, decodeSeen, decodeIdToken };
for (const [name, decode] of Object.entries(decoders)) {
  test(`${name} never throws, whatever the bytes`, () => {
    const jsonLike = fc.json().map((text) => Buffer.from(text));
    const framed = jsonLike.map((bytes) => Buffer.concat([varint(bytes.length), bytes]));
    const anyBytes = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      jsonLike,
      framed,
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => assert.doesNotThrow(() => decode(bytes))),
      { numRuns: 300 },
    );
  });
}

const whole = {
  decodeGrant: [decodeGrant, encodeGrant({ ...grant, refreshToken: jwtOf(600) })],
  decodeApiToken: [
    decodeApiToken,
    encodeApiToken({ token: jwtOf(600), expiresAt: now, generation: 1, fingerprint, binding }),
  ],
  decodeIdToken: [decodeIdToken, encodeIdToken({ binding, endsAt: now, token: jwtOf(600) })],
} as const;
for (const [name, [decode, bytes]] of Object.entries(whole)) {
  test(`${name} never throws on bytes that end too early`, () => {
    for (let length = 0; length < bytes.length; length += 1)
      assert.doesNotThrow(() => decode(bytes.subarray(0, length)));
  });
}

test('an ID token comes back', () => {
  const hint = { binding, endsAt: after(60), token: jwtOf(900) };
  assert.deepEqual(decodeIdToken(encodeIdToken(hint)), hint);
});

test('the logout sid is the same for one session, another for another, and is no part of the id', () => {
  assert.equal(logoutSid(alice), logoutSid({ ...alice }));
  assert.notEqual(logoutSid(alice), logoutSid(identityOf('alice')));
  assert.match(logoutSid(alice), /^[\w-]{22}$/);
  assert.notEqual(logoutSid(alice), alice.sessionId);
});

test('only the exact logout sid is equal', () => {
  const sid = logoutSid(alice);
  assert.ok(equalSid(sid, alice));
  for (const other of [
    '',
    sid.slice(0, -1),
    `${sid}A`,
    sid.toUpperCase(),
    'é'.repeat(11),
    randomBytes(16).toString('base64url'),
  ]) {
    assert.ok(!equalSid(other, alice), other);
  }
});

test('a fingerprint tells apart what was asked, also where the parts only shift', () => {
  assert.equal(fingerprintOf(['a', 'b']), fingerprintOf(['a', 'b']));
  assert.notEqual(fingerprintOf(['ab', '']), fingerprintOf(['a', 'b']));
  assert.match(fingerprintOf([]), /^[\w-]{8}$/);
});
