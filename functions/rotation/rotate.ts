/**
 * Rotates the keys where they lie. The store cannot compare before it writes, so each write is checked afterwards: a
 * version that is not the next after the one read means that a write of somebody else lies under it, and is put back in.
 * What is written is a whole ring each time; whoever is stopped half-way leaves one that works.
 */
import type { EpochSeconds } from '../contract/units.ts';
import { mergeRings, nextRing, type Occasion, type RotationRules, type StoredRing } from './next-ring.ts';
import { readRing, writeRing, type ReadRing } from './ring-text.ts';

/** The parameter that holds the ring. Failures of the store are thrown. */
export interface RingParameter {
  /**
   * @param version left out: the newest
   * @returns `undefined` where there is no such parameter or version
   */
  read(version?: number): Promise<{ readonly text: string; readonly version: number } | undefined>;
  /** @returns false where the parameter exists already */
  create(text: string): Promise<boolean>;
  /** @returns the version that this write made */
  overwrite(text: string): Promise<number>;
}

/** How a rotation ended. Keys are told by name and age alone. */
export type Rotation =
  | {
      readonly kind: 'rotated' | 'unchanged';
      readonly keys: readonly { readonly kid: string; readonly createdAt: number }[];
      readonly added: string | undefined;
      readonly retired: readonly string[];
      /** A key was wanted, and there was no room for it. */
      readonly isFull: boolean;
    }
  /** What the parameter holds is no ring; it was left as it is. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** Others wrote at the same time; the ring is whole, but keys of theirs may be missing in it. */
  | { readonly kind: 'contended' };

export interface RotationTask {
  readonly parameter: RingParameter;
  readonly rules: RotationRules;
  readonly occasion: Occasion;
}

/** More writers than one are an accident, and more than two do not happen. */
const mostMerges = 5;

const isSame = (left: StoredRing, right: StoredRing): boolean => writeRing(left) === writeRing(right);

interface Written {
  readonly ring: StoredRing;
  /** The version that was read before. */
  readonly after: number;
  readonly version: number;
}

/** @returns what others wrote in between, in their order; `undefined` where that cannot be found any more */
async function overwritten(
  parameter: RingParameter,
  { after, version }: Written,
): Promise<readonly StoredRing[] | undefined> {
  const rings: StoredRing[] = [];
  for (let between = after + 1; between < version; between += 1) {
    const found = await parameter.read(between);
    if (found === undefined) return undefined;
    const read = readRing(found.text);
    if (read.kind === 'ring') rings.push(read.ring);
  }
  return rings;
}

/** @returns the ring that stands at the end; `undefined` where it cannot be told that nothing of others is missing */
async function settle(task: RotationTask, now: EpochSeconds, first: Written): Promise<StoredRing | undefined> {
  const { parameter, rules } = task;
  let written = first;
  for (let merges = 0; merges <= mostMerges; merges += 1) {
    const others = await overwritten(parameter, written);
    if (others === undefined) return undefined;
    const ring = mergeRings([...others, written.ring], now, rules);
    if (isSame(ring, written.ring)) return ring;
    written = { ring, after: written.version, version: await parameter.overwrite(writeRing(ring)) };
  }
  return undefined;
}

const outcome = (ring: StoredRing, kind: 'rotated' | 'unchanged', made: Omit<ReturnType<typeof nextRing>, 'ring'>) => ({
  kind,
  keys: ring.map(({ kid, createdAt }) => ({ kid, createdAt })),
  added: ring.some(({ kid }) => kid === made.added) ? made.added : undefined,
  retired: made.retired,
  isFull: made.isFull,
});

async function createRing({ parameter, rules, occasion }: RotationTask): Promise<Rotation | undefined> {
  const { ring, ...made } = nextRing([], rules, occasion);
  return (await parameter.create(writeRing(ring))) ? outcome(ring, 'rotated', made) : undefined;
}

/**
 * What would be written now, without writing it.
 *
 * @throws whatever the store fails with
 */
export async function previewRotation({ parameter, rules, occasion }: RotationTask): Promise<Rotation> {
  const found = await parameter.read();
  const read: ReadRing = found === undefined ? { kind: 'ring', ring: [] } : readRing(found.text);
  if (read.kind === 'invalid') return read;
  const { ring, ...made } = nextRing(read.ring, rules, occasion);
  return outcome(ring, made.added === undefined && made.retired.length === 0 ? 'unchanged' : 'rotated', made);
}

/**
 * Makes the key that is due, the first one of an empty ring included, and takes out those that no session needs.
 *
 * @throws whatever the store fails with; then the ring is as it was, or as it should be
 */
export async function rotateKeys(task: RotationTask): Promise<Rotation> {
  const { parameter, rules, occasion } = task;
  let { demand } = occasion;
  let found = await parameter.read();
  if (found === undefined) {
    const created = await createRing(task);
    if (created !== undefined) return created;
    // Somebody else was first, or the answer to this very write was lost.
    found = await parameter.read();
    if (found === undefined) return { kind: 'contended' };
    demand = 'when due';
  }
  const read = readRing(found.text);
  if (read.kind === 'invalid') return read;
  const { ring, ...made } = nextRing(read.ring, rules, { ...occasion, demand });
  if (made.added === undefined && made.retired.length === 0) return outcome(ring, 'unchanged', made);
  const version = await parameter.overwrite(writeRing(ring));
  const settled = await settle(task, occasion.now, { ring, after: found.version, version });
  return settled === undefined ? { kind: 'contended' } : outcome(settled, 'rotated', made);
}
