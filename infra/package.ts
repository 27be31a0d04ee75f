/**
 * Packages a stage without an account and without the network: `npm run package -- --stage dev` leaves the template and
 * one zip per function in `.serverless`. Code and configuration travel together.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Problem } from '../functions/configuration/problem.ts';
import { validateFile } from '../functions/configuration/validate.ts';
import { buildFunctions, doors, projectRoot, type Entries } from './build.ts';
import { readConfiguration } from './stage/configuration.ts';
import { readParameters, type StageParametersInput } from './stage/parameters.ts';
import { checkStage, isAbsent, PackagingError } from './stage/problems.ts';
import { checkRotation } from './stage/rotation.ts';
import { checkStreams } from './stage/stream-paths.ts';

/** What is to be packaged. */
export interface PackageRequest {
  readonly stage: string;
  /** An absolute directory to package in, so that the project's `dist` and `.serverless` stay as they are. */
  readonly outDir?: string;
  /** In place of `config/<stage>.jsonc`; needs `outDir`. */
  readonly configFile?: string;
  /** In place of `config/<stage>.params.yml`; needs `outDir`. */
  readonly parameters?: StageParametersInput;
  /** In place of the product's functions. */
  readonly entries?: Entries;
}

/** What packaging left behind; all paths are absolute. */
export interface StagePackage {
  /** Holds everything else. */
  readonly dir: string;
  /** The CloudFormation template, JSON. */
  readonly template: string;
  /** Function → its zip. */
  readonly zips: Readonly<Record<string, string>>;
  /** What the validator let pass and the operator should know. */
  readonly warnings: readonly string[];
}

/** Makes a directory in which the framework sees this project with another stage's files. */
async function copyProject(request: PackageRequest, outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  await rm(join(outDir, 'config'), { recursive: true, force: true });
  await mkdir(join(outDir, 'config'));
  await symlink(join(projectRoot, 'infra'), join(outDir, 'infra')).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  for (const file of ['serverless.yml', 'package.json']) await cp(join(projectRoot, file), join(outDir, file));
  const copies = {
    [`config/${request.stage}.jsonc`]: request.configFile,
    [`config/${request.stage}.params.yml`]: undefined,
  };
  for (const [file, source] of Object.entries(copies)) {
    await cp(source ?? join(projectRoot, file), join(outDir, file)).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  }
  if (request.parameters === undefined) return;
  await writeFile(join(outDir, `config/${request.stage}.params.yml`), stringify(request.parameters));
}

/** `config/dev.jsonc: apis.orders.path must …` */
const written = (stage: string, { path, message }: Problem): string =>
  `config/${stage}.jsonc: ${path === '' ? '' : `${path} `}${message}`;

/**
 * Validates the stage, builds the functions and puts the stage's configuration beside each one.
 *
 * @param root the directory that holds `config/` and gets `dist/`
 * @returns warnings
 */
async function prepare(root: string, stage: string, entries: Entries): Promise<readonly string[]> {
  checkStage(stage);
  const configuration = await readConfiguration(root, stage);
  const parameters = await readParameters(root, stage);
  const { basePath, callbackPath, apiPrefixes } = parameters;
  const paths = { base: basePath, callback: callbackPath, apiPrefixes };
  const result = validateFile(configuration, { stage, paths });
  if (result.kind === 'invalid') throw new PackagingError(result.problems.map((problem) => written(stage, problem)));
  checkRotation(stage, parameters, result.packaged);
  checkStreams(stage, parameters, configuration);
  await buildFunctions({ outDir: join(root, 'dist'), entries });
  const text = `${JSON.stringify(result.packaged, undefined, 2)}\n`;
  await Promise.all(
    Object.keys(entries).map((name) => writeFile(join(root, 'dist', name, 'configuration.json'), text)),
  );
  return result.warnings.map((warning) => written(stage, warning));
}

/** `rotate-keys` is the function `rotateKeys`: the framework takes no hyphens in the name of a function. */
const functionName = (entry: string): string => entry.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Runs the framework with an environment in which it finds neither credentials nor a home with settings. */
async function runFramework(root: string, stage: string): Promise<void> {
  const bin = join(projectRoot, 'node_modules/.bin');
  const home = await mkdtemp(join(tmpdir(), 'token-broker-'));
  const env = {
    PATH: [bin, process.env['PATH']].join(delimiter),
    HOME: home,
    SLS_NOTIFICATIONS_MODE: 'off',
    SLS_TELEMETRY_DISABLED: '1',
    TOKEN_BROKER_PREPARED: stage,
  };
  const framework = join(projectRoot, 'node_modules/serverless/bin/serverless.js');
  try {
    await promisify(execFile)(process.execPath, [framework, 'package', '--stage', stage], { cwd: root, env });
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : [];
    throw new PackagingError([output.map((text) => String(text).trim()).join('\n') || String(error)]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * Validates, builds and packages one stage.
 *
 * @throws PackagingError with everything that whoever packages has to mend
 */
export async function packageStage(request: PackageRequest): Promise<StagePackage> {
  const { stage, outDir, entries = doors } = request;
  checkStage(stage);
  if (outDir === undefined && (request.configFile !== undefined || request.parameters !== undefined)) {
    throw new PackagingError(['Another configuration than the one in config/ needs a directory of its own.']);
  }
  if (outDir !== undefined) await copyProject(request, outDir);
  const root = outDir ?? projectRoot;
  const warnings = await prepare(root, stage, entries);
  await runFramework(root, stage);
  const dir = join(root, '.serverless');
  return {
    dir,
    template: join(dir, 'cloudformation-template-update-stack.json'),
    zips: Object.fromEntries(Object.keys(entries).map((name) => [name, join(dir, `${functionName(name)}.zip`)])),
    warnings,
  };
}

const warn = (warnings: readonly string[]): void => {
  for (const warning of warnings) console.warn(`warning: ${warning}`);
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { stage: { type: 'string', default: 'dev' }, 'prepare-only': { type: 'boolean', default: false } },
  });
  const { stage } = values;
  if (values['prepare-only']) {
    warn(await prepare(process.cwd(), stage, doors));
    return;
  }
  const { dir, warnings } = await packageStage({ stage });
  warn(warnings);
  console.log(`Packaged the stage "${stage}" in ${dir}`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof PackagingError)) throw error;
    for (const problem of error.problems) console.error(problem);
    process.exitCode = 1;
  }
}
