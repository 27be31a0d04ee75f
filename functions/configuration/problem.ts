/** What is wrong with a configuration: which key, what about it, what is allowed. Never a value, which may be a secret. */
import { isReference, type KeyPath } from './references.ts';

export interface Problem {
  /** The key, for example `apis.orders.path` or `appOrigins[1]`; empty for the file as a whole. */
  readonly path: string;
  /** Goes on after the key: "must be …". */
  readonly message: string;
}

/** A problem, or something to be warned of, where it was found. */
export interface Finding {
  readonly at: KeyPath;
  readonly message: string;
}

const child = (value: unknown, key: string | number): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string | number, unknown>>)[key]
    : undefined;

/** `['apis', 'orders', 'methods', 0]` → `apis.orders.methods[0]` */
function written(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/**
 * Where a finding lies inside a parameter's value, that parameter is named and nothing of the value, not even a key.
 *
 * @param raw the configuration with its references
 */
export function toProblem(raw: unknown, { at, message }: Finding): Problem {
  let value = raw;
  for (let depth = 0; depth <= at.length; depth += 1) {
    if (isReference(value) && depth < at.length) return { path: written(at.slice(0, depth)), message };
    const part = at[depth];
    if (part !== undefined) value = child(value, part);
  }
  return { path: written(at), message };
}
