/**
 * A clock that a test moves instead of waiting: that of its own process, with provider, APIs and browser in it, and that
 * of every function process. Timers run as before.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock, movingClock } from './moving-clock.ts';

export interface Clock {
  /** Moves every clock forward. */
  advance(seconds: number): void;
}

let modules: readonly URL[] = [];

/** What every function process of this test file loads first; nothing while nobody moves the clock. */
export const clockModules = (): readonly URL[] => modules;

/** Takes over the clock of this process until it ends, and of every stack that is started afterwards. */
export function startClock(): Clock {
  const directory = mkdtempSync(join(tmpdir(), 'moving-clock-'));
  const file = join(directory, 'ahead');
  let aheadMs = 0;
  /** Whole or not at all, for processes look at any time. */
  const write = (): void => {
    writeFileSync(`${file}.new`, String(aheadMs));
    renameSync(`${file}.new`, file);
  };
  write();
  // Not before the last process of a stack has ended.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  moveClock(() => aheadMs);
  modules = [movingClock(file)];
  return {
    advance(seconds) {
      aheadMs += seconds * 1000;
      write();
    },
  };
}
