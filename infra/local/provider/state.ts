/** What the provider keeps in a file between starts, so that people stay logged in when the stack is started again. */
import type { JWK } from 'jose';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entries } from './storage.ts';

export interface State {
  readonly keys: readonly JWK[];
  readonly cookieKeys: readonly string[];
  readonly entries: Entries;
}

/** @returns nothing where there is no file yet, or none that can be read: the provider then starts afresh */
export function readState(file: string | undefined): Partial<State> {
  if (file === undefined) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State;
  } catch {
    return {};
  }
}

export interface StateFile {
  /** Writes soon, several changes at once. */
  changed(): void;
  /** Writes now. */
  flush(): void;
}

/** The file holds signing keys: only its owner may read it. */
export function openStateFile(file: string | undefined, current: () => State): StateFile {
  let soon: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(soon);
    soon = undefined;
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(current()), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  return {
    changed() {
      if (file !== undefined) soon ??= setTimeout(flush, 200).unref();
    },
    flush,
  };
}
