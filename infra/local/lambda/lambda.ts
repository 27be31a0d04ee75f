/** Lambda on one machine: functions by name, each invocation in a process of its own, code that can be replaced. */
import { createFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { payloadLimitBytes } from './function.ts';
import type { Beginning, DeployedFunction, LineSink, Outcome } from './function.ts';
import type { FunctionProcess } from './process.ts';

export interface Lambda {
  /**
   * Invokes a function and waits for what it comes to.
   * @param name as deployed
   * @param event is sent as JSON
   * @throws Error when there is no function of this name
   */
  invoke(name: string, event: unknown): Promise<Outcome>;
  /**
   * Invokes a function that may stream, and waits until it has begun to answer.
   * @throws Error when there is no function of this name
   */
  begin(name: string, event: unknown): Promise<Beginning>;
  /** Every process that is alive at this moment. */
  processes(): readonly FunctionProcess[];
  /**
   * Has so many processes of a function ready before they are needed, as AWS's provisioned concurrency does.
   * @throws Error when there is no function of this name
   */
  provision(name: string, count: number): Promise<void>;
  /** Puts other code in place: what is under way finishes on the old one, the next invocation runs the new one. */
  deploy(functions: readonly DeployedFunction[]): void;
  /** Ends every process and settles when the last one is gone. */
  close(): Promise<void>;
}

/**
 * @param functions what is deployed at first
 * @param sink takes every line that a function writes
 * @param concurrency how many processes one function may have at once; further events wait
 */
export function createLambda(functions: readonly DeployedFunction[], sink: LineSink, concurrency = 200): Lambda {
  const current = new Map<string, Fleet>();
  const all = new Set<Fleet>();

  function deploy(next: readonly DeployedFunction[]): void {
    for (const fleet of current.values()) fleet.retire();
    current.clear();
    for (const deployed of next) {
      const fleet = createFleet(deployed, sink, concurrency);
      current.set(deployed.name, fleet);
      all.add(fleet);
    }
  }

  function fleetOf(name: string): Fleet {
    const fleet = current.get(name);
    if (fleet === undefined) throw new Error(`There is no function named ${name}.`);
    return fleet;
  }

  async function begin(name: string, event: unknown): Promise<Beginning> {
    const fleet = fleetOf(name);
    const payload = Buffer.from(JSON.stringify(event));
    if (payload.length > payloadLimitBytes) return { kind: 'event_too_large' };
    return fleet.invoke(payload);
  }

  deploy(functions);
  return {
    async invoke(name, event) {
      const begun = await begin(name, event);
      if (begun.kind !== 'stream') return begun;
      begun.cancel();
      return { kind: 'error', errorType: 'Local.Streamed', errorMessage: 'The function streams its answer.' };
    },
    begin,
    processes: () => [...all].flatMap((fleet) => fleet.processes()),
    provision: async (name, count) => fleetOf(name).provision(count),
    deploy,
    async close() {
      await Promise.all([...all].map(async (fleet) => fleet.close()));
    },
  };
}
