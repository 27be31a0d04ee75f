/** Cuts a process's output into lines as they come. */
import type { Readable } from 'node:stream';

/**
 * Only a line feed ends a line: the runtime interface client writes carriage returns inside one entry.
 * @param stream output of a process
 * @param take is called with each line, without its line feed
 */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
