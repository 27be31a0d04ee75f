/** Turns what functions write into lines of JSON, on the console and, if asked for, in a file. */
import { appendFileSync } from 'node:fs';
import type { FunctionLine, LineSink } from './lambda/function.ts';
import { StackProblem } from './problem.ts';

function asObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** @returns one line of JSON: the function's own object, or its text as a message, under the function's name */
export function jsonLine({ functionName, stream, text }: FunctionLine): string {
  return JSON.stringify({ function: functionName, ...(asObject(text) ?? { stream, message: text }) });
}

/**
 * @param write takes a line with its line feed
 * @param file gets the same lines, appended; its folder must exist
 * @throws StackProblem when the file cannot be written
 */
export function createLogWriter(write: (line: string) => void, file: string | undefined): LineSink {
  if (file === undefined) return (line) => write(`${jsonLine(line)}\n`);
  try {
    appendFileSync(file, '');
  } catch {
    throw new StackProblem(`The log file ${file} cannot be written.`);
  }
  return (line) => {
    const text = `${jsonLine(line)}\n`;
    write(text);
    appendFileSync(file, text);
  };
}
