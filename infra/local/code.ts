/** The code of the functions on this machine: unpacked from what would be uploaded, with a configuration beside it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { validateFile } from '../../functions/configuration/validate.ts';
import type { Packaged } from '../../functions/configuration/schema.ts';
import { buildFunctions } from '../build.ts';
import { packageStage } from '../package.ts';
import type { Account, Template } from './gateway/intrinsics.ts';
import { readTemplate } from './gateway/template.ts';
import type { PackagedStack, TemplateFunction } from './gateway/template.ts';
import { StackProblem } from './problem.ts';
import { unzip } from './unzip.ts';

/** A function and the folder that holds its code. */
export interface PlacedFunction {
  readonly described: TemplateFunction;
  readonly root: string;
}

/** Next to the module that the handler names. */
const configurationFile = ({ described, root }: PlacedFunction): string =>
  join(root, dirname(described.handler), 'configuration.json');

/** A package that is ready to run. */
export interface OpenPackage {
  readonly template: PackagedStack;
  /** The same as it is written. */
  readonly written: Template;
  readonly functions: readonly PlacedFunction[];
  /** What packaging put beside the code; it is the same for every function. */
  readonly packaged: Packaged;
}

/**
 * @param folder what packaging left behind; `undefined`: packages the stage `local` now
 * @param work an empty folder for the code
 * @param account where the stack pretends to be
 * @throws PackagingError where the stage cannot be packaged
 */
export async function openPackage(folder: string | undefined, work: string, account: Account): Promise<OpenPackage> {
  const from = folder ?? (await packageStage({ stage: 'local', outDir: join(work, 'package') })).dir;
  const text = await readFile(join(from, 'cloudformation-template-update-stack.json'), 'utf8');
  const written = JSON.parse(text) as Template;
  const template = readTemplate(written, account);
  const functions = await Promise.all(
    template.functions.map(async (described) => {
      const root = join(work, 'code', described.name);
      await unzip(join(from, described.package), root);
      return { described, root };
    }),
  );
  const [first] = functions;
  if (first === undefined) throw new StackProblem('The package has no function.');
  const packaged = JSON.parse(await readFile(configurationFile(first), 'utf8')) as Packaged;
  return { template, written, functions, packaged };
}

/**
 * Builds the functions from source, without packaging them.
 * @param functions whose code is to be replaced
 * @param root an empty folder which all of them will share
 * @throws esbuild's BuildFailure
 */
export async function buildAnew(functions: readonly PlacedFunction[], root: string): Promise<PlacedFunction[]> {
  await mkdir(root, { recursive: true });
  await buildFunctions({ outDir: join(root, 'dist') });
  return functions.map(({ described }) => ({ described, root }));
}

/**
 * Validates a configuration and puts it beside the code of each function.
 * @param functions where the code lies
 * @param packaged stage and paths, and the configuration to use
 * @param name what to call the configuration in a problem
 * @throws StackProblem with everything that is wrong with it
 */
export async function placeConfiguration(
  functions: readonly PlacedFunction[],
  { stage, paths, configuration }: Packaged,
  name: string,
): Promise<void> {
  const result = validateFile(configuration, { stage, paths });
  if (result.kind === 'invalid') {
    throw new StackProblem(result.problems.map(({ path, message }) => `${name}: ${path} ${message}`).join('\n'));
  }
  const text = JSON.stringify(result.packaged, undefined, 2);
  await Promise.all(functions.map(async (placed) => writeFile(configurationFile(placed), text)));
}
