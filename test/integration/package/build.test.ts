/** What a build is made of: the same bytes every time, nothing of the machine it was built on, licences, built-in modules. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { builtins } from '../../../infra/build/builtins.ts';
import { buildFunctions, noticesFile, projectRoot } from '../../../infra/build.ts';
import { door, scratchDirectory } from './packaged.ts';

const run = promisify(execFile);

/** Every file below a directory, with its contents. */
async function filesBelow(directory: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.toSorted().map(async (file) => [relative(directory, file), await readFile(file)] as const);
  return new Map(await Promise.all(read));
}

/** Calls the bundle's handler in a process of its own. */
async function callHandler(bundle: string, event: object): Promise<Record<string, unknown>> {
  const code = `const { handler } = await import(${JSON.stringify(bundle)});
    process.stdout.write(JSON.stringify(await handler(${JSON.stringify(event)})));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { env: {} });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const hashes = (of: Map<string, Buffer>): [string, string][] =>
  [...of].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]);

/** A source as it stands, and bundled with nothing but the plugin for built-in modules. */
async function writeBundle(source: string): Promise<{ plain: string; mapped: string }> {
  const directory = await scratchDirectory();
  const [plain, mapped] = [join(directory, 'plain.mjs'), join(directory, 'mapped.mjs')];
  await writeFile(plain, source);
  await build({
    entryPoints: [plain],
    outfile: mapped,
    bundle: true,
    platform: 'node',
    format: 'esm',
    plugins: [builtins],
    logLevel: 'silent',
  });
  return { plain, mapped };
}

const outDir = await scratchDirectory();
const metadata = await buildFunctions({ outDir, entries: { door } });
const files = await filesBelow(outDir);
const text = (name: string): string => files.get(name)?.toString() ?? assert.fail(`there is no ${name}`);
const bundle = join(outDir, 'door/index.mjs');

describe('a build', () => {
  it('gives the same bytes in another directory', async () => {
    const other = await scratchDirectory();
    await buildFunctions({ outDir: other, entries: { door } });
    assert.deepEqual(hashes(await filesBelow(other)), hashes(files));
  });

  it('knows nothing of the directories it was made in', () => {
    const telling = [...files].filter(([, bytes]) => bytes.includes(projectRoot) || bytes.includes(outDir));
    assert.deepEqual(
      telling.map(([name]) => name),
      [],
    );
  });

  it('keeps source maps and metadata apart from what is uploaded', () => {
    assert.deepEqual(
      [...files.keys()],
      [
        'door/THIRD-PARTY-NOTICES.txt',
        'door/index.mjs',
        'door/later.mjs',
        'maps/door/index.mjs.map',
        'maps/door/later.mjs.map',
        'meta/door.json',
      ],
    );
    assert.ok(!text('door/index.mjs').includes('sourceMappingURL'));
  });

  it('carries the licence of every bundled package, of none that is not bundled', () => {
    const notices = text(`door/${noticesFile}`);
    assert.match(notices, /^jose \d+\.\d+\.\d+ \(MIT\)$/m);
    assert.match(notices, /Copyright \(c\) \d+ Filip Skokan/);
    assert.doesNotMatch(notices, /esbuild|openid-client/);
  });

  it('loads code behind a dynamic import only when it is needed', async () => {
    const output = Object.entries(metadata['door']?.outputs ?? {}).find(([name]) => name.endsWith('door/index.mjs'));
    assert.deepEqual(
      output?.[1].imports.map(({ kind }) => kind),
      ['dynamic-import'],
    );
    assert.equal((await callHandler(bundle, { lazy: true }))['lazy'], 'function');
  });
});

describe('built-in modules in a bundle', () => {
  it('are there by every form of import', async () => {
    assert.deepEqual(await callHandler(bundle, {}), {
      named: 64,
      default: 'function',
      namespace: 'function',
      lazy: 'not loaded',
      undici: false,
    });
  });

  it('would load undici if they were imported as modules', async () => {
    const source = `import { request } from 'node:http';
      export const handler = () => ({
        request: typeof request,
        undici: process.moduleLoadList.some((name) => name.includes('undici')),
      });`;
    const { plain, mapped } = await writeBundle(source);
    assert.deepEqual(await callHandler(plain, {}), { request: 'function', undici: true });
    assert.deepEqual(await callHandler(mapped, {}), { request: 'function', undici: false });
  });

  it('are there when they exist with a prefix only', async () => {
    const { mapped } = await writeBundle(`import { DatabaseSync } from 'node:sqlite';
      export const handler = () => ({ database: typeof DatabaseSync });`);
    assert.deepEqual(await callHandler(mapped, {}), { database: 'function' });
  });
});
