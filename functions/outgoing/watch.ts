/**
 * Holds a call to its limits with one timer, however many limits there are. Putting a limit off costs nothing: the timer
 * stays as it is, and looks when it fires whether the time has come.
 */

export interface Watch {
  /** What is done when the time has come; whoever takes the call over puts itself here. */
  onEnd: () => void;
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

  const fireAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(fire, Math.max(0, ms));
    firesAtMs = dueAtMs;
  };
  const fire = (): void => {
    const leftMs = dueAtMs - nowMs();
    if (leftMs > 0) fireAfter(leftMs);
    else watch.onEnd();
  };
  const watch: Watch = {
    onEnd: () => {},
    atMost(ms) {
      const now = nowMs();
      dueAtMs = Math.min(now + ms, endsAtMs);
      if (dueAtMs < firesAtMs) fireAfter(dueAtMs - now);
    },
    stop: () => clearTimeout(timer),
  };
  return watch;
}
