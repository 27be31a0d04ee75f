/** What is wrong with a stage, said to whoever packages it. */

/** Stops packaging. Its message lists everything found; none of it quotes a secret. */
export class PackagingError extends Error {
  readonly problems: readonly string[];
  /** @param problems at least one complete sentence */
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'PackagingError';
    this.problems = problems;
  }
}

/** Whether reading failed because there is no such file. */
export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** @throws PackagingError unless `stage` is a name that may occur in resource and parameter names */
export function checkStage(stage: string): void {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(stage)) return;
  throw new PackagingError([
    `"${stage}" is no name for a stage: a lower-case letter, then at most 19 lower-case letters, digits or hyphens.`,
  ]);
}
