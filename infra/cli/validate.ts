/** Says whether a stage's configuration can be packaged, and which parameters it needs: `npm run validate -- --stage dev`. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Problem } from '../../functions/configuration/problem.ts';
import { cookieKeys, isSecret, references } from '../../functions/configuration/references.ts';
import { validateFile } from '../../functions/configuration/validate.ts';
import { readConfiguration } from '../stage/configuration.ts';
import { readParameters } from '../stage/parameters.ts';
import { checkStage, PackagingError } from '../stage/problems.ts';
import { checkRotation } from '../stage/rotation.ts';
import { checkStreams } from '../stage/stream-paths.ts';

/** What is printed, line by line. */
export interface Verdict {
  readonly valid: boolean;
  readonly lines: readonly string[];
}

const say = ({ path, message }: Problem): string => (path === '' ? message : `${path} ${message}`);

/** A secret must be encrypted where it lies; everything else may be. */
function parameterLines(configuration: unknown, stage: string, names: readonly string[]): string[] {
  const uses = references(configuration);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => {
    const keys = uses.filter(([, used]) => used === name).map(([at]) => at);
    const secret = name === cookieKeys || keys.some(isSecret);
    const purpose = name === cookieKeys ? 'the keys that seal sessions' : keys.map((at) => at.join('.')).join(', ');
    return `  /token-broker/${stage}/${name.padEnd(width)}  ${secret ? 'SecureString' : 'String      '}  ${purpose}`;
  });
}

/**
 * @param root the directory that holds `config/`
 * @throws PackagingError where one of the stage's files is missing or cannot be read
 */
export async function validateStage(root: string, stage: string): Promise<Verdict> {
  checkStage(stage);
  const configuration = await readConfiguration(root, stage);
  const parameters = await readParameters(root, stage);
  const { basePath, callbackPath, apiPrefixes } = parameters;
  const paths = { base: basePath, callback: callbackPath, apiPrefixes };
  const file = `config/${stage}.jsonc`;
  const result = validateFile(configuration, { stage, paths });
  if (result.kind === 'invalid') {
    return { valid: false, lines: result.problems.map((problem) => `${file}: ${say(problem)}`) };
  }
  checkRotation(stage, parameters, result.packaged);
  checkStreams(stage, parameters, configuration);
  return {
    valid: true,
    lines: [
      ...result.warnings.map((warning) => `warning: ${file}: ${say(warning)}`),
      `${file} is valid.`,
      'Parameters that the stage needs in SSM:',
      ...parameterLines(configuration, stage, result.parameterNames),
    ],
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { stage: { type: 'string', default: 'dev' } } });
  const { valid, lines } = await validateStage(fileURLToPath(new URL('../..', import.meta.url)), values.stage);
  for (const line of lines) (valid ? console.log : console.error)(line);
  if (!valid) process.exitCode = 1;
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
