/** Tiny functions in a folder of their own, and lines that can be waited for, for the tests of this room. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeployedFunction, FunctionLine, Outcome } from '../../../infra/local/lambda/function.ts';

/** A function whose code is the text of one module. */
export interface TinyFunction extends DeployedFunction {
  remove(): Promise<void>;
}

/**
 * @param source of `index.mjs`, which exports `handler`
 * @param settings in place of 2 seconds, 256 MB and the rest
 */
export async function tinyFunction(source: string, settings: Partial<DeployedFunction> = {}): Promise<TinyFunction> {
  const root = await mkdtemp(join(tmpdir(), 'tiny-function-'));
  await writeFile(join(root, 'index.mjs'), source);
  return {
    name: 'tiny',
    arn: 'arn:aws:lambda:eu-central-1:000000000000:function:tiny',
    handler: 'index.handler',
    root,
    timeoutSeconds: 5,
    memoryMegabytes: 256,
    environment: {},
    region: 'eu-central-1',
    logGroup: '/aws/lambda/tiny',
    logFormat: 'Text',
    ...settings,
    remove: async () => rm(root, { recursive: true, force: true }),
  };
}

/** The value that a handler returned. */
export function returned(outcome: Outcome): unknown {
  if (outcome.kind !== 'result') throw new Error(`The function came to ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.body.toString());
}

/** Collects lines; `found` settles as soon as one holds the text. */
export function lineCollector(): { sink: (line: FunctionLine) => void; found(text: string): Promise<FunctionLine> } {
  const lines: FunctionLine[] = [];
  const searches = new Set<(line: FunctionLine) => void>();
  return {
    sink(line) {
      lines.push(line);
      for (const search of searches) search(line);
    },
    async found(text) {
      const known = lines.find((line) => line.text.includes(text));
      if (known !== undefined) return known;
      return new Promise((resolve) => {
        const search = (line: FunctionLine): void => {
          if (!line.text.includes(text)) return;
          searches.delete(search);
          resolve(line);
        };
        searches.add(search);
      });
    },
  };
}

/** Whether a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
