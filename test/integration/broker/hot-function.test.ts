/** What the function behind every page of the application has loaded once it has served a call: next to nothing. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { loggedIn } from './person.ts';
import { packagedRoot } from './package.ts';
import { events, running } from './running.ts';

/** esbuild's metadata, as far as it says which sources are in which file. */
interface Metadata {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
}

interface Loaded {
  /** Node's own modules, as `process.moduleLoadList` names them. */
  readonly builtins: readonly string[];
  /** Files of the package, by name. */
  readonly files: readonly string[];
}

const heavyBuiltins =
  /undici|^NativeModule (?:internal\/crypto\/webcrypto|zlib|internal\/deps\/cjs-module-lexer)|Internal Binding zlib/;

const heavyPackages = /node_modules\/(?:@aws-sdk|@smithy|openid-client|oauth4webapi|jose|valibot|zod|undici)\//;

/** Sources of the product and of packages that are in these files. */
async function sourcesOf(door: 'api' | 'auth', files: readonly string[]): Promise<readonly string[]> {
  const text = await readFile(join(await packagedRoot(), 'dist/meta', `${door}.json`), 'utf8');
  const { outputs } = JSON.parse(text) as Metadata;
  return Object.entries(outputs)
    .filter(([path]) => files.some((file) => path.endsWith(`/${file}`)))
    .flatMap(([, { inputs }]) => Object.keys(inputs));
}

describe('the function api after calls with a fresh token', () => {
  const broker = running({ table: true, preload: [new URL('loaded-modules.ts', import.meta.url)] });
  let loaded: Loaded;

  /** Asks the process what it has loaded; it answers with one line. */
  async function loadedBy(door: 'api' | 'auth'): Promise<Loaded> {
    const process = broker.stack.lambda.processes().find(({ functionName }) => functionName.endsWith(`-${door}`));
    assert.ok(process);
    globalThis.process.kill(process.pid, 'SIGUSR2');
    const line = await broker.logged((one) => one.event === 'loaded_modules' && one['pid'] === process.pid);
    return line as unknown as Loaded;
  }

  before(async () => {
    const alice = await loggedIn(broker.origin);
    const calls = broker.stack.ssm.calls.length;
    for (const path of ['/bff/user', '/api/orders', '/api/profile', '/api/orders']) {
      assert.equal((await alice.fetch(broker.origin + path)).status, 200, path);
    }
    assert.ok(broker.stack.ssm.calls.length <= calls + 1);
    loaded = await loadedBy('api');
  });

  it('has loaded one file of its package, and behind a REST API the one for its events', () => {
    assert.deepEqual(loaded.files, events === 'rest' ? ['index.mjs', 'payload-1.mjs'] : ['index.mjs']);
  });

  it('has loaded no undici, WebCrypto or zlib of Node', () => {
    assert.ok(loaded.builtins.includes('NativeModule https'), 'the list is the one of that process');
    assert.deepEqual(
      loaded.builtins.filter((name) => heavyBuiltins.test(name)),
      [],
    );
  });

  it('has loaded no AWS SDK, OIDC library, JOSE library or validator', async () => {
    const sources = await sourcesOf('api', loaded.files);
    assert.ok(sources.includes('functions/api.ts'), 'the sources are those of that file');
    assert.deepEqual(
      sources.filter((source) => heavyPackages.test(source)),
      [],
    );
  });

  it('would be seen to have loaded them, as the function auth has', async () => {
    const { files, builtins } = await loadedBy('auth');
    const sources = await sourcesOf('auth', files);
    assert.ok(builtins.some((name) => heavyBuiltins.test(name)));
    assert.ok(sources.some((source) => source.includes('node_modules/openid-client/')));
    assert.ok(sources.some((source) => source.includes('node_modules/jose/')));
  });
});
