/** What a row of the bench finds out: a figure, what it is held against, and whether that keeps the budget. */

/** Values of one kind, one per round; figures are their medians. */
export type Series = readonly number[];

export interface Budget {
  /** Whether the limit is for the ratio to the baseline, for what was added to it, or for the figure itself. */
  readonly of: 'ratio' | 'difference' | 'figure';
  readonly atMost: number;
  /** `exact`: the same on every machine and in every run, so that `--check` holds it. `timed`: it is not. */
  readonly kind: 'exact' | 'timed';
}

export interface Finding {
  readonly what: string;
  readonly unit: 'ms' | 'bytes' | 'requests' | 'items';
  readonly measured: Series;
  /** What it is compared with, measured in the same rounds. */
  readonly against?: { readonly what: string; readonly measured: Series };
  readonly budget?: Budget;
  /** What a reader must know to understand the figure. */
  readonly note?: string;
}

/** A group of findings that are measured together. */
export interface Row {
  readonly name: string;
  readonly title: string;
  measure(effort: Effort): Promise<readonly Finding[]>;
}

/** How much is measured. */
export interface Effort {
  /** Rounds of interleaved runs. */
  readonly runs: number;
  /** How many callers come at once where many come at once. */
  readonly callers: number;
}

export type Verdict = 'met' | 'not met' | 'no budget';
