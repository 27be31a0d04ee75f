/**
 * Everything that has to hold, in one command: `npm test`. Named steps alone: `npm test -- types unit`. The closing lines
 * are the sums of Node's test runner, in its own words.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

type Variables = Readonly<Record<string, string>>;

/** Runs a program of Node's with this very Node, whichever one is on the path. */
async function runNode(args: readonly string[], variables: Variables = {}): Promise<boolean> {
  const env = { ...process.env, ...compiled, ...variables };
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: 'inherit', env });
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

/** Reads what the runner wrote in the Test Anything Protocol. */
function readTap(tap: string): Required<Pick<Outcome, 'counts' | 'skipped'>> {
  const counts = [...tap.matchAll(/^# (\w+) ([\d.]+)$/gm)].map(
    ([, name = '', value]) => [name, Number(value)] as const,
  );
  const skipped = [...tap.matchAll(/^ *ok \d+ - (.*?) # SKIP ?(.*)$/gm)].map(
    ([, name = '', reason = '']) => `${name}${reason === '' ? '' : `: ${reason}`}`,
  );
  return { counts: new Map(counts), skipped };
}

async function runTests(files: readonly string[], concurrency: number, variables?: Variables): Promise<Outcome> {
  if (files.length === 0) return { passed: true };
  const directory = await mkdtemp(join(tmpdir(), 'token-broker-tests-'));
  const tap = join(directory, 'tests.tap');
  const reporters = [
    ['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ['--test-reporter=tap', `--test-reporter-destination=${tap}`],
  ].flat();
  const limits = [`--test-timeout=${String(testTimeoutMs)}`, `--test-concurrency=${String(concurrency)}`];
  try {
    const passed = await runNode(['--test', ...reporters, ...limits, ...files], variables);
    return { passed, ...readTap(await readFile(tap, 'utf8')) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const filesAt = (pattern: string): string[] => globSync(`test/${pattern}.test.ts`, { cwd: projectRoot }).toSorted();

const tests = (name: string, concurrency = 2): Step => ({
  name,
  goesOn: true,
  run: async () => runTests(filesAt(`${name}/**/*`), concurrency),
});

/** Tests of the broker to which it matters how requests reach it, and answers their client. */
const throughGateways = 'integration/broker/{bad-*,callback,cookies,cookies-mixed,hot-function,log*,proxy*,user}';

/** What the integration tests ask of the broker behind an HTTP API, behind another gateway. */
const behind = (events: 'rest' | 'function-url'): Step => ({
  name: events,
  goesOn: true,
  run: async () => runTests(filesAt(throughGateways), 2, { BROKER_EVENTS: events }),
});

const steps: readonly Step[] = [
  program('format', tool('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'),
  program('types', tool('typescript/bin/tsc')),
  program('lint', tool('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'),
  program('package', 'infra/package.ts', '--stage', 'local'),
  tests('unit'),
  tests('model'),
  tests('integration'),
  behind('rest'),
  behind('function-url'),
  tests('conformance'),
  tests('fuzz', 1),
  tests('browser'),
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
