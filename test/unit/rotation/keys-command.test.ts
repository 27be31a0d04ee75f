/** `npm run keys`: what an operator is told, and what the command is told by the stage's files. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { rotationTask, tell } from '../../../infra/cli/keys.ts';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { PackagingError } from '../../../infra/stage/problems.ts';
import { stageWith, type Changes } from '../configuration/stage.ts';
import { day, hour, midnight } from './samples.ts';

const now = epochSeconds(midnight);

describe('what the operator is told', () => {
  const rotated = {
    kind: 'rotated',
    keys: [
      { kid: '20261022', createdAt: now - 31 * day },
      { kid: '20261121T2100', createdAt: now - 3 * hour },
      { kid: '20261121T2330', createdAt: now - 1800 },
      { kid: '20261122', createdAt: now },
    ],
    added: '20261122',
    retired: ['20260922'],
    isFull: false,
  } as const;

  it('are names and ages', () => {
    assert.deepEqual(tell(rotated, now, false), {
      succeeded: true,
      lines: [
        '  20261022         31 days old',
        '  20261121T2100    3 hours old',
        '  20261121T2330    30 minutes old',
        '  20261122         was made',
        '  20260922         was retired',
      ],
    });
  });

  it('is what would be done, where nothing is', () => {
    assert.deepEqual(tell(rotated, now, true).lines.slice(-2), [
      '  20261122         would be made',
      '  20260922         would be retired',
    ]);
  });

  it('is why nothing was done', () => {
    const full = tell({ ...rotated, kind: 'unchanged', added: undefined, retired: [], isFull: true }, now, false);
    assert.equal(full.succeeded, false);
    assert.match(full.lines.at(-1) ?? '', /no room for another key/);
    assert.equal(tell({ kind: 'contended' }, now, false).succeeded, false);
    assert.match(tell({ kind: 'invalid', reason: 'not JSON' }, now, false).lines[0] ?? '', /left as it is: not JSON/);
  });
});

describe('what the stage says', () => {
  let root = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'token-broker-'));
    await mkdir(join(root, 'config'));
  });
  after(async () => rm(root, { recursive: true }));

  const write = async (changes: Changes, parameters: string): Promise<void> => {
    await writeFile(join(root, 'config/dev.jsonc'), JSON.stringify(stageWith(changes)));
    await writeFile(join(root, 'config/dev.params.yml'), parameters);
  };

  it('are the rules that the function has, and a key at once', async () => {
    await write({ 'session.absolute': '5d' }, 'keyRotation: { period: 7d }');
    const { rules, occasion } = await rotationTask(root, 'dev', now);
    assert.deepEqual(rules, { periodSeconds: 7 * day, longestSessionSeconds: 5 * day });
    assert.deepEqual([occasion.now, occasion.demand], [now, 'at once']);
  });

  for (const [what, changes, parameters] of [
    ['a configuration that is wrong', { publicOrigin: undefined }, ''],
    ['a period that is too short', { 'session.absolute': '80d' }, 'keyRotation: { period: 2h }'],
    ['a period that is none', {}, 'keyRotation: { period: often }'],
  ] as const) {
    it(`is refused with ${what}`, async () => {
      await write(changes, parameters);
      await assert.rejects(rotationTask(root, 'dev', now), PackagingError);
    });
  }
});
