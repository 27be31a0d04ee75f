/** A parameter with its versions, in memory: what SSM is to who rotates, with an interruption before and after each call. */
import assert from 'node:assert/strict';
import type { StoredRing } from '../../../functions/rotation/next-ring.ts';
import { readRing } from '../../../functions/rotation/ring-text.ts';
import type { RingParameter } from '../../../functions/rotation/rotate.ts';

export interface Versions {
  /** Every text that was ever written, oldest first; its version is its place, from 1. */
  readonly texts: string[];
  /** @param pause is awaited before a call takes effect and before its answer arrives; never settles: a crash */
  writer(pause: () => Promise<unknown>): RingParameter;
}

export function createVersions(...texts: string[]): Versions {
  const read = (version = texts.length) => {
    const text = texts[version - 1];
    return text === undefined ? undefined : { text, version };
  };
  return {
    texts,
    writer(pause) {
      const during = async <T>(act: () => T): Promise<T> => {
        await pause();
        const answer = act();
        await pause();
        return answer;
      };
      return {
        read: async (version) => during(() => read(version)),
        create: async (text) => during(() => texts.length === 0 && texts.push(text) > 0),
        overwrite: async (text) => during(() => texts.push(text)),
      };
    },
  };
}

export function ringOf(text: string): StoredRing {
  const read = readRing(text);
  assert.ok(read.kind === 'ring');
  return read.ring;
}

export const newest = ({ texts }: Versions): StoredRing => ringOf(texts.at(-1) ?? '');
