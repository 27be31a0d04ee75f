/**
 * Holds a call to its limits with one timer, however many limits there are. Putting a limit off costs nothing: the timer
 * stays as it is, and looks when it fires whether the time has come.
 */

export interface Watch {
  /**
   * What is done when the time has come, in place of what was to be done before. No property: a function literal that is
   * assigned to one is allocated among what lives long, and keeps the whole call in memory until the next full collection.
   */
  whenOver(act: () => void): void;
  /** Ends this many milliseconds from now, unless the call as a whole ends before, or the limit is put off again. */
  atMost(ms: number): void;
  stop(): void;
}

/** No wall clock, which may be set meanwhile, and not `performance`, which takes eleven modules to load. */
const nowMs = (): number => process.uptime() * 1000;

/** @param totalMs for the call as a whole, from now on */
export function startWatch(totalMs: number): Watch {
  const endsAtMs = nowMs() + totalMs;
  let dueAtMs = endsAtMs;
  let firesAtMs = Infinity;
  let timer: NodeJS.Timeout | undefined;
  let over: (() => void) | undefined;

  const fireAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(fire, Math.max(0, ms));
    firesAtMs = dueAtMs;
  };
  const fire = (): void => {
    const leftMs = dueAtMs - nowMs();
    if (leftMs > 0) fireAfter(leftMs);
    else over?.();
  };
  return {
    whenOver(act) {
      over = act;
    },
    atMost(ms) {
      const now = nowMs();
      dueAtMs = Math.min(now + ms, endsAtMs);
      if (dueAtMs < firesAtMs) fireAfter(dueAtMs - now);
    },
    stop: () => clearTimeout(timer),
  };
}
