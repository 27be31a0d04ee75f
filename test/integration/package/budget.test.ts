/** What the functions in front of the APIs have to load before they can answer: how many bytes, and whose code. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Metafile } from 'esbuild';
import { buildFunctions, doors, projectRoot } from '../../../infra/build.ts';
import { scratchDirectory } from './packaged.ts';

/**
 * `api` has the budget that it was designed for. `stream` is `api` without the user endpoint and the other gateways, and
 * with a relay: it is to stay below, and what only one of its answers in many needs belongs behind a dynamic import there
 * as well. Each has room for about a tenth more than it takes today.
 */
const budgetBytes = { api: 60 * 1024, stream: 58 * 1024 } as const;

/** Packages that belong behind a dynamic import, or into no function at all. */
const heavy = /node_modules\/(?:@aws-sdk|@smithy|undici|openid-client|oauth4webapi|jose|zod|hono)\//;

/** What is loaded with the function, without what it imports later. */
function loadedAtOnce({ outputs }: Metafile): { bytes: number; sources: string[] } {
  const entry = Object.keys(outputs).filter((name) => name.endsWith('/index.mjs'));
  const loaded = new Set(entry);
  for (const name of loaded) {
    for (const found of outputs[name]?.imports ?? []) if (found.kind === 'import-statement') loaded.add(found.path);
  }
  const found = [...loaded].map((name) => outputs[name]).filter((output) => output !== undefined);
  return {
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    sources: found.flatMap(({ inputs }) => Object.keys(inputs)),
  };
}

async function measure(entry: string): Promise<{ bytes: number; sources: string[] }> {
  const { door } = await buildFunctions({ outDir: await scratchDirectory(), entries: { door: entry } });
  assert.ok(door);
  return loadedAtOnce(door);
}

async function measureText(text: string): Promise<{ bytes: number; sources: string[] }> {
  const file = join(await scratchDirectory(), 'door.ts');
  await writeFile(file, text);
  return measure(file);
}

const jose = join(projectRoot, 'node_modules/jose/dist/webapi/index.js');

for (const [name, budget] of Object.entries(budgetBytes)) {
  describe(`the function ${name}`, () => {
    const entry = doors[name] ?? '';

    it(`loads at most ${String(budget)} bytes at once`, async () => {
      const { bytes } = await measure(entry);
      assert.ok(bytes <= budget, `${String(bytes)} bytes`);
    });

    it('loads no SDK, no undici, no OpenID and no JOSE library and no schema library at once', async () => {
      assert.deepEqual(
        (await measure(entry)).sources.filter((source) => heavy.test(source)),
        [],
      );
    });
  });
}

describe('the measurement', () => {
  it('counts what is imported at once', async () => {
    const { bytes, sources } = await measureText(
      `import { SignJWT } from '${jose}';\nexport const handler = () => SignJWT;`,
    );
    assert.ok(bytes > 1000);
    assert.ok(sources.some((name) => heavy.test(name)));
  });

  it('does not count what is imported later', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'later.ts'), `export { SignJWT } from '${jose}';`);
    await writeFile(join(directory, 'door.ts'), `export const handler = () => import('./later.ts');`);
    const { bytes, sources } = await measure(join(directory, 'door.ts'));
    assert.ok(bytes < 1000, `${String(bytes)} bytes`);
    assert.deepEqual(
      sources.filter((name) => heavy.test(name)),
      [],
    );
  });
});
