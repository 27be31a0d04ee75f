/** What whoever starts the stack has done wrong, in one sentence for them to read. */
export class StackProblem extends Error {}

/** @returns the sentence for an error that a person can mend, else `undefined` */
export function sentenceFor(error: unknown): string | undefined {
  if (error instanceof StackProblem) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `Port ${String(error.port)} is in use; the stack takes --port and the three ports after it.`;
  }
  return undefined;
}
