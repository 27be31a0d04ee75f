/**
 * `npm run bench`: measures the packaged functions on this machine against what nobody can undercut, and against their
 * budgets. Only ratios of interleaved runs mean anything elsewhere.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Effort, Finding, Row } from './finding.ts';
import { broken, dataOf, tableOf } from './report.ts';
import { cookies } from './rows/cookies.ts';
import { firstAnswer } from './rows/first-answer.ts';
import { init } from './rows/init.ts';
import { large } from './rows/large.ts';
import { login } from './rows/login.ts';
import { refresh } from './rows/refresh.ts';
import { requests } from './rows/requests.ts';
import { warm } from './rows/warm.ts';

const rows: readonly Row[] = [init, firstAnswer, warm, large, cookies, login, refresh, requests];

const help = `npm run bench -- [options] [row …]

  Rows: ${rows.map(({ name }) => name).join(', ')}; default: all of them.

  --runs N       rounds of interleaved runs, default 15
  --callers N    how many come at once with a token that has ended, default 100
  --json FILE    writes every value that was measured
  --check        ends with 1 where a budget is broken that holds on every machine
`;

/** What somebody has to mend on the command line. */
class Misused extends Error {}

/** What was asked on the command line. */
interface Asked {
  readonly chosen: readonly Row[];
  readonly effort: Effort;
  readonly json: string | undefined;
  readonly check: boolean;
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Misused(`--${name} takes a whole number from 1 upwards`);
  return value;
}

function chosenRows(names: readonly string[]): readonly Row[] {
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) throw new Misused(`There is no row ${unknown.join(', ')}`);
  return names.length === 0 ? rows : rows.filter(({ name }) => names.includes(name));
}

function readArguments(): Asked | 'help' {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '15' },
      callers: { type: 'string', default: '100' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    chosen: chosenRows(positionals),
    effort: { runs: wholeNumber(values.runs, 'runs'), callers: wholeNumber(values.callers, 'callers') },
    json: values.json,
    check: values.check,
  };
}

async function measure({ chosen, effort, json, check }: Asked): Promise<void> {
  const found: Finding[] = [];
  for (const row of chosen) {
    const findings = await row.measure(effort);
    console.log(tableOf(row.title, findings));
    found.push(...findings);
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(dataOf(found), undefined, 2)}\n`);
  const failures = check ? broken(found) : [];
  for (const { what } of failures) console.error(`broken: ${what}`);
  if (failures.length > 0) process.exitCode = 1;
}

try {
  const asked = readArguments();
  if (asked === 'help') console.log(help);
  else await measure(asked);
} catch (error) {
  if (!(error instanceof Misused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
