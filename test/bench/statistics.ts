/** Medians and spreads, and rounds in which what is compared takes turns, so that whatever slows the machine slows all of it. */
import type { Budget, Finding, Series, Verdict } from './finding.ts';

/** @param part from 0 to 1 */
export function quantile(values: Series, part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export const median = (values: Series): number => quantile(values, 0.5);

/** The middle half. */
export interface Spread {
  readonly from: number;
  readonly to: number;
}

export const spread = (values: Series): Spread => ({ from: quantile(values, 0.25), to: quantile(values, 0.75) });

/**
 * Measures every contender once per round, in an order that turns with the rounds.
 *
 * @param contenders name → one measurement
 * @returns name → one value per round
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, number[]>>> {
  const names = Object.keys(contenders) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    const from = round % names.length;
    for (const name of [...names.slice(from), ...names.slice(0, from)]) values[name].push(await contenders[name]());
  }
  return values;
}

/** A finding in numbers. Where both sides were measured in the same rounds, round is compared with round. */
export interface Summary {
  readonly measured: number;
  readonly against: number | undefined;
  readonly ratio: number | undefined;
  readonly difference: number | undefined;
  readonly ratioSpread: Spread | undefined;
  readonly verdict: Verdict;
}

interface Pair {
  readonly value: number;
  readonly base: number;
}

/** Rounds of both sides; one pair of medians where they were not measured in rounds. */
function pairsOf({ measured, against }: Finding): readonly Pair[] {
  if (against === undefined) return [];
  if (against.measured.length !== measured.length) return [{ value: median(measured), base: median(against.measured) }];
  return measured.flatMap((value, round) => {
    const base = against.measured[round];
    return base === undefined ? [] : [{ value, base }];
  });
}

const medianOrNone = (values: Series): number | undefined => (values.length === 0 ? undefined : median(values));

function verdictOf({ budget }: Finding, figures: Readonly<Record<Budget['of'], number | undefined>>): Verdict {
  if (budget === undefined) return 'no budget';
  return (figures[budget.of] ?? Number.NaN) <= budget.atMost ? 'met' : 'not met';
}

export function summarize(finding: Finding): Summary {
  const pairs = pairsOf(finding);
  const ratios = pairs.filter(({ base }) => base !== 0).map(({ value, base }) => value / base);
  const measured = median(finding.measured);
  const ratio = medianOrNone(ratios);
  const difference = medianOrNone(pairs.map(({ value, base }) => value - base));
  return {
    measured,
    against: medianOrNone(finding.against?.measured ?? []),
    ratio,
    difference,
    ratioSpread: ratios.length < 3 ? undefined : spread(ratios),
    verdict: verdictOf(finding, { figure: measured, ratio, difference }),
  };
}
