import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { usage } from '../../../infra/local/options.ts';
import { codeBlocks, documentFile, readDocument, readDocuments } from './documents.ts';

const pages = readDocuments();
const readme = readDocument('README.md');

const { scripts } = JSON.parse(await readFile(documentFile('package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

const optionsIn = (text: string): string[] => [...text.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option);

describe('commands in the documentation', () => {
  for (const { path, text } of pages) {
    it(`${path} names only npm scripts that exist`, () => {
      const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
        ([, run, own]) => run ?? own ?? '',
      );
      assert.deepEqual(
        named.filter((name) => !Object.hasOwn(scripts, name)),
        [],
      );
    });

    it(`${path} gives npm start only options that it takes`, () => {
      const given = [...text.matchAll(/npm start -- ([^\n`]*)/g)].flatMap(([, options = '']) => optionsIn(options));
      const known = new Set([...optionsIn(usage), '--help']);
      assert.deepEqual(
        given.filter((option) => !known.has(option)),
        [],
      );
    });
  }

  it('the README lists exactly the options of npm start', () => {
    const listed = [...readme.text.matchAll(/^\| `(--[a-z-]+)[^`]*` \|/gm)].map(([, option]) => option);
    const taken = [...usage.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    assert.deepEqual(listed, taken);
  });

  it('the README tests by the command that continuous integration runs', async () => {
    const command = 'npm ci && npm test';
    assert.ok(codeBlocks(readme).some(({ language, code }) => language === 'sh' && code.trim() === command));
    assert.ok((await readFile(documentFile('.ci/run'), 'utf8')).trimEnd().endsWith(command));
  });
});
