import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { cookie, endpoint, problems, type ProblemCode } from '../../../functions/contract/wire.ts';
import { statusOf } from '../../../functions/http/problems.ts';
import { presetNames } from '../../../functions/presets/preset.ts';
import { documentFile, firstCells, readDocument } from './documents.ts';

const readme = readDocument('README.md');
const operations = readDocument('docs/operations.md');
const cookies = readDocument('docs/cookies.md');
const providers = readDocument('docs/providers.md');

const source = await readFile(documentFile('functions/telemetry/log.ts'), 'utf8');
const [, catalogue = ''] = /export type LogEvent =([^;]*);/.exec(source) ?? [];
const events = [...catalogue.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);

describe('docs/operations.md', () => {
  for (const code of Object.keys(problems) as ProblemCode[]) {
    it(`says what ${code} means, with its status`, () => {
      const [, cell = ''] = new RegExp(`^\\| \`${code}\` \\| (\\d{3}[^|]*) \\|`, 'm').exec(operations.text) ?? [];
      assert.equal(Number.parseInt(cell, 10), statusOf(code));
    });
  }

  it('says what each log event means', () => {
    assert.ok(events.length > 10);
    assert.deepEqual(
      events.filter((event) => !new RegExp(`^\\| \`${event}\` \\| (?:info|warn|error)`, 'm').test(operations.text)),
      [],
    );
  });

  it('names no code and no event that does not exist', () => {
    const known = new Set([...Object.keys(problems), ...events]);
    const named = firstCells(operations).flatMap((cell) => /^`(\w+)`$/.exec(cell)?.[1] ?? []);
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });
});

describe('docs/cookies.md', () => {
  const headings = [...cookies.text.matchAll(/^## `([^`]+)`$/gm)].map(([, name = '']) => name);
  const named = (name: string) => headings.some((heading) => heading === name || heading.startsWith(`${name}<`));

  for (const name of Object.values(cookie)) {
    it(`has a section on ${name}`, () => {
      assert.ok(named(name), `headings: ${headings.join(', ')}`);
    });
  }

  it('has a row in its overview for each section', () => {
    for (const heading of headings) assert.ok(cookies.text.includes(`\n| [\`${heading}\`](#`), heading);
  });
});

describe('the README', () => {
  for (const path of Object.values(endpoint)) {
    it(`speaks of /bff${path}`, () => {
      assert.match(readme.text, new RegExp(`/bff${path}\\b`));
    });
  }

  for (const preset of presetNames) {
    it(`has a row for the preset ${preset}`, () => {
      assert.match(readme.text, new RegExp(`^\\| \`${preset}\` \\|`, 'm'));
    });
  }
});

describe('docs/providers.md', () => {
  it('has a configuration for each preset', () => {
    const shown = [...providers.text.matchAll(/"preset": "(\w+)"/g)].map(([, name = '']) => name);
    assert.deepEqual([...new Set(shown)].toSorted(), [...presetNames].toSorted());
  });
});
