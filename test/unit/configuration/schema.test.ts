import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { editorSchema } from '../../../infra/cli/schema.ts';

const file = new URL('../../../config/schema.json', import.meta.url);

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: unknown;
}

/** Keys of objects for which an editor has nothing to show; the keys that choose a form are told by their object. */
function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties = {} } = node as Node;
  const own = Object.entries(properties)
    .filter(([key, { description }]) => description === undefined && !['dialect', 'method', '$parameter'].includes(key))
    .map(([key]) => `${path}/${key}`);
  return [...own, ...Object.entries(node).flatMap(([key, inner]) => undescribed(inner, `${path}/${key}`))];
}

describe('the JSON Schema for editors', () => {
  it('is the one that `npm run schema` writes', async () => {
    assert.equal(await readFile(file, 'utf8'), await editorSchema());
  });

  it('describes every key', async () => {
    assert.deepEqual(undescribed(JSON.parse(await editorSchema()), ''), []);
  });
});
