/**
 * Everything that has to hold, in one command: `npm test`. Named steps alone: `npm test -- types unit`. The closing lines
 * are the sums of Node's test runner, in its own words.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run as runFiles } from 'node:test';
import { spec } from 'node:test/reporters';
import { projectRoot } from './build.ts';

/** What a run of Node's test runner counted: `tests`, `pass`, `fail` and so on. */
type Counts = ReadonlyMap<string, number>;

interface Outcome {
  readonly passed: boolean;
  readonly counts?: Counts;
  /** Names of tests that did not run, each with its reason. */
  readonly skipped?: readonly string[];
}

interface Step {
  readonly name: string;
  /** Whether the steps after it are run although it failed. */
  readonly goesOn: boolean;
  readonly run: () => Promise<Outcome>;
}

/** Longer than any test may take; one that hangs fails. */
const testTimeoutMs = 300_000;

const tool = (path: string): string => join(projectRoot, 'node_modules', path);

/** Where Node keeps what it has compiled, so that it compiles and strips of types once what nearly every test file loads. */
const compiled = { NODE_COMPILE_CACHE: join(projectRoot, 'node_modules/.cache/token-broker-compiled') };

const environment = { ...process.env, ...compiled };

/** Runs a program of Node's with this very Node, whichever one is on the path. */
async function runNode(args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: 'inherit', env: environment });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code === 0);
    });
  });
}

const program = (name: string, ...args: [string, ...string[]]): Step => ({
  name,
  goesOn: false,
  run: async () => ({ passed: await runNode(args) }),
});

interface TestOptions {
  /** How many files are run at the same time. */
  readonly concurrency?: number;
  /** Files that are started before the others: those that take longest, or nothing would be left to run beside them. */
  readonly first?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

async function runTests(
  pattern: string,
  { concurrency = 2, first = [], variables }: TestOptions = {},
): Promise<Outcome> {
  const found = globSync(`test/${pattern}.test.ts`, { cwd: projectRoot }).toSorted();
  const files = [...new Set([...first, ...found])].map((file) => join(projectRoot, file));
  if (files.length === 0) return { passed: true };
  const events = runFiles({ files, concurrency, timeout: testTimeoutMs, env: { ...environment, ...variables } });
  const counts = new Map<string, number>();
  const skipped: string[] = [];
  let passed = false;
  events.on('test:pass', ({ name, skip }) => {
    if (skip === undefined || skip === false) return;
    skipped.push(typeof skip === 'string' && skip !== '' ? `${name}: ${skip}` : name);
  });
  events.on('test:diagnostic', ({ nesting, message }) => {
    const [, name, value] = /^(\w+) ([\d.]+)$/.exec(message) ?? [];
    if (nesting === 0 && name !== undefined) counts.set(name, Number(value));
  });
  events.on('test:summary', ({ file, success }) => {
    // Each file has a summary as well.
    if (file === undefined) passed = success;
  });
  for await (const text of events.compose(new spec())) process.stdout.write(text as string);
  return { passed, counts, skipped };
}

/** @param pattern left out: everything in the folder of that name */
const tests = (name: string, options?: TestOptions, pattern = `${name}/**/*`): Step => ({
  name,
  goesOn: true,
  run: async () => runTests(pattern, options),
});

/** The model's search through every schedule is one file that takes longer than all the unit tests: they run beside it. */
const unitAndModel = tests('unit', { first: ['test/model/exhaustive.test.ts'] }, '{unit,model}/**/*');

/** Tests of the broker to which it matters how requests reach it, and answers their client. */
const throughGateways = 'integration/broker/{bad-*,callback,cookies,cookies-mixed,hot-function,log*,proxy*,user}';

/** What the integration tests ask of the broker behind an HTTP API, behind another gateway. */
const behind = (events: 'rest' | 'function-url'): Step =>
  tests(events, { variables: { BROKER_EVENTS: events } }, throughGateways);

const steps: readonly Step[] = [
  program('format', tool('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'),
  program('types', tool('typescript/bin/tsc')),
  program('lint', tool('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'),
  program('package', 'infra/package.ts', '--stage', 'local'),
  unitAndModel,
  tests('integration'),
  behind('rest'),
  behind('function-url'),
  tests('conformance'),
  tests('fuzz', { concurrency: 1 }),
  tests('browser', { first: ['refresh', 'page', 'login'].map((name) => `test/browser/${name}.test.ts`) }),
];

interface Report {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
}

async function runSteps(chosen: readonly Step[]): Promise<Report[]> {
  const reports: Report[] = [];
  for (const { name, goesOn, run } of chosen) {
    console.log(`\n=== ${name}`);
    const start = performance.now();
    const outcome = await run();
    reports.push({ name, outcome, seconds: (performance.now() - start) / 1000 });
    if (!outcome.passed && !goesOn) break;
  }
  return reports;
}

const sum = (reports: readonly Report[], name: string): number =>
  reports.reduce((total, { outcome }) => total + (outcome.counts?.get(name) ?? 0), 0);

function printReport(reports: readonly Report[], chosen: readonly Step[]): void {
  console.log('\n=== summary');
  for (const { name, outcome, seconds } of reports) {
    const count = outcome.counts?.get('tests');
    const what = count === undefined ? '' : `${String(count)} tests`;
    console.log(
      `${name.padEnd(12)} ${outcome.passed ? 'passed' : 'FAILED'} ${seconds.toFixed(1).padStart(7)} s  ${what}`,
    );
  }
  for (const { name } of chosen.slice(reports.length)) console.log(`${name.padEnd(12)} not run`);
  const skipped = reports.flatMap(({ name, outcome }) => (outcome.skipped ?? []).map((test) => `${name}: ${test}`));
  if (skipped.length > 0) console.log(`\n!!! SKIPPED, therefore not shown to hold:\n    ${skipped.join('\n    ')}`);
  const names = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'];
  if (!reports.some(({ outcome }) => outcome.counts)) return;
  console.log('');
  for (const name of names) console.log(`# ${name} ${String(Math.round(sum(reports, name)))}`);
}

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}. There are: ${steps.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  const chosen = wanted.length === 0 ? steps : steps.filter(({ name }) => wanted.includes(name));
  const reports = await runSteps(chosen);
  printReport(reports, chosen);
  return reports.every(({ outcome }) => outcome.passed) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
