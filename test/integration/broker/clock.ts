/**
 * A clock that a test moves instead of waiting: that of its own process, with provider, APIs and browser in it, and that
 * of every function process. Timers run as before.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { moveClock } from './moving-clock.ts';

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
  const write = (): void => writeFileSync(file, String(aheadMs));
  write();
  after(() => rmSync(directory, { recursive: true, force: true }));
  moveClock(() => aheadMs);
  const module = new URL('moving-clock.ts', import.meta.url);
  module.searchParams.set('ahead', file);
  modules = [module];
  return {
    advance(seconds) {
      aheadMs += seconds * 1000;
      write();
    },
  };
}
