import assert from 'node:assert/strict';
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { chunksOf, open, seal, sealedLength } from '../../../functions/session/sealing.ts';
import type { Purpose } from '../../../functions/session/sealing.ts';
import { after, keyOf, now, ring, ringOf, sealer } from './sample.ts';

const purpose = 'session';
const name = '__Host-Http-bff';
const kid = '20261122';
const plaintext = Buffer.from('{"sub":"alice"}');
const header = { alg: 'dir', enc: 'A256GCM', kid, v: 1, p: purpose };

/** The documented derivation, written down a second time. */
const keyFor = (forPurpose: string, forName: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', keyOf(kid), '', `token-broker cookie 1\0${forPurpose}\0${forName}`, 32));

const sealed = (value = plaintext, chunks = 1): string => seal({ purpose, name, plaintext: value }, chunks, sealer);

const kindOf = (text: string): string => open(text, purpose, name, ring).kind;

const byJose = async (protectedHeader: Readonly<Record<string, unknown>>): Promise<string> =>
  new CompactEncrypt(plaintext)
    .setProtectedHeader(protectedHeader as { alg: string; enc: string })
    .encrypt(keyFor(purpose, name), { crit: { ext: true } });

/** Encrypts under any header, also under one that a JOSE library refuses to write. */
function forged(fields: unknown, tagBytes = 16): string {
  const aad = Buffer.from(typeof fields === 'string' ? fields : JSON.stringify(fields)).toString('base64url');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyFor(purpose, name), iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(aad));
  const parts = [iv, Buffer.concat([cipher.update(plaintext), cipher.final()]), cipher.getAuthTag()];
  return `${aad}..${parts.map((part) => part.toString('base64url')).join('.')}`;
}

test('what was sealed opens again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const opened = open(sealed(Buffer.from(bytes)), purpose, name, ring);
      assert.deepEqual(opened, { kind: 'opened', plaintext: Buffer.from(bytes), version: 1 });
    }),
  );
});

test('the protected header is exactly alg, enc, kid, v and p', async () => {
  const { protectedHeader } = await compactDecrypt(sealed(), keyFor(purpose, name));
  assert.equal(JSON.stringify(protectedHeader), JSON.stringify(header));
});

test('a value that will be cut says into how many chunks', async () => {
  const text = sealed(plaintext, 2);
  const { protectedHeader } = await compactDecrypt(text, keyFor(purpose, name));
  assert.equal(JSON.stringify(protectedHeader), JSON.stringify({ ...header, n: 2 }));
  assert.equal(chunksOf(text), 2);
});

test('jose opens what we seal', async () => {
  const opened = await compactDecrypt(sealed(), keyFor(purpose, name));
  assert.deepEqual(Buffer.from(opened.plaintext), plaintext);
});

test('we open what jose seals', async () => {
  assert.deepEqual(open(await byJose(header), purpose, name, ring), { kind: 'opened', plaintext, version: 1 });
});

test('the length is known before anything is sealed', () => {
  for (const bytes of [1, 2, 3, 4, 1000]) {
    const value = { purpose, name, plaintext: randomBytes(bytes) } as const;
    assert.equal(sealedLength(value, 3, sealer), seal(value, 3, sealer).length);
  }
});

test('no two sealed values share their IV', () => {
  const ivs = Array.from({ length: 200 }, () => sealed().split('.')[2]);
  assert.equal(new Set(ivs).size, ivs.length);
});

test('a value with any one character changed does not open', () => {
  const text = sealed();
  for (let index = 0; index < text.length; index += 1) {
    const other = text[index] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, index) + other + text.slice(index + 1);
    assert.notEqual(kindOf(changed), 'opened', `character ${index}`);
  }
});

test('a value has one text only: loose bits, padding and the other alphabet do not open', () => {
  const [head, , iv, ciphertext, tag = ''] = sealed(Buffer.alloc(16, 1)).split('.');
  const loose = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const nextTag = tag.slice(0, -1) + loose[loose.indexOf(tag.slice(-1)) + 1];
  assert.equal(kindOf(`${head}..${iv}.${ciphertext}.${tag}`), 'opened');
  for (const bad of [nextTag, `${tag}==`, `${tag} `, `${tag.slice(0, 5)} ${tag.slice(5)}`]) {
    assert.equal(kindOf(`${head}..${iv}.${ciphertext}.${bad}`), 'invalid', bad);
  }
  const withDash = Array.from({ length: 50 }, () => sealed(randomBytes(90))).find((text) =>
    /[-_]/.test(text.slice(100)),
  );
  assert.equal(kindOf(withDash?.replaceAll('-', '+').replaceAll('_', '/') ?? ''), 'invalid');
});

for (const tagBytes of [4, 8, 12, 15]) {
  test(`a genuine tag cut to ${tagBytes} bytes does not open`, () => {
    assert.equal(kindOf(forged(header, tagBytes)), 'invalid');
  });
}

test('another purpose, name, ring key or chunk count does not open it', () => {
  const text = sealed();
  assert.equal(open(text, 'grant', name, ring).kind, 'invalid');
  assert.equal(open(text, purpose, '__Host-Http-bff-grant', ring).kind, 'invalid');
  assert.equal(
    open(
      text.replace(/^[^.]+/, Buffer.from(JSON.stringify({ ...header, n: 2 })).toString('base64url')),
      purpose,
      name,
      ring,
    ).kind,
    'invalid',
  );
  const relabelled = Buffer.from(JSON.stringify({ ...header, p: 'grant' })).toString('base64url');
  assert.equal(open(text.replace(/^[^.]+/, relabelled), 'grant', name, ring).kind, 'invalid');
});

const refusedHeaders: readonly { title: string; fields: unknown }[] = [
  { title: 'alg A256GCMKW', fields: { ...header, alg: 'A256GCMKW' } },
  { title: 'alg PBES2', fields: { ...header, alg: 'PBES2-HS256+A128KW', p2c: 2_147_483_647 } },
  { title: 'enc A128GCM', fields: { ...header, enc: 'A128GCM' } },
  { title: 'enc A256CBC-HS512', fields: { ...header, enc: 'A256CBC-HS512' } },
  { title: 'zip', fields: { ...header, zip: 'DEF' } },
  { title: 'crit', fields: { ...header, crit: ['exp'] } },
  { title: 'a further field', fields: { ...header, typ: 'JWE' } },
  { title: 'no v', fields: { alg: 'dir', enc: 'A256GCM', kid, p: purpose } },
  { title: 'v 0', fields: { ...header, v: 0 } },
  { title: 'v as text', fields: { ...header, v: '1' } },
  { title: 'v with a fraction', fields: { ...header, v: 1.5 } },
  { title: 'no kid', fields: { alg: 'dir', enc: 'A256GCM', v: 1, p: purpose } },
  { title: 'a kid that is a number', fields: { ...header, kid: 20_261_122 } },
  { title: 'no purpose', fields: { alg: 'dir', enc: 'A256GCM', kid, v: 1 } },
  { title: 'n 0', fields: { ...header, n: 0 } },
  { title: 'n 4', fields: { ...header, n: 4 } },
  { title: 'n 99999999', fields: { ...header, n: 99_999_999 } },
  { title: 'a list', fields: [header] },
  { title: 'null', fields: null },
  { title: 'no JSON', fields: '{"alg":"dir"' },
  { title: 'nothing', fields: '' },
];

for (const { title, fields } of refusedHeaders) {
  test(`a header with ${title} is refused although the encryption is genuine`, () => {
    const text = forged(fields);
    assert.deepEqual(open(text, purpose, name, ring), { kind: 'invalid' });
    assert.equal(chunksOf(text), 1);
  });
}

test('a forged value under the exact header opens, so the refusals above are the header’s', () => {
  assert.equal(kindOf(forged(header)), 'opened');
});

const [head, , iv, ciphertext, tag] = sealed().split('.');
const malformed = [
  '',
  '.',
  '....',
  'x',
  `${head}`,
  `${head}..${iv}.${ciphertext}`,
  `${head}..${iv}.${ciphertext}.`,
  `${head}..${iv}..${tag}`,
  `${head}...${ciphertext}.${tag}`,
  `${head}..${iv}.${ciphertext}.${tag}.`,
  `${head}..${iv}.${ciphertext}.${tag}.${tag}`,
  `${head}.AAAA.${iv}.${ciphertext}.${tag}`,
  `${head}..${iv}AAAA.${ciphertext}.${tag}`,
  `${head}=..${iv}.${ciphertext}.${tag}`,
  '__proto__..constructor.toString.x',
  `${'A'.repeat(16_000)}..${iv}.${ciphertext}.${tag}`,
];

for (const text of malformed) {
  test(`"${text.slice(0, 24)}…" of ${text.length} characters is invalid`, () => {
    assert.deepEqual(open(text, purpose, name, ring), { kind: 'invalid' });
  });
}

test('no text makes opening throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => kindOf(text) !== 'opened'));
});

test('a key that the ring lacks is named, not refused', () => {
  const other = { ...sealer, ring: ringOf(['20261201', now - 7200]) };
  const text = seal({ purpose, name, plaintext }, 1, other);
  assert.deepEqual(open(text, purpose, name, ring), { kind: 'unknown_key', kid: '20261201' });
});

test('a value of another purpose is invalid also where its key is unknown', () => {
  const other = { ...sealer, ring: ringOf(['20261201', now - 7200]) };
  assert.equal(open(seal({ purpose, name, plaintext }, 1, other), 'grant', name, ring).kind, 'invalid');
});

test('what an old key sealed opens when a newer one seals', () => {
  const text = sealed();
  const rotated = ringOf([kid, now - 7200], ['20261201', now]);
  assert.equal(rotated.sealingAt(after(4000)).kid, '20261201');
  assert.equal(open(text, purpose, name, rotated).kind, 'opened');
});

test('a newer format is told from an invalid value, whatever else its header holds', () => {
  const next = { alg: 'dir', enc: 'XC20P', kid: 'x', v: 2, p: 'session', zip: 'DEF' };
  assert.deepEqual(open(forged(next), purpose, name, ring), { kind: 'newer_format', version: 2 });
});

test('every purpose has a key of its own', () => {
  const purposes: readonly Purpose[] = ['session', 'grant', 'at', 'seen', 'idt', 'return', 'report', 'login'];
  const keys = purposes.map((one) => Buffer.from(keyFor(one, name)).toString('hex'));
  assert.equal(new Set(keys).size, purposes.length);
  for (const one of purposes) {
    const text = seal({ purpose: one, name, plaintext }, 1, sealer);
    for (const other of purposes) assert.equal(open(text, other, name, ring).kind === 'opened', one === other);
  }
});
