/** One process of a function under the runtime interface client: when it was ready, and one event at a time. */
import { buffer, json } from 'node:stream/consumers';
import { readPrelude } from '../../../infra/local/gateway/prelude.ts';
import type { DeployedFunction, FunctionLine, Beginning } from '../../../infra/local/lambda/function.ts';
import { startFunctionProcess } from '../../../infra/local/lambda/process.ts';
import type { FunctionProcess } from '../../../infra/local/lambda/process.ts';
import type { Looped, Question, Used } from '../functions/measured.ts';

/** What a function answers, as far as the bench looks at it. */
export interface Result {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface Instance {
  /** From the start of the process until it asked for its first event. */
  readonly initMs: number;
  /**
   * A streamed answer is read to its end; its body is not kept.
   * @throws Error where the function failed
   */
  invoke(event: object): Promise<Result>;
  /** Processor time of the process so far, in milliseconds. Of measured functions only. */
  cpuMs(): Promise<number>;
  /** Serves one event many times within the process. Of measured functions only. */
  loop(event: object, times: number): Promise<Looped>;
  close(): Promise<void>;
}

/** @throws Error where the function did not say how it answers */
async function readStreamed({ written }: Extract<Beginning, { kind: 'stream' }>): Promise<Result> {
  const prelude = await readPrelude(written);
  if (prelude === undefined) throw new Error('a streamed answer without prelude');
  await buffer(written);
  return { statusCode: prelude.status };
}

async function valueOf(outcome: Beginning): Promise<unknown> {
  if (outcome.kind === 'result') return JSON.parse(outcome.body.toString());
  if (outcome.kind === 'stream') return readStreamed(outcome);
  throw new Error(outcome.kind === 'error' ? `${outcome.errorType}: ${outcome.errorMessage}` : outcome.kind);
}

/** @param sink takes what the process writes; left out: nobody reads it */
export async function startInstance(
  deployed: DeployedFunction,
  sink: (line: FunctionLine) => void = () => {},
): Promise<Instance> {
  let idle = Promise.withResolvers<FunctionProcess>();
  const process = await startFunctionProcess(deployed, sink, {
    idle: (ready) => idle.resolve(ready),
    initFailed: (_, outcome) => idle.reject(new Error(`${deployed.name} did not start: ${JSON.stringify(outcome)}`)),
    ended: () => idle.reject(new Error(`${deployed.name} has ended`)),
  });
  // Nobody may be waiting when it ends.
  idle.promise.catch(() => {});

  async function hand(event: object): Promise<Beginning> {
    const ready = await idle.promise;
    idle = Promise.withResolvers<FunctionProcess>();
    idle.promise.catch(() => {});
    return ready.invoke(Buffer.from(JSON.stringify(event)));
  }

  /** A function whose answers are streamed streams this one as well. */
  const ask = async <Answer>(question: Question): Promise<Answer> => {
    const outcome = await hand(question);
    return (outcome.kind === 'stream' ? json(outcome.written) : valueOf(outcome)) as Promise<Answer>;
  };
  await idle.promise;
  return {
    initMs: process.initMs ?? Number.NaN,
    invoke: async (event) => (await valueOf(await hand(event))) as Result,
    cpuMs: async () => (await ask<Used>({ bench: 'cpu' })).cpuMs,
    loop: async (event, times) => ask<Looped>({ bench: 'loop', event: JSON.stringify(event), times }),
    async close() {
      process.kill();
      await process.ended;
    },
  };
}

/** Takes an instance that is closed at the end, and hands it back. */
export type Keep = (instance: Instance) => Instance;

/** Closes every instance that was kept, whatever happens. */
export async function withInstances<T>(use: (keep: Keep) => Promise<T>): Promise<T> {
  const instances: Instance[] = [];
  try {
    return await use((instance) => {
      instances.push(instance);
      return instance;
    });
  } finally {
    for (const instance of instances) await instance.close();
  }
}

/** @returns milliseconds from the start of a process until it asked for an event */
export async function timeInit(deployed: DeployedFunction): Promise<number> {
  const instance = await startInstance(deployed);
  await instance.close();
  return instance.initMs;
}

/**
 * @param status what is expected of the answer
 * @returns milliseconds from the start of a process until its first answer
 */
export async function timeFirstAnswer(deployed: DeployedFunction, event: object, status: number): Promise<number> {
  const instance = await startInstance(deployed);
  const startedAt = performance.now();
  const result = await instance.invoke(event);
  const took = instance.initMs + performance.now() - startedAt;
  await instance.close();
  if (result.statusCode !== status) throw new Error(`${deployed.name} answered ${result.statusCode}: ${result.body}`);
  return took;
}
