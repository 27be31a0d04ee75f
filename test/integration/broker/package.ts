/**
 * The package of the stage `local`, made once for these sources and kept between test files: packaging takes longer than
 * most of them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/build.ts';
import { packageStage } from '../../../infra/package.ts';

const cache = join(projectRoot, 'node_modules/.cache/token-broker-packages');

/** Everything that a package is made of. */
const sources = [
  'functions/**/*.ts',
  'infra/**/*.{ts,cjs,yml}',
  'config/local.*',
  'serverless.yml',
  'package-lock.json',
];

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: projectRoot }).toSorted()) {
    hash
      .update(file)
      .update('\0')
      .update(await readFile(join(projectRoot, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function make(directory: string): Promise<void> {
  const outDir = `${directory}.${randomUUID()}`;
  await mkdir(cache, { recursive: true });
  await packageStage({ stage: 'local', outDir });
  // Whoever comes second finds the same package there already.
  await rename(outDir, directory).catch(async () => rm(outDir, { recursive: true, force: true }));
}

const longEnoughMs = 600_000;

/** Packages of other sources that nobody is likely to be using any more. */
async function removeOld(): Promise<void> {
  for (const entry of await readdir(cache)) {
    const directory = join(cache, entry);
    const found = await stat(directory).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < Date.now() - longEnoughMs)
      await rm(directory, { recursive: true, force: true });
  }
}

/** @returns a directory with what packaging left behind: `dist`, `.serverless` */
export async function packagedRoot(): Promise<string> {
  const name = await digest();
  const directory = join(cache, name);
  if (!existsSync(directory)) {
    await make(directory);
    await removeOld();
  }
  return directory;
}

/** @returns for `packageFolder` of a stack */
export const packageFolder = async (): Promise<string> => join(await packagedRoot(), '.serverless');
