import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { documentFile, firstCells, readDocument } from './documents.ts';
import { readSettings, rowOf } from './settings.ts';

const page = readDocument('docs/configuration.md');
const settings = await readSettings();

const codeIn = (cell: string): string | undefined => /^`([^`]+)`$/.exec(cell)?.[1];

/** What `config/<stage>.params.yml` may say, read where its schema is written. */
async function deployParameters(): Promise<string[]> {
  const source = await readFile(documentFile('infra/stage/parameters.ts'), 'utf8');
  const [, object = ''] = /const schema = v\.pipe\(\n {2}v\.strictObject\(\{\n([\s\S]*?)\n {2}\}\),/.exec(source) ?? [];
  return [...object.matchAll(/^ {4}(\w+): /gm)].map(([, name = '']) => name);
}

const parametersTable = page.text.slice(page.text.indexOf('## Deploy parameters'));

describe('docs/configuration.md', () => {
  for (const setting of settings) {
    it(`describes ${setting.key} in the words of its schema`, () => {
      assert.ok(page.text.includes(`\n${rowOf(setting)}`), `expected the row:\n${rowOf(setting)} |`);
    });
  }

  it('describes no setting that does not exist', () => {
    const dialects = ['param', 'scope', 'registration', 'end_session', 'auth0-v2', 'cognito', 'template', 'local'];
    const known = new Set([...settings.map(({ key }) => key), ...dialects]);
    const before = { path: page.path, text: page.text.slice(0, page.text.indexOf('## Deploy parameters')) };
    const described = firstCells(before).flatMap((cell) => codeIn(cell) ?? []);
    assert.deepEqual(
      described.filter((key) => !known.has(key)),
      [],
    );
  });

  it('lists exactly the deploy parameters that there are', async () => {
    const listed = firstCells({ path: page.path, text: parametersTable }).flatMap((cell) => codeIn(cell) ?? []);
    assert.deepEqual(listed.toSorted(), (await deployParameters()).toSorted());
  });
});
