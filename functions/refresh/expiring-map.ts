/** A map in memory whose entries end, and which forgets those that end first rather than grow without bound. */
import type { EpochSeconds } from '../contract/units.ts';

export interface ExpiringMap<V> {
  /** @returns undefined from the second on in which the entry ends */
  get(key: string): V | undefined;
  /** When the entry ends, if it has not ended yet. */
  expiryOf(key: string): EpochSeconds | undefined;
  set(key: string, value: V, expiresAt: EpochSeconds): void;
  delete(key: string): void;
}

/** @param most how many entries are kept; beyond that a tenth of them is forgotten at once */
export function createExpiringMap<V>(most: number, nowSeconds: () => EpochSeconds): ExpiringMap<V> {
  const entries = new Map<string, { readonly value: V; readonly expiresAt: EpochSeconds }>();

  function live(key: string) {
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresAt > nowSeconds()) return entry;
    entries.delete(key);
    return undefined;
  }

  function makeRoom(): void {
    for (const key of entries.keys()) live(key);
    if (entries.size < most) return;
    const byExpiry = [...entries].sort(([, a], [, b]) => a.expiresAt - b.expiresAt);
    for (const [key] of byExpiry.slice(0, Math.ceil(most / 10))) entries.delete(key);
  }

  return {
    get: (key) => live(key)?.value,
    expiryOf: (key) => live(key)?.expiresAt,
    set(key, value, expiresAt) {
      if (entries.size >= most && !entries.has(key)) makeRoom();
      entries.set(key, { value, expiresAt });
    },
    delete: (key) => void entries.delete(key),
  };
}
