import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { SetCookie } from '../../../functions/http/message.ts';
import { openCandidates, openCookie, sealChunks } from '../../../functions/session/chunks.ts';
import { ring, sealer, sent } from './sample.ts';

const name = '__Secure-bff-orders';

const stored = (values: readonly string[], under = name): readonly SetCookie[] =>
  values.map((value, index) => ({ name: index ? `${under}.${index}` : under, value, path: '/', sameSite: 'Strict' }));

const sealValue = (bytes: number, under = name): { plaintext: Buffer; chunks: readonly string[] } => {
  const plaintext = randomBytes(bytes);
  return { plaintext, chunks: sealChunks(under, 'at', plaintext, sealer) };
};

const openedFrom = (...cookies: readonly (readonly SetCookie[])[]): readonly Buffer[] =>
  openCandidates(sent(...cookies), name, 'at', ring).flatMap((one) => (one.kind === 'opened' ? [one.plaintext] : []));

for (const [bytes, count] of [
  [1, 1],
  [2800, 1],
  [2900, 2],
  [5000, 2],
  [8000, 3],
  [8800, 3],
] as const) {
  test(`${bytes} bytes lie in ${count} cookies of at most 4,000 bytes with their names, and come back`, () => {
    const { plaintext, chunks } = sealValue(bytes);
    assert.equal(chunks.length, count);
    for (const cookie of stored(chunks)) assert.ok(`${cookie.name}=${cookie.value}`.length <= 4000);
    assert.deepEqual(openedFrom(stored(chunks)), [plaintext]);
    assert.deepEqual(openCookie(sent(stored(chunks)), name, 'at', ring), { kind: 'opened', plaintext, version: 1 });
  });
}

test('the number of chunks follows the length of the value without a gap', () => {
  for (let bytes = 2870; bytes < 2910; bytes += 1) {
    const { plaintext, chunks } = sealValue(bytes);
    assert.deepEqual(openedFrom(stored(chunks)), [plaintext], `${bytes}`);
  }
});

const at = (values: readonly string[], index: number): string => values[index] ?? '';

describe('chunks of one value', () => {
  const { plaintext, chunks } = sealValue(8000);
  const other = sealValue(8000).chunks;

  const broken: readonly { title: string; values: readonly string[] }[] = [
    { title: 'one is missing', values: chunks.slice(0, 2) },
    { title: 'only the first is there', values: chunks.slice(0, 1) },
    { title: 'two are swapped', values: [at(chunks, 0), at(chunks, 2), at(chunks, 1)] },
    { title: 'one is another value’s', values: [at(chunks, 0), at(other, 1), at(chunks, 2)] },
    { title: 'the first is another value’s', values: [at(other, 0), at(chunks, 1), at(chunks, 2)] },
    { title: 'one comes twice', values: [at(chunks, 0), at(chunks, 1), at(chunks, 1)] },
    { title: 'one is empty', values: [at(chunks, 0), '', at(chunks, 2)] },
  ];
  for (const { title, values } of broken) {
    test(`do not open when ${title}`, () => {
      assert.deepEqual(openedFrom(stored(values)), []);
      assert.notEqual(openCookie(sent(stored(values)), name, 'at', ring)?.kind, 'opened');
    });
  }

  test('are found between planted ones', () => {
    const planted = stored([at(other, 0).slice(0, 900), at(other, 1).slice(0, 900), 'x']);
    assert.ok(openedFrom(planted, stored(chunks)).some((one) => one.equals(plaintext)));
    assert.ok(openedFrom(stored(chunks), planted).some((one) => one.equals(plaintext)));
  });

  test('are tried at most 64 times', () => {
    const planted = Array.from({ length: 10 }, () => stored(chunks));
    const attempts = openCandidates(
      sent(...planted.map((one) => one.map((cookie) => ({ ...cookie, value: cookie.value.slice(0, 400) })))),
      name,
      'at',
      ring,
    );
    assert.equal(attempts.length, 64);
  });

  test('do not open under another name', () => {
    const elsewhere = '__Secure-bff-profile';
    assert.notEqual(openCookie(sent(stored(chunks, elsewhere)), elsewhere, 'at', ring)?.kind, 'opened');
  });
});

test('stale further chunks of a longer value do not matter', () => {
  const long = stored(sealValue(8000).chunks);
  for (const bytes of [50, 4000]) {
    const { plaintext, chunks } = sealValue(bytes);
    assert.deepEqual(openedFrom(stored(chunks), long.slice(chunks.length)), [plaintext]);
  }
});

test('a value without its cookie is told from one that is broken', () => {
  assert.equal(openCookie(sent([]), name, 'at', ring), undefined);
  assert.deepEqual(openCandidates(sent([]), name, 'at', ring), []);
});
