/** Holds a value against a schema and says everything that is wrong with it, in words that repeat nothing of the value. */
import * as v from 'valibot';
import type { Finding } from './problem.ts';
import type { KeyPath } from './references.ts';

/** `output` is there where the value has the right shape, even if not each of its values is allowed. */
export interface Parsed<T> {
  readonly output?: T;
  readonly findings: readonly Finding[];
}

const kinds: Readonly<Record<string, string>> = {
  string: 'must be a string',
  boolean: 'must be true or false',
  number: 'must be a number',
  Array: 'must be a list',
  Object: 'must be an object',
};

/** For every issue that its schema has no words for; valibot's own would repeat the value. */
function say({ expected }: v.BaseIssue<unknown>): string {
  if (expected === null) return 'is not allowed';
  const choices = expected.replace(/^\((.*)\)$/, '$1').split(' | ');
  return kinds[expected] ?? `must be ${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
}

const keyPath = (issue: v.BaseIssue<unknown>): KeyPath =>
  (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));

/** Takes an unknown key away, so that the next pass finds the next one: an object reports the first only. */
function withoutKey(issue: v.BaseIssue<unknown>): boolean {
  const last = issue.path?.at(-1);
  if (issue.expected !== 'never' || last?.type !== 'object') return false;
  return Reflect.deleteProperty(last.input, last.key);
}

/** @param input plain JSON; it is not changed */
export function parse<S extends v.GenericSchema<unknown, unknown>>(
  schema: S,
  input: unknown,
): Parsed<v.InferOutput<S>> {
  const value = structuredClone(input);
  const unknownKeys: Finding[] = [];
  for (;;) {
    const result = v.safeParse(schema, value, { message: say, abortPipeEarly: true });
    const removed = (result.issues ?? []).filter(withoutKey);
    const toFinding = (issue: v.BaseIssue<unknown>): Finding => ({ at: keyPath(issue), message: issue.message });
    if (removed.length > 0) {
      unknownKeys.push(...removed.map(toFinding));
      continue;
    }
    const findings = [...unknownKeys, ...(result.issues ?? []).map(toFinding)];
    return result.typed ? { output: result.output, findings } : { findings };
  }
}
