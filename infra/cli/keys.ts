/**
 * Makes the first key of a stage, or a new one at once, from the machine of whoever operates it:
 *
 *   npm run keys -- --stage dev             a new key now; the first one where the stage has none
 *   npm run keys -- --stage dev --dry-run   which keys there are, and what would change
 *
 * The stage's file says where: `region` and `kmsKeyArn` of config/<stage>.params.yml. Credentials are found as the AWS
 * CLI finds them (AWS_PROFILE, a login, environment variables); they need ssm:GetParameter and ssm:PutParameter on
 * /token-broker/<stage>/cookie-keys. A new key seals after an hour, the first one at once. No key is ever printed.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { longestSessionOf } from '../../functions/configuration/rotation.ts';
import { cookieKeys } from '../../functions/configuration/references.ts';
import { validateFile } from '../../functions/configuration/validate.ts';
import { systemClock, type EpochSeconds } from '../../functions/contract/units.ts';
import { ringParameter } from '../../functions/rotation/ring-parameter.ts';
import { previewRotation, rotateKeys, type Rotation, type RotationTask } from '../../functions/rotation/rotate.ts';
import { readConfiguration } from '../stage/configuration.ts';
import { readParameters } from '../stage/parameters.ts';
import { checkStage, PackagingError } from '../stage/problems.ts';
import { checkRotation } from '../stage/rotation.ts';

/** What is printed, line by line. */
export interface Told {
  readonly succeeded: boolean;
  readonly lines: readonly string[];
}

/**
 * @param root the directory that holds `config/`
 * @throws PackagingError where the stage's files are missing or wrong
 */
export async function rotationTask(root: string, stage: string, now: EpochSeconds): Promise<RotationTask> {
  checkStage(stage);
  const parameters = await readParameters(root, stage);
  const { basePath, callbackPath, apiPrefixes, region, kmsKeyArn, keyRotation } = parameters;
  const paths = { base: basePath, callback: callbackPath, apiPrefixes };
  const result = validateFile(await readConfiguration(root, stage), { stage, paths });
  if (result.kind === 'invalid') {
    throw new PackagingError([`config/${stage}.jsonc is not valid: npm run validate -- --stage ${stage}`]);
  }
  checkRotation(stage, parameters, result.packaged);
  const name = `/token-broker/${stage}/${cookieKeys}`;
  return {
    parameter: ringParameter({ name, region, ...(kmsKeyArn === undefined ? {} : { kmsKey: kmsKeyArn }) }),
    rules: { periodSeconds: keyRotation.period, longestSessionSeconds: longestSessionOf(result.packaged) },
    occasion: { now, random: randomBytes, demand: 'at once' },
  };
}

function age(seconds: number): string {
  if (seconds < 0) return 'from the future';
  if (seconds < 60) return 'new';
  const [size, unit] = seconds < 7200 ? [60, 'minutes'] : seconds < 172_800 ? [3600, 'hours'] : [86_400, 'days'];
  return `${String(Math.floor(seconds / size))} ${unit} old`;
}

/** @param isPreview whether nothing was written */
export function tell(rotation: Rotation, now: EpochSeconds, isPreview: boolean): Told {
  if (rotation.kind === 'invalid') {
    return { succeeded: false, lines: [`The parameter holds no key ring and was left as it is: ${rotation.reason}.`] };
  }
  if (rotation.kind === 'contended') {
    return { succeeded: false, lines: ['Somebody else is writing the keys. Look with --dry-run, then try again.'] };
  }
  const { keys, added, retired, isFull } = rotation;
  const [made, gone] = isPreview ? ['would be made', 'would be retired'] : ['was made', 'was retired'];
  const lines = [
    ...keys.map(({ kid, createdAt }) => `  ${kid.padEnd(16)} ${kid === added ? made : age(now - createdAt)}`),
    ...retired.map((kid) => `  ${kid.padEnd(16)} ${gone}`),
  ];
  if (isFull) lines.push('There is no room for another key before the oldest one may be retired.');
  return { succeeded: !isFull, lines };
}

/** AWS says in a message who may not do what. Only what it has against a value may quote the value. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'It failed, for no known reason.';
  return error.name === 'ValidationException' ? error.name : `${error.name}: ${error.message}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { stage: { type: 'string', default: 'dev' }, 'dry-run': { type: 'boolean', default: false } },
  });
  const isPreview = values['dry-run'];
  const now = systemClock();
  const task = await rotationTask(fileURLToPath(new URL('../..', import.meta.url)), values.stage, now);
  const { succeeded, lines } = tell(await (isPreview ? previewRotation(task) : rotateKeys(task)), now, isPreview);
  for (const line of lines) (succeeded ? console.log : console.error)(line);
  if (!succeeded) process.exitCode = 1;
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const problems = error instanceof PackagingError ? error.problems : [describe(error)];
    for (const problem of problems) console.error(problem);
    process.exitCode = 1;
  }
}
