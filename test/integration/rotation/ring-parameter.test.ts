/** The rotation through the SDK against the local SSM: what is written, and what becomes of it when calls fail. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { ringParameter } from '../../../functions/rotation/ring-parameter.ts';
import { readRing, writeRing } from '../../../functions/rotation/ring-text.ts';
import { rotateKeys, type Rotation } from '../../../functions/rotation/rotate.ts';
import { day, hour, midnight, monthly, storedKey } from '../../unit/rotation/samples.ts';
import { startFaultySsm, type FaultySsm, type Fate } from './faulty-ssm.ts';

const now = epochSeconds(midnight + 20 * day + 5 * hour);
const kmsKey = 'arn:aws:kms:eu-central-1:111122223333:key/1';
const old = storedKey('old', now - 40 * day);

let faulty: FaultySsm;
let names = 0;
let name = '';

before(async () => {
  faulty = await startFaultySsm();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SSM: faulty.endpoint,
    AWS_ACCESS_KEY_ID: 'AKIDLOCAL',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'eu-central-1',
  });
});
beforeEach(() => {
  names += 1;
  name = `/token-broker/test-${names}/cookie-keys`;
  faulty.calls.length = 0;
  faulty.decide = () => 'carry out';
});
after(async () => faulty.close());

const rotate = async (place: { kmsKey?: string } = {}): Promise<Rotation> =>
  rotateKeys({
    parameter: ringParameter({ name, ...place }),
    rules: monthly,
    occasion: { now, random: randomBytes, demand: 'when due' },
  });

/** The newest version, as a function would read it. */
async function stored(): Promise<{ readonly version: number; readonly kids: readonly string[] }> {
  const found = await ringParameter({ name }).read();
  assert.ok(found);
  const read = readRing(found.text);
  assert.ok(read.kind === 'ring');
  return { version: found.version, kids: read.ring.map(({ kid }) => kid) };
}

const operations = (): readonly string[] => faulty.calls.map(({ operation }) => operation);
const puts = () => faulty.calls.filter(({ operation }) => operation === 'PutParameter').map(({ input }) => input);

/** The fates of the first calls of one operation; the others are carried out. */
function fates(operation: string, ...given: Fate[]): void {
  faulty.decide = (call) => (call.operation === operation ? (given.shift() ?? 'carry out') : 'carry out');
}

describe('the key ring in SSM', () => {
  it('is made where there is none: encrypted, of the standard tier, never over another', async () => {
    assert.equal((await rotate()).kind, 'rotated');
    assert.deepEqual(operations(), ['GetParameter', 'PutParameter']);
    const [{ Value: value, ...put } = {}] = puts();
    assert.deepEqual(put, { Name: name, Type: 'SecureString', Tier: 'Standard', Overwrite: false });
    assert.equal(typeof value, 'string');
    assert.deepEqual(await stored(), { version: 1, kids: ['20261212'] });
  });

  it('is written once in a period, and read once by each repetition', async () => {
    for (const kind of ['rotated', 'unchanged', 'unchanged']) assert.equal((await rotate()).kind, kind);
    assert.deepEqual(operations(), ['GetParameter', 'PutParameter', 'GetParameter', 'GetParameter']);
  });

  it('stays under the key of its owner, which each write names', async () => {
    await rotate({ kmsKey });
    faulty.ssm.put(name, writeRing([old]), 'SecureString');
    await rotate({ kmsKey });
    assert.deepEqual(
      puts().map(({ KeyId, Overwrite }) => [KeyId, Overwrite]),
      [
        [kmsKey, false],
        [kmsKey, true],
      ],
    );
  });

  it('is left alone where it is no ring', async () => {
    faulty.ssm.put(name, 'by hand', 'SecureString');
    assert.equal((await rotate()).kind, 'invalid');
    assert.deepEqual(puts(), []);
  });
});

describe('a rotation while SSM fails', () => {
  beforeEach(() => {
    faulty.ssm.put(name, writeRing([old]), 'SecureString');
  });

  for (const operation of ['GetParameter', 'PutParameter']) {
    it(`gets through when ${operation} is throttled for a moment`, async () => {
      fates(operation, 'throttle', 'throttle');
      assert.equal((await rotate()).kind, 'rotated');
      assert.deepEqual(await stored(), { version: 2, kids: ['old', '20261212'] });
    });

    it(`fails and leaves the ring as it is when ${operation} is throttled for good`, async () => {
      faulty.decide = (call) => (call.operation === operation ? 'throttle' : 'carry out');
      await assert.rejects(rotate(), { name: 'ThrottlingException' });
      faulty.decide = () => 'carry out';
      assert.deepEqual(await stored(), { version: 1, kids: ['old'] });
    });
  }

  it('makes one key when the answer to its write is lost, and finds out that the version in between is its own', async () => {
    fates('PutParameter', 'lose');
    const rotation = await rotate();
    assert.ok(rotation.kind === 'rotated');
    assert.equal(rotation.added, '20261212');
    assert.deepEqual(await stored(), { version: 3, kids: ['old', '20261212'] });
    assert.equal(puts().length, 2);
  });

  it('finds its key in the next run when all answers to its write were lost', async () => {
    fates('PutParameter', 'lose', 'lose', 'lose', 'lose', 'lose', 'lose');
    await assert.rejects(rotate());
    assert.deepEqual((await stored()).kids, ['old', '20261212']);
    faulty.decide = () => 'carry out';
    assert.equal((await rotate()).kind, 'unchanged');
  });

  it('puts back what somebody else wrote between its reading and its writing', async () => {
    const theirs = storedKey('theirs', now - 60);
    let isFirst = true;
    faulty.decide = ({ operation }) => {
      if (operation === 'PutParameter' && isFirst) {
        isFirst = false;
        faulty.ssm.put(name, writeRing([old, theirs]), 'SecureString');
      }
      return 'carry out';
    };
    assert.equal((await rotate()).kind, 'rotated');
    assert.deepEqual(await stored(), { version: 4, kids: ['old', 'theirs', '20261212'] });
    assert.deepEqual(
      faulty.calls.map(({ input }) => input['Name']),
      [name, name, `${name}:2`, name, name],
    );
  });
});

describe('two first rotations at once', () => {
  it('make one ring of one key', async () => {
    const rotations = await Promise.all([rotate(), rotate()]);
    assert.deepEqual(rotations.map(({ kind }) => kind).toSorted(), ['rotated', 'unchanged']);
    assert.deepEqual(await stored(), { version: 1, kids: ['20261212'] });
  });

  it('are not fooled by a lost answer', async () => {
    fates('PutParameter', 'lose');
    assert.equal((await rotate()).kind, 'unchanged');
    assert.deepEqual(await stored(), { version: 1, kids: ['20261212'] });
  });
});
