/** The clock and the timers of the process, as far as the product uses them, under the scheduler's control for one run. */
import type { Scheduler } from './scheduler.ts';

/** Only one world at a time can have them. */
export async function underClockOf<T>({ nowMs, leaveBehind }: Scheduler, run: () => Promise<T>): Promise<T> {
  const { now } = Date;
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const cancelled = new Set<unknown>();
  Date.now = nowMs;
  globalThis.setTimeout = ((fire: () => void, ms: number) => {
    const timer = {};
    leaveBehind('a timer fires', ms, () => {
      if (!cancelled.has(timer)) fire();
    });
    return timer;
  }) as unknown as typeof set;
  globalThis.clearTimeout = (timer) => void cancelled.add(timer);
  try {
    return await run();
  } finally {
    Date.now = now;
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  }
}
