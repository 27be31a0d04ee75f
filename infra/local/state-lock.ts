/** Keeps two stacks from writing to one state folder, which would spoil the table in it. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackProblem } from './problem.ts';

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * @param folder is created where it does not exist
 * @returns a handle that gives the folder free
 * @throws StackProblem while another process that runs has it
 */
export async function lockState(folder: string): Promise<{ close(): Promise<void> }> {
  const file = join(folder, 'pid');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
  if (holder > 0 && isRunning(holder)) {
    throw new StackProblem(`The state in ${folder} is in use by process ${holder}; name another folder with --state.`);
  }
  await writeFile(file, String(process.pid));
  return { close: async () => rm(file, { force: true }) };
}
