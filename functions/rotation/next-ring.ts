/**
 * Which keys the ring holds next: when a new one is due, and when an old one may go. Everything is decided from what is
 * given, so that two who see the same ring at the same time come to the same end.
 */
import type { EpochSeconds, Seconds } from '../contract/units.ts';
import { mostKeys, openableEverywhereAfterSeconds } from '../session/keyring.ts';

/** A key as the parameter holds it. */
export interface StoredKey {
  /** Named by the time at which it was made: `20261122`, `20261122T1400`. */
  readonly kid: string;
  /** 32 bytes, base64url. */
  readonly key: string;
  /** Epoch seconds. */
  readonly createdAt: number;
}

/** Oldest first. */
export type StoredRing = readonly StoredKey[];

export interface RotationRules {
  /** In each of these, counted from 1970, one key is made. */
  readonly periodSeconds: Seconds;
  /** How long a session lasts at most, from its login. */
  readonly longestSessionSeconds: Seconds;
}

/** What the decision depends on beside ring and rules. */
export interface Occasion {
  readonly now: EpochSeconds;
  readonly random: (bytes: number) => Buffer;
  /** `at once`: a key is made although this period has one. */
  readonly demand: 'when due' | 'at once';
}

export interface NextRing {
  readonly ring: StoredRing;
  /** The `kid` of the new key. */
  readonly added: string | undefined;
  /** `kid`s of keys that no session can need any more. */
  readonly retired: readonly string[];
  /** A key was wanted, and there is no room for it before the oldest may go. */
  readonly isFull: boolean;
}

const keyBytes = 32;
const daySeconds = 86_400;

/** Clocks differ, and an instance that cannot read its parameters seals with the key it knows. */
const toleranceSeconds = 3600;

const oldestFirst = (keys: Iterable<StoredKey>): StoredRing => [...keys].sort((a, b) => a.createdAt - b.createdAt);

/** How long a key is kept after the next one was made: until that one seals, and every session from before has ended. */
export const keptAfterSuccessorSeconds = ({ longestSessionSeconds }: Pick<RotationRules, 'longestSessionSeconds'>) =>
  openableEverywhereAfterSeconds + longestSessionSeconds + toleranceSeconds;

/** The newest key is always kept, whatever its age. */
function withoutRetired(ring: StoredRing, now: EpochSeconds, rules: RotationRules): StoredRing {
  const keptSeconds = keptAfterSuccessorSeconds(rules);
  return ring.filter((_, index) => {
    const successor = ring[index + 1];
    return successor === undefined || now < successor.createdAt + keptSeconds;
  });
}

function isDue(ring: StoredRing, now: EpochSeconds, { periodSeconds }: RotationRules): boolean {
  const beganAt = now - (now % periodSeconds);
  return !ring.some(({ createdAt }) => createdAt >= beganAt && createdAt < beganAt + periodSeconds);
}

/** @returns a name for a key made now that no key of the ring has; `undefined` where this second has one */
function freeKid(ring: StoredRing, now: EpochSeconds, { periodSeconds }: RotationRules): string | undefined {
  const time = new Date(now * 1000).toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');
  const names = [...(periodSeconds < daySeconds ? [] : [time.slice(0, 8)]), time.slice(0, 13), time];
  return names.find((name) => !ring.some(({ kid }) => kid === name));
}

/**
 * Decides on the ring at one moment. Asked again within the period, it finds the key of that period and adds none.
 *
 * @param ring empty where there is none yet
 */
export function nextRing(given: StoredRing, rules: RotationRules, { now, random, demand }: Occasion): NextRing {
  const before = oldestFirst(given);
  const kept = withoutRetired(before, now, rules);
  const retired = before.filter((key) => !kept.includes(key)).map(({ kid }) => kid);
  const kid = demand === 'at once' || isDue(kept, now, rules) ? freeKid(kept, now, rules) : undefined;
  if (kid === undefined || kept.length >= mostKeys)
    return { ring: kept, added: undefined, retired, isFull: kid !== undefined };
  const key: StoredKey = { kid, key: random(keyBytes).toString('base64url'), createdAt: now };
  return { ring: oldestFirst([...kept, key]), added: kid, retired, isFull: false };
}

/** One key too many would make the ring unreadable. A key that seals nothing yet is missed by nobody. */
function withinLimit(ring: StoredRing, now: EpochSeconds): StoredRing {
  if (ring.length <= mostKeys) return ring;
  const newest = ring.at(-1);
  const isUnused = newest !== undefined && now - newest.createdAt < openableEverywhereAfterSeconds;
  return withinLimit(isUnused ? ring.slice(0, -1) : ring.slice(1), now);
}

/**
 * Puts together what several writers made of one ring. Of two keys with the same `kid` the one written first counts,
 * whoever merges.
 *
 * @param rings in the order in which they were written
 */
export function mergeRings(rings: readonly StoredRing[], now: EpochSeconds, rules: RotationRules): StoredRing {
  const byKid = new Map<string, StoredKey>();
  for (const key of rings.flat()) if (!byKid.has(key.kid)) byKid.set(key.kid, key);
  return withinLimit(withoutRetired(oldestFirst(byKid.values()), now, rules), now);
}
