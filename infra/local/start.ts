/** `npm start`: the whole product on this machine, until it is interrupted. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { projectRoot } from '../build.ts';
import { PackagingError } from '../stage/problems.ts';
import { createLogWriter } from './log-lines.ts';
import { listen, shut } from './loopback.ts';
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

/** Packaging takes seconds; that the port is taken can be said before. */
async function checkPort(port: number): Promise<void> {
  const server = createServer();
  await listen(server, port);
  await shut(server);
}

async function startFrom(options: CommandLine): Promise<Stack> {
  await checkPort(options.port);
  const { configFile, parameters, app, tokenLifetimeSeconds } = options;
  const stack = await startStack({
    port: options.port,
    table: options.table,
    events: options.events,
    stateFolder: options.stateFolder,
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
async function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve('interrupted'));
    process.on('SIGTERM', () => resolve('interrupted'));
  });
}

async function main(): Promise<void> {
  const options = await readCommandLine(process.argv.slice(2));
  if (options.help) return say(usage);
  const interrupted = interruption();
  complain('Building and packaging …');
  const starting = startFrom(options);
  const first = await Promise.race([starting, interrupted]);
  if (first === 'interrupted') {
    // What was about to start is ended as well; a failure to start no longer matters.
    await starting.then(
      async (stack) => stack.close(),
      () => undefined,
    );
    return;
  }
  const stack = first;
  const watcher = options.watch ? rebuildOnChange(stack, options) : undefined;
  if (stack.provider !== undefined)
    complain(`Users: alice/alice and bob/bob, at the provider ${stack.provider.issuer}`);
  say(`ready ${stack.origin}`);
  await interrupted;
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
