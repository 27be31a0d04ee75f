/**
 * The processes of one version of one function. An event that finds none of them idle gets whichever is free first: one
 * that has just answered another event, or a process started for it.
 */
import type { Beginning, DeployedFunction, LineSink } from './function.ts';
import { startFunctionProcess } from './process.ts';
import type { FunctionProcess } from './process.ts';

export interface Fleet {
  /** @param event JSON, no larger than Lambda takes */
  invoke(event: Buffer): Promise<Beginning>;
  processes(): readonly FunctionProcess[];
  /** Starts processes ahead of any event until there are so many, and settles when the last one has started. */
  provision(count: number): Promise<void>;
  /** Lets what is under way finish and ends every process that has nothing to do. */
  retire(): void;
  /** Ends every process; settles when the last one is gone. */
  close(): Promise<void>;
}

interface Waiting {
  readonly event: Buffer;
  readonly resolve: (outcome: Beginning) => void;
}

const machineFailed = (error: unknown): Beginning => ({
  kind: 'error',
  errorType: 'Local.MachineFailed',
  errorMessage: error instanceof Error ? error.message : String(error),
});

/**
 * @param deployed the function and where its code lies
 * @param sink takes what its processes write
 * @param concurrency how many processes there may be at once
 */
export function createFleet(deployed: DeployedFunction, sink: LineSink, concurrency: number): Fleet {
  const alive = new Set<FunctionProcess>();
  const spawning = new Set<Promise<void>>();
  const waiting: Waiting[] = [];
  let retired = false;
  let closed = false;

  /** How many processes will ask for an event before long. */
  const comingCount = (): number =>
    spawning.size + [...alive].filter(({ state }) => state === 'starting' || state === 'finishing').length;

  async function serve(process: FunctionProcess): Promise<void> {
    const next = waiting.shift();
    if (next !== undefined) return next.resolve(await process.invoke(next.event));
    if (retired) process.kill();
  }

  /** @param started is told when it asks for its first event, or has ended before */
  async function start(started: () => void = () => {}): Promise<void> {
    const process = await startFunctionProcess(deployed, sink, {
      idle(ready) {
        started();
        void serve(ready);
      },
      initFailed: (_, outcome) => waiting.shift()?.resolve(outcome),
      ended(gone) {
        started();
        alive.delete(gone);
        grow();
      },
    });
    alive.add(process);
    if (closed) process.kill();
  }

  function grow(): void {
    if (closed) return;
    const missing = Math.min(waiting.length - comingCount(), concurrency - alive.size - spawning.size);
    for (let count = 0; count < missing; count += 1) {
      const spawned = start()
        .catch((error: unknown) => waiting.shift()?.resolve(machineFailed(error)))
        .finally(() => spawning.delete(spawned));
      spawning.add(spawned);
    }
  }

  return {
    async invoke(event) {
      return new Promise<Beginning>((resolve) => {
        waiting.push({ event, resolve });
        const idle = [...alive].find(({ state }) => state === 'idle');
        if (idle === undefined) grow();
        else void serve(idle);
      });
    },
    processes: () => [...alive],
    async provision(count) {
      // One after another: a machine with few processors starts none of many in time.
      for (let missing = count - alive.size; missing > 0; missing -= 1) {
        await new Promise<void>((resolve, reject) => void start(resolve).catch(reject));
      }
    },
    retire() {
      retired = true;
      for (const process of alive) if (process.state === 'idle') process.kill();
    },
    async close() {
      closed = true;
      for (const { resolve } of waiting.splice(0)) resolve(machineFailed('The machine is shutting down.'));
      for (const process of alive) process.kill();
      await Promise.all(spawning);
      await Promise.all([...alive].map(async ({ ended }) => ended));
    },
  };
}
