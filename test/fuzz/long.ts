/** The long run: `npm run fuzz`, or `npm run fuzz -- <runs of each property> <seed>`. Without a seed every run is another. */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const usual = '200000';

const isNumber = (text: string): boolean => /^-?\d+$/.test(text);

const [runs = usual, seed] = process.argv.slice(2);
if (!isNumber(runs) || Number(runs) < 1 || (seed !== undefined && !isNumber(seed))) {
  console.error('npm run fuzz -- <runs of each property> <seed>, both whole numbers');
  process.exit(2);
}
const files = globSync(join(import.meta.dirname, '*.test.ts')).toSorted();
const env = { ...process.env, FUZZ_RUNS: runs, ...(seed === undefined ? {} : { FUZZ_SEED: seed }) };
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], { env, stdio: 'inherit' });
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
