/** What packaging a stage leaves behind, and how it says no. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { doors, projectRoot } from '../../../infra/build.ts';
import { unzip } from '../../../infra/local/unzip.ts';
import { packageStage } from '../../../infra/package.ts';
import type { StageParametersInput } from '../../../infra/stage/parameters.ts';
import { PackagingError } from '../../../infra/stage/problems.ts';
import { everyDoor, everyParameter, packageSmallStage, scratchDirectory } from './packaged.ts';

const bin = join(projectRoot, 'node_modules/.bin');

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a program of the project in an environment without credentials. */
async function run(cwd: string, ...args: [string, ...string[]]): Promise<Ended> {
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: cwd };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` });
    });
  });
}

const framework = join(projectRoot, 'node_modules/serverless/bin/serverless.js');

/** @returns the problems which packaging this configuration finds */
async function problemsOf(configuration: string, parameters: StageParametersInput = {}): Promise<readonly string[]> {
  const root = await scratchDirectory();
  const configFile = join(root, 'given.jsonc');
  await writeFile(configFile, configuration);
  const request = {
    stage: 'test',
    outDir: join(root, 'out'),
    configFile,
    parameters,
    entries: everyDoor,
  };
  return packageStage(request).then(
    () => [],
    (error: unknown) => {
      assert.ok(error instanceof PackagingError, String(error));
      return error.problems;
    },
  );
}

const valid = await readFile(join(import.meta.dirname, 'stage.jsonc'), 'utf8');
const packaged = await packageSmallStage(everyParameter);

describe('the zip of a function', () => {
  for (const name of Object.keys(doors)) {
    it(`holds what ${name} needs and nothing else`, async () => {
      const folder = await scratchDirectory();
      await unzip(packaged.zips[name] ?? '', folder);
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      assert.deepEqual([...new Set(files.map(({ parentPath }) => parentPath))], [join(folder, 'dist', name)]);
      assert.deepEqual(
        new Set(files.map((file) => file.name)),
        new Set(['THIRD-PARTY-NOTICES.txt', 'configuration.json', 'index.mjs', 'later.mjs']),
      );
    });
  }

  it("carries the stage's configuration and paths, with parameters by name", async () => {
    const folder = await scratchDirectory();
    await unzip(packaged.zips['api'] ?? '', folder);
    const text = await readFile(join(folder, 'dist/api/configuration.json'), 'utf8');
    const { stage, paths, configuration } = JSON.parse(text) as {
      stage: string;
      paths: object;
      configuration: { provider: { clientAuth: object } };
    };
    assert.equal(stage, 'test');
    assert.deepEqual(paths, { base: '/session', callback: '/signin-oidc', apiPrefixes: ['/api', '/graph'] });
    assert.deepEqual(configuration.provider.clientAuth, {
      method: 'client_secret_basic',
      secret: { $parameter: 'client-secret' },
    });
  });
});

describe('packaging', () => {
  it('names the file to create where a stage has no configuration', async () => {
    const { code, output } = await run(projectRoot, join(projectRoot, 'infra/package.ts'), '--stage', 'nowhere');
    assert.equal(code, 1);
    assert.equal(output, 'There is no config/nowhere.jsonc: create it to describe the stage "nowhere".\n');
  });

  for (const stage of ['Prod', '1st', 'a_b', 'x'.repeat(21), '../dev', '']) {
    it(`refuses "${stage}" as the name of a stage`, async () => {
      const { code, output } = await run(projectRoot, join(projectRoot, 'infra/package.ts'), `--stage=${stage}`);
      assert.equal(code, 1);
      assert.match(output, /^"[^"]*" is no name for a stage: .*\n$/);
    });
  }

  it('lists everything that is wrong with a configuration and shows no secret', async () => {
    const wrong = valid
      .replace('"30m"', '"half an hour"')
      .replace('{ "$parameter": "client-secret" }', '"a-very-secret-value"')
      .replace('"scopes"', '"scoops"');
    const problems = await problemsOf(wrong);
    for (const key of ['session.idle', 'provider.clientAuth.secret', 'scoops', 'scopes']) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`config/test.jsonc: ${key} `)),
        `${key} is not in\n${problems.join('\n')}`,
      );
    }
    assert.ok(!problems.join('\n').includes('a-very-secret-value'));
  });

  it('says where a configuration is not JSON', async () => {
    assert.deepEqual(await problemsOf('{\n  "publicOrigin": ,\n}'), ['config/test.jsonc:2:19: ValueExpected.']);
  });

  const wrongParameters: [what: string, values: Record<string, unknown>, problem: RegExp][] = [
    ['an unknown key', { memory: 512 }, /there is no key "memory"/],
    ['an unknown key within a key', { throttle: { rps: 5 } }, /there is no key "throttle\.rps"/],
    ['a path with a slash at its end', { basePath: '/bff/' }, /basePath: must be a path such as \/bff/],
    ['a path that leads upwards', { callbackPath: '/bff/../callback' }, /callbackPath: must be a path/],
    ['a retention that AWS does not know', { logRetentionInDays: 31 }, /logRetentionInDays: /],
    ['a rotation period without a unit', { keyRotation: { period: 30 } }, /keyRotation\.period: /],
    ['a rotation within the hour in which a key is not used', { keyRotation: { period: '90m' } }, /from "2h"/],
    ['a domain without a certificate', { domain: 'broker.example.com' }, /domain and certificateArn/],
    [
      'a key for everything',
      { kmsKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/*' },
      /kmsKeyArn: must be one ARN/,
    ],
  ];
  for (const [what, values, problem] of wrongParameters) {
    it(`refuses ${what} among the parameters`, async () => {
      const problems = await problemsOf(valid, values);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
      assert.match(problems[0] ?? '', /^config\/test\.params\.yml: /);
    });
  }

  it('refuses a rotation so fast that the ring would be full of keys that are needed', async () => {
    const problems = await problemsOf(valid.replace('"8h"', '"30d"'), { keyRotation: { period: '2h' } });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^config\/test\.params\.yml: keyRotation\.period: must be at least "73h"/);
  });

  it('never packages another configuration in place of the one in config/', async () => {
    const request = { stage: 'test', configFile: join(import.meta.dirname, 'stage.jsonc') };
    await assert.rejects(packageStage(request), /needs a directory of its own/);
  });
});

describe("the framework's own commands", () => {
  it('do not deploy the stage of one machine', async () => {
    const { root } = packaged;
    await writeFile(join(root, 'config/local.jsonc'), valid);
    const { code, output } = await run(root, framework, 'deploy', '--stage', 'local');
    assert.equal(code, 1);
    assert.match(output, /The stage "local" runs on one machine and is never deployed/);
  });

  it('do not deploy what was packaged for another stage', async () => {
    const { root } = packaged;
    await writeFile(join(root, 'config/other.jsonc'), valid);
    const { code, output } = await run(root, framework, 'deploy', '--stage', 'other', '--package', '.serverless');
    assert.equal(code, 1);
    assert.match(output, /was packaged for the stage "test", not for "other"/);
  });

  it('validate before they package', async () => {
    const { root } = packaged;
    await writeFile(join(root, 'config/wrong.jsonc'), valid.replace('"scopes"', '"scoops"'));
    const { code, output } = await run(root, framework, 'package', '--stage', 'wrong');
    assert.equal(code, 1);
    assert.match(output, /config\/wrong\.jsonc: scoops /);
  });

  const built = Object.values(doors).every((file) => existsSync(join(projectRoot, file)));
  it('build what they package', { skip: built ? false : 'the functions are not written yet' }, async () => {
    const root = await scratchDirectory();
    const configFile = join(import.meta.dirname, 'stage.jsonc');
    await packageStage({ stage: 'test', outDir: root, configFile, entries: everyDoor });
    const before = await readFile(join(root, 'dist/api/index.mjs'));
    const { code, output } = await run(root, framework, 'package', '--stage', 'test');
    assert.equal(code, 0, output);
    assert.notDeepEqual(await readFile(join(root, 'dist/api/index.mjs')), before);
  });
});
