/**
 * `serverless.yml` as both frameworks type it: osls 4 and Serverless Framework 4. It is printed, then written as a literal
 * into two files whose only difference is whose type it must have; unknown keys are errors in literals alone.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../../../infra/build.ts';
import { everyParameterOf, packageSmallStage } from '../package/packaged.ts';

const run = promisify(execFile);

// Within the project, so that the types are found.
const directory = join(projectRoot, `dist/types-${String(process.pid)}`);
after(() => rm(directory, { recursive: true, force: true }));

/** The modules that publish the type of a service. */
const frameworks = { 'osls 4': 'serverless', 'Serverless Framework 4': '@serverless/typescript' } as const;

async function print(root: string): Promise<Record<string, unknown>> {
  const bin = join(projectRoot, 'node_modules/.bin');
  const framework = join(projectRoot, 'node_modules/serverless/bin/serverless.js');
  const { stdout } = await run(process.execPath, [framework, 'print', '--format', 'json', '--stage', 'test'], {
    cwd: root,
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: root },
  });
  const service = JSON.parse(stdout) as Record<string, unknown> & { package: Record<string, unknown> };
  // The command adds it, the service does not have it.
  delete service.package['artifactsS3KeyDirname'];
  return service;
}

/** @returns the compiler's complaints about this service as the framework's type; empty when it fits */
async function typeFaults(from: string, service: Record<string, unknown>): Promise<string> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'service.ts');
  await writeFile(
    file,
    `import type { AWS } from '${from}';\nexport const service: AWS = ${JSON.stringify(service, undefined, 2)};\n`,
  );
  const options = ['--ignoreConfig', '--noEmit', '--skipLibCheck', '--strict', '--module', 'nodenext'];
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [compiler, ...options, '--target', 'es2024', file]).then(
    () => '',
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

const serviceOf = async (gateway: keyof typeof everyParameterOf): Promise<Record<string, unknown>> =>
  print((await packageSmallStage(everyParameterOf[gateway])).root);

const service = await serviceOf('http-api');
const services = {
  'http-api': service,
  rest: await serviceOf('rest'),
  'function-url': await serviceOf('function-url'),
};

describe('serverless.yml', () => {
  for (const [name, from] of Object.entries(frameworks)) {
    for (const [gateway, each] of Object.entries(services)) {
      it(`is a service of ${name} with the gateway ${gateway}`, async () => {
        assert.equal(await typeFaults(from, each), '');
      });
    }
  }

  it('would be refused by osls 4 with a key that only Serverless Framework 4 knows', async () => {
    const complaint = await typeFaults(frameworks['osls 4'], { ...service, build: { esbuild: false } });
    assert.match(complaint, /"build"' does not exist in type/);
  });

  it('would be refused by Serverless Framework 4 with a key that nobody knows', async () => {
    const complaint = await typeFaults(frameworks['Serverless Framework 4'], { ...service, buildd: {} });
    assert.match(complaint, /"buildd"' does not exist in type/);
  });
});
