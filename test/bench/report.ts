/** The findings as a table for people and as data for programs. */
import type { Finding } from './finding.ts';
import { summarize } from './statistics.ts';
import type { Summary } from './statistics.ts';

const digits = (value: number): string => {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1 ? value.toFixed(3) : Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(1);
};

const timesOf = (value: number): string => `${value.toFixed(2)} ×`;

function budgetOf({ budget, unit }: Finding): string {
  if (budget === undefined) return '';
  if (budget.of === 'ratio') return `≤ ${timesOf(budget.atMost)}`;
  return `≤ ${budget.of === 'difference' ? '+' : ''}${digits(budget.atMost)} ${unit}`;
}

const spreadOf = ({ ratioSpread }: Summary): string =>
  ratioSpread === undefined ? '' : `${ratioSpread.from.toFixed(2)}–${ratioSpread.to.toFixed(2)}`;

const heads = ['what', 'measured', 'against', 'ratio', 'spread', 'budget', ''] as const;

function cellsOf(finding: Finding): readonly string[] {
  const summary = summarize(finding);
  const { against, unit } = finding;
  return [
    finding.what,
    `${digits(summary.measured)} ${unit}`,
    against === undefined ? '' : `${digits(summary.against ?? Number.NaN)} ${unit}: ${against.what}`,
    summary.ratio === undefined ? '' : timesOf(summary.ratio),
    spreadOf(summary),
    budgetOf(finding),
    summary.verdict === 'no budget' ? '' : summary.verdict,
  ];
}

/** @returns lines of one table, columns aligned */
export function tableOf(title: string, findings: readonly Finding[]): string {
  const lines = [heads, ...findings.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const notes = findings.flatMap(({ what, note }) => (note === undefined ? [] : [`  ${what}: ${note}`]));
  return [title, ...text.map((line) => `  ${line}`), ...notes, ''].join('\n');
}

/** Findings whose budget holds on every machine and is broken all the same. */
export const broken = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter((finding) => finding.budget?.kind === 'exact' && summarize(finding).verdict !== 'met');

/** @returns what `--json` writes: every value as it was measured, with what was made of it */
export const dataOf = (findings: readonly Finding[]): readonly object[] =>
  findings.map((finding) => ({ ...finding, summary: summarize(finding) }));
