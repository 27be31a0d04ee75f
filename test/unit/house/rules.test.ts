/** Rules of the house which the linter does not know. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { asTheyRun, importsOf, readSources, type Import, type Sources } from './sources.ts';

/** A rule says which files break it. */
type Rule = (sources: Sources) => string[];

const filesWith =
  (pattern: RegExp, except = /^$/): Rule =>
  (sources) =>
    [...sources].filter(([path, text]) => !except.test(path) && pattern.test(text)).map(([path]) => path);

/** Rule → how to find what breaks it, and an example that does. */
const rules: Record<string, { find: Rule; example: [path: string, text: string] }> = {
  'a file is one idea, told in 300 lines': {
    find: (sources) => [...sources].filter(([, text]) => text.trimEnd().split('\n').length > 300).map(([path]) => path),
    example: ['functions/http/long.ts', 'x();\n'.repeat(301)],
  },
  'a file opens by saying what it is for': {
    find: (sources) => [...sources].filter(([, text]) => !text.startsWith('/**')).map(([path]) => path),
    example: ['functions/http/silent.ts', 'export const a = 1;\n'],
  },
  'no file stands for a whole folder': {
    find: (sources) => [...sources.keys()].filter((path) => basename(path) === 'index.ts'),
    example: ['functions/http/index.ts', ''],
  },
  'no folder holds what belongs nowhere': {
    find: (sources) =>
      [...sources.keys()].filter((path) => /\/(?:utils?|common|shared|helpers?|lib)(?:\/|\.ts$)/.test(path)),
    example: ['functions/http/util/a.ts', ''],
  },
  'nothing outside of configuration reads the environment': {
    find: filesWith(/\bprocess\s*\.\s*env\b|\bprocess\[|from 'node:process'/, /^functions\/configuration\//),
    example: ['functions/aws/a.ts', 'export const region = process.env.AWS_REGION;'],
  },
  'built-in modules are imported by the names that are used': {
    find: filesWith(/^import (?!type |\{)[^;'"]*['"]node:/m),
    example: ['functions/aws/a.ts', `import * as http from 'node:http';`],
  },
  'built-in modules are named with their prefix': {
    find: filesWith(
      /^import [^;'"]*['"](?:assert|buffer|crypto|dns|events|fs|http|https|net|os|path|stream|timers|tls|url|util|zlib)(?:\/\w+)?['"]/m,
    ),
    example: ['functions/aws/a.ts', `import { request } from 'https';`],
  },
  'what is imported is written down, not computed': {
    find: filesWith(/\bimport\(\s*(?!['"])|\bcreateRequire\b|\brequire\(/),
    example: ['functions/aws/a.ts', 'export const load = (name: string) => import(name);'],
  },
};

const functions = await readSources('functions');

describe('the house', () => {
  for (const [name, { find, example }] of Object.entries(rules)) {
    it(name, () => {
      assert.deepEqual(find(functions), []);
      assert.deepEqual(find(new Map([example])), [example[0]], 'the rule does not find its example');
    });
  }
});

/** Every file that is loaded when this one is, without what is loaded later. */
function loadedWith(door: string, imports: readonly Import[]): Set<string> {
  const loaded = new Set([door]);
  for (const file of loaded) {
    for (const { from, to, kind } of imports) if (from === file && kind === 'static') loaded.add(to);
  }
  return loaded;
}

/** Modules that cost a cold start too much. */
const heavy = /^(?:@aws-sdk\/|@smithy\/|openid-client|oauth4webapi|jose|undici|zod|hono|(?:node:)?zlib$)/;

/** What loads undici or WebCrypto when it is touched. */
const heavyGlobals =
  /(?<![.\w])(?:fetch\(|new (?:Request|Response|Headers|FormData|WebSocket)\()|\bsubtle\b|\bwebcrypto\b/;

describe('what the function api loads for every request', () => {
  it('is light', async () => {
    const loaded = loadedWith('functions/api.ts', await importsOf(functions));
    assert.deepEqual(
      [...loaded].filter((name) => heavy.test(name)),
      [],
    );
    const files = new Map([...functions].filter(([path]) => loaded.has(path)));
    assert.deepEqual(filesWith(heavyGlobals)(await asTheyRun(files)), []);
  });

  it('would be found heavy through any chain of files, unless a part is loaded later', async () => {
    const imports = await importsOf(
      new Map([
        ['functions/api.ts', `import './session/a.ts';\nexport const later = () => import('openid-client');`],
        ['functions/session/a.ts', `import { decodeJwt } from 'jose';\nimport type { Agent } from 'undici';`],
      ]),
    );
    assert.deepEqual(
      [...loadedWith('functions/api.ts', imports)].filter((name) => heavy.test(name)),
      ['jose'],
    );
  });

  it('would be found to touch what loads undici or WebCrypto, in code and not in words', async () => {
    const files = new Map([
      ['a.ts', 'export const a = (url: string) => fetch(url);'],
      ['b.ts', 'export const b = () => new Response();'],
      ['c.ts', 'export const c = () => crypto.subtle;'],
      ['d.ts', '// like fetch(url)\nexport const d = (cache: { fetch(key: string): string }) => cache.fetch("d");'],
    ]);
    assert.deepEqual(filesWith(heavyGlobals)(await asTheyRun(files)), ['a.ts', 'b.ts', 'c.ts']);
  });
});
