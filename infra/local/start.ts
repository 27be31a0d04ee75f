/** `npm start`: the whole product on this machine, until it is interrupted. */
import { join } from 'node:path';
import { projectRoot } from '../build.ts';
import { PackagingError } from '../stage/problems.ts';
import { createLogWriter } from './log-lines.ts';
import { readCommandLine, usage } from './options.ts';
import type { CommandLine } from './options.ts';
import { sentenceFor, StackProblem } from './problem.ts';
import { startStack } from './stack.ts';
import type { Stack } from './stack.ts';
import { watchFolders } from './watch.ts';
import type { Watcher } from './watch.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

function refuseMissingParameters({ missingParameters }: Stack): void {
  if (missingParameters.length === 0) return;
  throw new StackProblem(
    `The configuration needs parameters that --parameters does not give: ${missingParameters.join(', ')}.`,
  );
}

async function startFrom(options: CommandLine): Promise<Stack> {
  const { configFile, parameters, app, tokenLifetimeSeconds } = options;
  const stack = await startStack({
    port: options.port,
    table: options.table,
    stateFolder: join(projectRoot, '.local'),
    sink: createLogWriter((text) => void process.stdout.write(text), options.logFile),
    ...(configFile !== undefined && { configuration: { file: configFile } }),
    ...(parameters !== undefined && { parameters }),
    ...(app !== undefined && { app }),
    ...(tokenLifetimeSeconds !== undefined && { provider: { accessTokenLifetimeSeconds: tokenLifetimeSeconds } }),
  });
  try {
    refuseMissingParameters(stack);
  } catch (error) {
    await stack.close();
    throw error;
  }
  return stack;
}

function rebuildOnChange(stack: Stack, { configFile }: CommandLine): Watcher {
  const folders = [join(projectRoot, 'functions'), configFile ?? join(projectRoot, 'config')];
  return watchFolders(folders, async () => {
    const startedAt = performance.now();
    try {
      await stack.rebuild();
      say(`rebuilt in ${Math.round(performance.now() - startedAt)} ms`);
    } catch (error) {
      complain(`not rebuilt, the old code keeps running: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** Settles when the process is asked to end; being asked again changes nothing. */
async function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

async function main(): Promise<void> {
  const options = await readCommandLine(process.argv.slice(2));
  if (options.help) return say(usage);
  const asked = interrupted();
  complain('Building and packaging …');
  const stack = await startFrom(options);
  const watcher = options.watch ? rebuildOnChange(stack, options) : undefined;
  if (stack.provider !== undefined)
    complain(`Users: alice/alice and bob/bob, at the provider ${stack.provider.issuer}`);
  say(`ready ${stack.origin}`);
  await asked;
  watcher?.close();
  await stack.close();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const sentence = error instanceof PackagingError ? error.message : sentenceFor(error);
  complain(sentence ?? (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  process.exit(1);
}
