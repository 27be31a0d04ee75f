/** The ring as text: what is stored can be read, fits, and nothing else is ever stored. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRing, writeRing } from '../../../functions/rotation/ring-text.ts';
import { midnight, storedKey } from './samples.ts';

/** Of a parameter of the standard tier. */
const mostBytes = 4096;

describe('the text of a ring', () => {
  it('of twelve keys with the longest names fits into a parameter', () => {
    const ring = Array.from({ length: 12 }, (_, index) => storedKey(`${index}`.padStart(32, 'x'), 9_999_999_999));
    assert.ok(Buffer.byteLength(writeRing(ring)) <= mostBytes);
  });

  it('is read as it was written', () => {
    const ring = [storedKey('20261122', midnight), storedKey('20261222', midnight + 1)];
    assert.deepEqual(readRing(writeRing(ring)), { kind: 'ring', ring });
  });

  it('that is no ring is refused, with a reason that tells nothing of it', () => {
    const { key } = storedKey('a', 1);
    const read = readRing(JSON.stringify({ keys: [{ kid: 'not a name', key, createdAt: 1 }] }));
    assert.equal(read.kind, 'invalid');
    assert.ok(!JSON.stringify(read).includes(key));
  });

  const unusable = {
    'no key': [],
    'thirteen keys': Array.from({ length: 13 }, (_, index) => storedKey(`k${index}`, midnight)),
    'a key that is not random': [{ ...storedKey('a', midnight), key: Buffer.alloc(32).toString('base64url') }],
    'two keys of one name': [storedKey('a', midnight), storedKey('a', midnight)],
  };
  for (const [what, ring] of Object.entries(unusable)) {
    it(`is never made of ${what}`, () => {
      assert.throws(() => writeRing(ring), RangeError);
    });
  }
});
