/** Rings, rules and times for tests of the rotation, and the oracle for what a ring must still open. */
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { epochSeconds, seconds, type EpochSeconds } from '../../../functions/contract/units.ts';
import type { Occasion, RotationRules, StoredKey, StoredRing } from '../../../functions/rotation/next-ring.ts';
import { writeRing } from '../../../functions/rotation/ring-text.ts';
import { parseKeyRing, type KeyRing } from '../../../functions/session/keyring.ts';

export const hour = 3600;
export const day = 24 * hour;

/** 2026-11-22T00:00:00Z, the beginning of a day and of most periods that are tested. */
export const midnight = 1_795_305_600;

export const storedKey = (kid: string, createdAt: number): StoredKey => ({
  kid,
  key: randomBytes(32).toString('base64url'),
  createdAt,
});

export const rules = (periodSeconds: number, longestSessionSeconds: number): RotationRules => ({
  periodSeconds: seconds(periodSeconds),
  longestSessionSeconds: seconds(longestSessionSeconds),
});

/** One key a month, sessions of a working day. */
export const monthly = rules(30 * day, 8 * hour);

export const at = (now: number, demand: Occasion['demand'] = 'when due'): Occasion => ({
  now: epochSeconds(now),
  random: randomBytes,
  demand,
});

export const kidsOf = (ring: StoredRing): readonly string[] => ring.map(({ kid }) => kid);

/** The ring as the functions read it. */
export function asRead(ring: StoredRing): KeyRing {
  const parsed = parseKeyRing(writeRing(ring));
  if (parsed.kind === 'invalid') throw new Error(parsed.reason);
  return parsed.ring;
}

/** @returns the names of the keys with which this ring sealed at any time from one moment to another */
export function sealedWith(ring: StoredRing, from: number, to: number): ReadonlySet<string> {
  const changes = ring.map(({ createdAt }) => createdAt + hour).filter((time) => time > from && time < to);
  return new Set([from, ...changes, to].map((time) => asRead(ring).sealingAt(epochSeconds(time)).kid));
}

export const anyRules = fc
  .record({ period: fc.integer({ min: 2 * hour, max: 60 * day }), session: fc.integer({ min: 1, max: 90 * day }) })
  .map(({ period, session }) => rules(period, session));

const ages = fc.oneof(fc.integer({ min: 0, max: 3 * hour }), fc.integer({ min: 0, max: 200 * day }));

/** Any ring that a store may hold, as it came to be by rotation or by hand. */
export const anyRing = (now: EpochSeconds) =>
  fc
    .uniqueArray(ages, { maxLength: 12 })
    .map((found) => found.toSorted((a, b) => b - a).map((age, index) => storedKey(`key-${index}`, now - age)));
