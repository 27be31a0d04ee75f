/** How the rows of the session store are written down in DynamoDB. */
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Item } from '../aws/dynamodb.ts';
import { StoreUnavailable } from './store.ts';
import type { SessionRef, SessionRow, Tombstone, TombstoneReason } from './store.ts';

/** The hash key. Every row also has `expiresAt`, in epoch seconds, by which the table deletes it some time later. */
export const keyOf = {
  session: ({ session }: SessionRef): Item => ({ key: `session#${session}` }),
  tokens: ({ session }: SessionRef, generation: number): Item => ({ key: `tokens#${session}#${generation}` }),
  subject: (hash: string): Item => ({ key: `subject#${hash}` }),
  sid: (hash: string): Item => ({ key: `sid#${hash}` }),
  used: (kind: 'jti' | 'login', hash: string): Item => ({ key: `${kind}#${hash}` }),
};

const unreadable = (what: string): StoreUnavailable => new StoreUnavailable(`a row cannot be read: ${what}`);

const reasons: ReadonlySet<string> = new Set<TombstoneReason>(['logout', 'superseded', 'over', 'mismatch']);

const isReason = (value: string): value is TombstoneReason => reasons.has(value);

export function textIn(item: Item, name: string): string {
  const value = item[name];
  if (typeof value !== 'string') throw unreadable(`${name} is not a text`);
  return value;
}

export function numberIn(item: Item, name: string): number {
  const value = item[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unreadable(`${name} is not a number`);
  return value;
}

export const timeIn = (item: Item, name: string): EpochSeconds => epochSeconds(numberIn(item, name));

function mapIn<T>(item: Item, name: string, read: (map: Item) => T): T | undefined {
  const value = item[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'object') throw unreadable(`${name} is not a map`);
  return read(value);
}

/** A reason that only a later release knows still is one: the session has ended. */
function readTombstone(map: Item): Tombstone {
  const why = textIn(map, 'why');
  return { why: isReason(why) ? why : 'over', at: timeIn(map, 'at') };
}

/** @throws StoreUnavailable rather than to take a session that has ended for one that has not */
export function readSessionRow(item: Item): SessionRow {
  const lease = mapIn(item, 'lease', (map) => ({
    holder: textIn(map, 'holder'),
    begunAtMs: numberIn(map, 'begunAtMs'),
    endsAtMs: numberIn(map, 'endsAtMs'),
  }));
  const tombstone = mapIn(item, 'tombstone', readTombstone);
  const unknown = mapIn(item, 'unknownOutcomes', (map) => ({
    count: numberIn(map, 'count'),
    notBeforeMs: numberIn(map, 'notBeforeMs'),
  }));
  return {
    generation: numberIn(item, 'generation'),
    ...(lease && { lease }),
    ...(tombstone && { tombstone }),
    ...(unknown && { unknown }),
  };
}
