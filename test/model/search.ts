/** Looks for a schedule in which something does not hold. */
import { check, Found, type Scenario } from './check.ts';
import { choosing, mostDrawn } from './choices.ts';

export interface Hit {
  readonly schedules: number;
  readonly found: Found;
}

const numbersPerSchedule = 200;

/** Numbers as by chance, the same for the same seed (mulberry32). */
export function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Schedules by chance. @returns undefined where none of them showed anything */
export async function search(scenario: Scenario, most: number): Promise<Hit | undefined> {
  for (let schedules = 1; schedules <= most; schedules += 1) {
    const draw = drawing(schedules);
    const numbers = Array.from({ length: numbersPerSchedule }, () => Math.floor(draw() * mostDrawn));
    try {
      await check(scenario, choosing(numbers));
    } catch (error) {
      if (error instanceof Found) return { schedules, found: error };
      throw error;
    }
  }
  return undefined;
}
