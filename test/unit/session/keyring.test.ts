import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKeyRing } from '../../../functions/session/keyring.ts';
import { keyEntry, now, ringOf } from './sample.ts';

const hour = 3600;

const sealingKeys = [
  { title: 'the first key of an empty ring seals at once', ages: [0], seals: 0 },
  { title: 'a new key waits while there is an older one', ages: [86_400, 60], seals: 0 },
  { title: 'a key seals from the age of one hour', ages: [86_400, hour], seals: 1 },
  { title: 'a key one second short of an hour waits', ages: [86_400, hour - 1], seals: 0 },
  { title: 'of several old keys the newest seals', ages: [90_000, 80_000, 70_000, 5], seals: 2 },
  { title: 'of several new keys the oldest seals', ages: [300, 200, 100], seals: 0 },
  { title: 'a key from the future never seals before one that is here', ages: [10, -500], seals: 0 },
];

for (const { title, ages, seals } of sealingKeys) {
  test(title, () => {
    const ring = ringOf(...ages.map((age, index) => [`key-${index}`, now - age] as const));
    assert.equal(ring.sealingAt(now).kid, `key-${seals}`);
  });
}

test('the order of the list does not decide which key seals', () => {
  assert.equal(ringOf(['new', now - 2 * hour], ['old', now - 9 * hour]).sealingAt(now).kid, 'new');
});

test('every key opens, however new or old', () => {
  const ring = ringOf(['old', now - 9_000_000], ['new', now]);
  assert.equal(ring.find('old')?.kid, 'old');
  assert.equal(ring.find('new')?.kid, 'new');
  assert.equal(ring.find('other'), undefined);
});

test('keys of other labels and of other ring keys are unrelated, the same label gives the same key', () => {
  const ring = ringOf(['a', now], ['b', now]);
  const derived = (kid: string, label: string): string | undefined =>
    ring.find(kid)?.derive(label).export().toString('hex');
  assert.equal(new Set([derived('a', 'x'), derived('a', 'y'), derived('b', 'x')]).size, 3);
  assert.equal(ring.find('a')?.derive('x'), ring.find('a')?.derive('x'));
});

const good = keyEntry('20261122', now);
const secret = good.key;
const invalidRings: readonly { title: string; value: unknown; reason: RegExp }[] = [
  { title: 'a list', value: [good], reason: /list "keys"/ },
  { title: 'no keys', value: { keys: [] }, reason: /empty/ },
  {
    title: 'thirteen keys',
    value: { keys: Array.from({ length: 13 }, (_, i) => keyEntry(`k${i}`, now)) },
    reason: /more than 12/,
  },
  {
    title: 'an id twice',
    value: { keys: [good, keyEntry('20261122', now + 1)] },
    reason: /keys\[1\]: "kid" occurs twice/,
  },
  { title: 'an id with a space', value: { keys: [{ ...good, kid: 'a b' }] }, reason: /keys\[0\]: "kid"/ },
  { title: 'a key of 31 bytes', value: { keys: [{ ...good, key: secret.slice(0, 42) }] }, reason: /exactly 32 bytes/ },
  { title: 'a key of 33 bytes', value: { keys: [{ ...good, key: `${secret}A` }] }, reason: /exactly 32 bytes/ },
  { title: 'a padded key', value: { keys: [{ ...good, key: `${secret}=` }] }, reason: /exactly 32 bytes/ },
  {
    title: 'a key in plain base64',
    value: { keys: [{ ...good, key: `+${secret.slice(1)}` }] },
    reason: /exactly 32 bytes/,
  },
  { title: 'loose bits', value: { keys: [{ ...good, key: `${secret.slice(0, 42)}B` }] }, reason: /canonical/ },
  {
    title: 'a key of one byte',
    value: { keys: [{ ...good, key: Buffer.alloc(32, 7).toString('base64url') }] },
    reason: /not random/,
  },
  {
    title: 'hexadecimal text',
    value: { keys: [{ ...good, key: Buffer.from('00112233445566778899aabbccddeeff').toString('base64url') }] },
    reason: /not random/,
  },
  { title: 'a date as text', value: { keys: [{ ...good, createdAt: '2026-11-22' }] }, reason: /"createdAt"/ },
  { title: 'an entry that is null', value: { keys: [null] }, reason: /keys\[0\]: must be an object/ },
];

for (const { title, value, reason } of invalidRings) {
  test(`a ring with ${title} is refused, and the reason holds no part of a key`, () => {
    const parsed = parseKeyRing(JSON.stringify(value));
    assert.equal(parsed.kind, 'invalid');
    assert.match(parsed.reason, reason);
    assert.ok(!parsed.reason.includes(secret.slice(0, 8)));
  });
}

test('text that is not JSON is refused without being quoted', () => {
  assert.deepEqual(parseKeyRing(secret), { kind: 'invalid', reason: 'not JSON' });
});
