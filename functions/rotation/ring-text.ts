/** The key ring as the text of its parameter, for the one who writes it. Whoever uses the keys reads it with less. */
import { parseKeyRing } from '../session/keyring.ts';
import type { StoredKey, StoredRing } from './next-ring.ts';

/** A ring, or the rule that the text breaks; the reason holds no part of it. */
export type ReadRing =
  { readonly kind: 'ring'; readonly ring: StoredRing } | { readonly kind: 'invalid'; readonly reason: string };

export function readRing(text: string): ReadRing {
  const parsed = parseKeyRing(text);
  if (parsed.kind === 'invalid') return parsed;
  const { keys } = JSON.parse(text) as { readonly keys: readonly StoredKey[] };
  return { kind: 'ring', ring: keys.map(({ kid, key, createdAt }) => ({ kid, key, createdAt })) };
}

/** @throws RangeError rather than give out a ring that the functions could not use */
export function writeRing(ring: StoredRing): string {
  const text = JSON.stringify({ keys: ring });
  const parsed = parseKeyRing(text);
  if (parsed.kind === 'invalid') throw new RangeError(`no usable ring: ${parsed.reason}`);
  return text;
}
