/** One execution environment: one OS process in which AWS's runtime interface client runs one invocation at a time. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { functionEnvironment, nodeFlags } from './environment.ts';
import { initLimitMs } from './function.ts';
import type { Beginning, DeployedFunction, LineSink, Outcome } from './function.ts';
import { eachLine } from './lines.ts';
import { node24 } from './node-binary.ts';
import { startRuntimeApi } from './runtime-api.ts';

/** `finishing`: it has answered and is about to ask for the next event. */
export type ProcessState = 'starting' | 'idle' | 'busy' | 'finishing' | 'ended';

export interface FunctionProcess {
  readonly pid: number;
  readonly functionName: string;
  readonly state: ProcessState;
  /** Milliseconds from the start of the process until it asked for its first event; `undefined` before that. */
  readonly initMs: number | undefined;
  readonly invocations: number;
  /** Hands over one event; the process must be idle. A frozen process is thawed, as AWS does. */
  invoke(event: Buffer): Promise<Beginning>;
  /** Stops the process until its next invocation, as AWS does: at once, or when it has finished what is under way. */
  freeze(): void;
  /** Ends the process, frozen or not; an invocation under way comes to an error. */
  kill(): void;
  /** Settles when the process is gone and all its lines have been passed on. */
  readonly ended: Promise<void>;
}

export interface ProcessListener {
  /** It can take an event. */
  idle(process: FunctionProcess): void;
  /** It ended before it could take an event. */
  initFailed(process: FunctionProcess, outcome: Outcome): void;
  /** It is gone, for whatever reason. */
  ended(process: FunctionProcess): void;
}

const interfaceClient = fileURLToPath(new URL('../../../node_modules/aws-lambda-ric/index.mjs', import.meta.url));
const rapidClient = fileURLToPath(new URL('rapid-client.cjs', import.meta.url));

function spawnChild(deployed: DeployedFunction, runtimeApi: string): ChildProcessByStdio<null, Readable, Readable> {
  const logStream = `local/[$LATEST]${randomBytes(16).toString('hex')}`;
  const preloaded = (deployed.preload ?? []).flatMap(({ href }) => ['--import', href]);
  const flags = [...nodeFlags(deployed.memoryMegabytes), '--require', rapidClient, ...preloaded];
  return spawn(node24(), [...flags, interfaceClient, deployed.handler], {
    cwd: deployed.root,
    env: functionEnvironment(deployed, runtimeApi, logStream),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const initTimedOut: Outcome = {
  kind: 'error',
  errorType: 'Sandbox.Timedout',
  errorMessage: `The function did not ask for an event within ${initLimitMs / 1000} seconds of its start.`,
};

/** @param how the exit status, the signal, or why it could not be started */
const exited = (how: string, lastError: string): Outcome => ({
  kind: 'error',
  errorType: 'Runtime.ExitError',
  errorMessage: `Runtime exited: ${how}. ${lastError}`.trimEnd(),
});

/**
 * Starts a process and returns before it is ready.
 * @param deployed what to run
 * @param sink takes what it writes, line by line
 * @param listener is told about its life
 */
export async function startFunctionProcess(
  deployed: DeployedFunction,
  sink: LineSink,
  listener: ProcessListener,
): Promise<FunctionProcess> {
  let state: ProcessState = 'starting';
  let initMs: number | undefined;
  let invocations = 0;
  let freezing = false;
  let lastError = '';
  let initOutcome: Outcome | undefined;
  let begin: ((outcome: Beginning) => void) | undefined;
  let settle: ((outcome: Outcome) => void) | undefined;

  const api = await startRuntimeApi({
    idle() {
      clearTimeout(initTimer);
      initMs ??= performance.now() - startedAt;
      state = 'idle';
      if (freezing) child.kill('SIGSTOP');
      listener.idle(self);
    },
    initFailed(outcome) {
      initOutcome = outcome;
    },
    streaming(answer) {
      const served = invocations;
      const cancel = (): void => {
        // Who leaves a stream that has ended must not end the next one's process.
        if (state === 'busy' && invocations === served) child.kill('SIGKILL');
      };
      begin?.({ kind: 'stream', ...answer, cancel });
    },
    done(outcome) {
      state = 'finishing';
      settle?.(outcome);
    },
  });

  const startedAt = performance.now();
  const child = spawnChild(deployed, api.address);
  const pid = child.pid ?? -1;
  const platformLine = (text: string): void => sink({ functionName: deployed.name, pid, stream: 'platform', text });
  eachLine(child.stdout, (text) => sink({ functionName: deployed.name, pid, stream: 'stdout', text }));
  eachLine(child.stderr, (text) => {
    if (text.trim() !== '') lastError = text;
    sink({ functionName: deployed.name, pid, stream: 'stderr', text });
  });

  const initTimer = setTimeout(() => {
    initOutcome = initTimedOut;
    child.kill('SIGKILL');
  }, initLimitMs);

  const ended = new Promise<void>((resolve) => {
    let failure: string | undefined;
    child.on('error', (error) => (failure = error.message));
    child.on('close', (code, signal) => {
      clearTimeout(initTimer);
      const outcome = exited(failure ?? (signal === null ? `exit status ${code}` : `signal: ${signal}`), lastError);
      const wasStarting = state === 'starting';
      state = 'ended';
      settle?.(outcome);
      if (wasStarting) listener.initFailed(self, initOutcome ?? outcome);
      listener.ended(self);
      resolve(api.close());
    });
  });

  const self: FunctionProcess = {
    pid,
    functionName: deployed.name,
    get state() {
      return state;
    },
    get initMs() {
      return initMs;
    },
    get invocations() {
      return invocations;
    },
    ended,
    async invoke(event) {
      const requestId = randomUUID();
      const limitMs = deployed.timeoutSeconds * 1000;
      state = 'busy';
      invocations += 1;
      if (freezing) child.kill('SIGCONT');
      freezing = false;
      return new Promise<Beginning>((resolve) => {
        const timer = setTimeout(() => {
          const errorMessage = `Task timed out after ${deployed.timeoutSeconds.toFixed(2)} seconds`;
          platformLine(`${new Date().toISOString()} ${requestId} ${errorMessage}`);
          settle?.({ kind: 'error', errorType: 'Sandbox.Timedout', errorMessage });
          child.kill('SIGKILL');
        }, limitMs);
        begin = resolve;
        settle = (outcome) => {
          clearTimeout(timer);
          settle = undefined;
          resolve(outcome);
        };
        api.hand({ requestId, functionArn: deployed.arn, deadlineAtMs: Date.now() + limitMs, event });
      });
    },
    freeze() {
      freezing = true;
      if (state === 'idle') child.kill('SIGSTOP');
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
  return self;
}
