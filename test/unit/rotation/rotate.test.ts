/** One rotation, and what may come in between: other writers, lost answers, things that are no ring. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { StoredKey } from '../../../functions/rotation/next-ring.ts';
import { writeRing } from '../../../functions/rotation/ring-text.ts';
import {
  previewRotation,
  rotateKeys,
  type RingParameter,
  type Rotation,
  type RotationTask,
} from '../../../functions/rotation/rotate.ts';
import { asRead, at, day, kidsOf, midnight, monthly, storedKey } from './samples.ts';
import { createVersions, newest, type Versions } from './versions.ts';

const now = epochSeconds(midnight + 20 * day + 5 * 3600);
const undisturbed = async (): Promise<void> => undefined;

const task = (parameter: RingParameter, demand: 'when due' | 'at once' = 'when due'): RotationTask => ({
  parameter,
  rules: monthly,
  occasion: at(now, demand),
});

const keysOf = (rotation: Rotation): readonly string[] =>
  'keys' in rotation ? rotation.keys.map(({ kid }) => kid) : assert.fail(rotation.kind);

/** Somebody else adds this key after the ring was read. */
function overtaken(versions: Versions, theirs: StoredKey): RingParameter {
  const parameter = versions.writer(undisturbed);
  return {
    ...parameter,
    async read(version) {
      const found = await parameter.read(version);
      if (version === undefined) versions.texts.push(writeRing([...newest(versions), theirs]));
      return found;
    },
  };
}

describe('a rotation', () => {
  it('makes the first ring', async () => {
    const versions = createVersions();
    const rotation = await rotateKeys(task(versions.writer(undisturbed)));
    assert.equal(rotation.kind, 'rotated');
    assert.deepEqual(kidsOf(newest(versions)), ['20261212']);
    assert.equal(asRead(newest(versions)).sealingAt(now).kid, '20261212');
  });

  it('finds its key when it is repeated, and writes nothing', async () => {
    const versions = createVersions();
    for (const kind of ['rotated', 'unchanged', 'unchanged']) {
      assert.equal((await rotateKeys(task(versions.writer(undisturbed)))).kind, kind);
    }
    assert.equal(versions.texts.length, 1);
  });

  it('tells keys by name and age', async () => {
    const old = storedKey('old', now - 40 * day);
    const rotation = await rotateKeys(task(createVersions(writeRing([old])).writer(undisturbed)));
    assert.deepEqual(rotation, {
      kind: 'rotated',
      keys: [
        { kid: 'old', createdAt: old.createdAt },
        { kid: '20261212', createdAt: now },
      ],
      added: '20261212',
      retired: [],
      isFull: false,
    });
  });

  it('leaves alone what is no ring', async () => {
    for (const text of ['', '{}', '{"keys":[]}', 'a secret word']) {
      const versions = createVersions(text);
      const rotation = await rotateKeys(task(versions.writer(undisturbed), 'at once'));
      assert.equal(rotation.kind, 'invalid');
      assert.ok(!JSON.stringify(rotation).includes('secret'));
      assert.deepEqual(versions.texts, [text]);
    }
  });

  it('writes nothing when it is only asked what it would do', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const preview = await previewRotation(task(versions.writer(undisturbed)));
    assert.equal(versions.texts.length, 1);
    assert.deepEqual(preview, await rotateKeys(task(versions.writer(undisturbed))));
  });

  it('takes over the key of the same name that somebody else has just made', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const theirs = storedKey('20261212', now - 5);
    await rotateKeys(task(overtaken(versions, theirs)));
    assert.deepEqual(newest(versions).slice(1), [theirs]);
  });

  it('puts back what somebody else wrote after it had read', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const rotation = await rotateKeys(task(overtaken(versions, storedKey('theirs', now - 5))));
    assert.deepEqual(keysOf(rotation), ['old', 'theirs', '20261212']);
    assert.deepEqual(kidsOf(newest(versions)), ['old', 'theirs', '20261212']);
    assert.equal(versions.texts.length, 4);
  });

  it('sees that the version in between is its own, after an answer that was lost', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const parameter = versions.writer(undisturbed);
    const twice: RingParameter = {
      ...parameter,
      async overwrite(text) {
        await parameter.overwrite(text);
        return parameter.overwrite(text);
      },
    };
    assert.equal((await rotateKeys(task(twice))).kind, 'rotated');
    assert.equal(versions.texts.length, 3);
    assert.deepEqual(kidsOf(newest(versions)), ['old', '20261212']);
  });

  it('does not make two first keys where the answer to the first was lost', async () => {
    const versions = createVersions();
    const parameter = versions.writer(undisturbed);
    const lost: RingParameter = {
      ...parameter,
      async create(text) {
        await parameter.create(text);
        return parameter.create(text);
      },
    };
    assert.equal((await rotateKeys(task(lost, 'at once'))).kind, 'unchanged');
    assert.equal(newest(versions).length, 1);
  });

  it('gives up where others never stop writing, and leaves a ring that works', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const parameter = versions.writer(undisturbed);
    let writes = 0;
    const crowded: RingParameter = {
      ...parameter,
      async overwrite(text) {
        writes += 1;
        versions.texts.push(writeRing([storedKey('old', now - 40 * day), storedKey(`other-${writes}`, now - writes)]));
        return parameter.overwrite(text);
      },
    };
    assert.equal((await rotateKeys(task(crowded))).kind, 'contended');
    assert.ok(writes < 10);
    asRead(newest(versions));
  });

  it('says so where it cannot find out what it has overwritten', async () => {
    const versions = createVersions(writeRing([storedKey('old', now - 40 * day)]));
    const parameter = versions.writer(undisturbed);
    const forgetful: RingParameter = { ...parameter, overwrite: async (text) => (await parameter.overwrite(text)) + 1 };
    const blind = {
      ...forgetful,
      read: async (version?: number) => (version === undefined ? parameter.read() : undefined),
    };
    assert.equal((await rotateKeys(task(blind))).kind, 'contended');
  });
});
