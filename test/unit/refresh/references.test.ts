/** Rows are found by hashes that tell nothing and are never taken for each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jtiHash, loginHash, sessionRefOf, sidHash, subjectHash } from '../../../functions/refresh/references.ts';

const issuer = 'https://issuer.example';
const names = { sessionId: 'c2Vzc2lvbg', issuer, subject: 'user', providerSid: 'provider-session' };

test('a session is found by hashes of its id, its subject and the provider’s session', () => {
  const ref = sessionRefOf(names);
  assert.deepEqual(Object.keys(ref), ['session', 'subject', 'sid']);
  for (const hash of Object.values(ref)) assert.match(String(hash), /^[\w-]{43}$/);
});

test('the same session is found again, in every release', () => {
  assert.deepEqual(sessionRefOf(names), {
    session: 'd4QEt1oLXiOe4c_TzvCNx9TmH5EQFMRiaU92gk5AKPo',
    subject: 'rt3VSTUgjYSA4lLK6q7m582FxBzNf8UrVq8ktJ2W2uw',
    sid: 'ag5xZCRGGCfO9oyTFjq6caKVwILomBJyKjpgP7bx1eI',
  });
});

test('a logout token finds the sessions of its subject and of its session', () => {
  const ref = sessionRefOf(names);
  assert.equal(subjectHash(issuer, 'user'), ref.subject);
  assert.equal(sidHash(issuer, 'provider-session'), ref.sid);
});

test('a provider that names no session leaves none to be revoked', () => {
  assert.deepEqual(Object.keys(sessionRefOf({ ...names, providerSid: undefined })), ['session', 'subject']);
});

test('equal texts of different kinds have different hashes', () => {
  const hashes = [
    subjectHash(issuer, 'x'),
    sidHash(issuer, 'x'),
    jtiHash(issuer, 'x'),
    loginHash('x'),
    sessionRefOf({ ...names, sessionId: 'x' }).session,
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

const splits: [name: string, one: [string, string], other: [string, string]][] = [
  ['moved to the other side', ['https://a', 'b/c'], ['https://a/b', '/c']],
  ['a separator of the encoding within', ['a","b', 'c'], ['a', 'b","c']],
  ['empty at one side', ['ab', ''], ['', 'ab']],
  ['an escape of the encoding within', ['a\\', 'b'], ['a', '\\b']],
  ['the issuer alone another one', ['https://a', 'user'], ['https://b', 'user']],
];

for (const [name, one, other] of splits) {
  test(`issuer and subject are told apart: ${name}`, () => {
    assert.notEqual(subjectHash(...one), subjectHash(...other));
  });
}
