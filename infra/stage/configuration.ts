/** The file `config/<stage>.jsonc` as packaging sees it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { isAbsent, PackagingError } from './problems.ts';

function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${String(lines.length)}:${String((lines.at(-1) ?? '').length + 1)}`;
}

/**
 * @param text JSON with comments and trailing commas
 * @param file what to call it in a problem
 * @throws PackagingError where it is not JSON
 */
export function parseConfiguration(text: string, file: string): unknown {
  const errors: ParseError[] = [];
  const configuration: unknown = parse(text, errors, { allowTrailingComma: true, allowEmptyContent: false });
  if (errors.length === 0) return configuration;
  throw new PackagingError(
    errors.map(({ error, offset }) => `${file}:${position(text, offset)}: ${printParseErrorCode(error)}.`),
  );
}

/**
 * Reads the stage's configuration without its comments.
 *
 * @param root the directory that holds `config/`
 * @throws PackagingError where the file is missing (naming the one to create) or is not JSON
 */
export async function readConfiguration(root: string, stage: string): Promise<unknown> {
  const file = `config/${stage}.jsonc`;
  const text = await readFile(join(root, file), 'utf8').catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
    throw new PackagingError([`There is no ${file}: create it to describe the stage "${stage}".`]);
  });
  return parseConfiguration(text, file);
}
