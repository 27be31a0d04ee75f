/** Who chooses: every possibility one after another, or numbers that chance has drawn. */
import type { Choice, Choose } from './scheduler.ts';

export interface Explored {
  readonly schedules: number;
  /** Every schedule within the allowance has been run. */
  readonly complete: boolean;
}

/**
 * Runs every schedule there is, depth first: each run follows the choices of the one before up to the last that had an
 * alternative, and takes the next one there.
 *
 * @param most schedules are run at most
 */
export async function explore(run: (choose: Choose) => Promise<void>, most: number): Promise<Explored> {
  let path: readonly number[] = [];
  for (let schedules = 1; ; schedules += 1) {
    const taken: number[] = [];
    const widths: number[] = [];
    await run((choices) => {
      const pick = path[taken.length] ?? 0;
      taken.push(pick);
      widths.push(choices.length);
      return pick;
    });
    const at = taken.findLastIndex((pick, nth) => pick + 1 < (widths[nth] ?? 0));
    if (at < 0) return { schedules, complete: true };
    if (schedules >= most) return { schedules, complete: false };
    path = [...taken.slice(0, at), (taken[at] ?? 0) + 1];
  }
}

/** Drawn numbers are below this. */
export const mostDrawn = 1000;
/** As many of a thousand choices let something go wrong or take long, where that is still allowed. */
const disturbedOf1000 = 120;

const isOrderly = ({ cost }: Choice): boolean => cost === 'free' || cost === 'switch';

/** @param drawn one number for each choice; where they end, the first choice is taken. 0 is the first choice as well */
export function choosing(drawn: readonly number[]): Choose {
  let at = 0;
  return (choices) => {
    const number = drawn[at] ?? 0;
    at += 1;
    const orderly = [...choices.keys()].filter((nth) => isOrderly(choices[nth] as Choice));
    const disturbed = [...choices.keys()].filter((nth) => !isOrderly(choices[nth] as Choice));
    const isDisturbed = number >= mostDrawn - disturbedOf1000 || orderly.length === 0;
    const among = isDisturbed && disturbed.length > 0 ? disturbed : orderly;
    return among[number % among.length] ?? 0;
  };
}

/** Takes the choice of each label as soon as there is one, and the first in between. @returns the chooser, and what is left of the labels */
export function directed(labels: readonly string[]): { readonly choose: Choose; readonly left: readonly string[] } {
  const left = [...labels];
  const choose: Choose = (choices) => {
    const nth = choices.findIndex(({ label }) => label === left[0]);
    if (nth >= 0) left.shift();
    return Math.max(0, nth);
  };
  return { choose, left };
}
