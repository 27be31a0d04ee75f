/**
 * The session store in a DynamoDB table. A write whose answer was lost is sent again, so every write recognises what its
 * own earlier try has done. Rows that have expired count as absent, however long the table keeps them.
 */
import { randomBytes } from 'node:crypto';
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { getItem, getItems, putItem, updateItem } from '../aws/dynamodb.ts';
import type { Condition, Item, NotDone, Table, Update } from '../aws/dynamodb.ts';
import { keyOf, readSessionRow, textIn, timeIn } from './dynamodb-rows.ts';
import { StoreUnavailable } from './store.ts';
import type { SessionRef, SessionStore } from './store.ts';

const isNotDone = (result: { readonly kind: string }): result is NotDone => result.kind === 'failed';

function done<T extends { readonly kind: string }>(result: T | NotDone): T {
  if (!isNotDone(result)) return result;
  throw new StoreUnavailable(result.type === undefined || result.type === '' ? result.reason : result.type);
}

/** Reads and writes of rows that have not expired. */
function rowsOf(table: Table, nowMs: () => number) {
  const nowSeconds = (): EpochSeconds => epochSeconds(nowMs() / 1000);
  const isPresent = (item: Item): boolean => timeIn(item, 'expiresAt') > nowSeconds();
  /** Expressions always name `:now`. */
  const condition = (expression: string, values: Item = {}): Condition => ({
    expression,
    values: { ':now': nowSeconds(), ...values },
  });
  return {
    async get(key: Item): Promise<Item | undefined> {
      const { item } = done(await getItem(table, key));
      return item !== undefined && isPresent(item) ? item : undefined;
    },
    async getAll(keys: readonly Item[]): Promise<readonly Item[]> {
      return done(await getItems(table, keys)).items.filter(isPresent);
    },
    async put(item: Item, expression: string, values?: Item): Promise<boolean> {
      return done(await putItem(table, item, condition(expression, values))).kind === 'written';
    },
    /** @returns undefined where the condition failed, else the row before, if there was one */
    async update(
      key: Item,
      expression: string,
      onlyIf: string,
      values: Item,
    ): Promise<{ readonly before: Item | undefined } | undefined> {
      const update: Update = { key, expression, condition: condition(onlyIf, values) };
      const result = done(await updateItem(table, update));
      if (result.kind === 'condition_failed') return undefined;
      const { before } = result;
      return { before: before !== undefined && isPresent(before) ? before : undefined };
    },
  };
}

/** Every row has an expiry: one without it does not exist. */
const absent = 'attribute_not_exists(expiresAt) OR expiresAt <= :now';
const present = 'expiresAt > :now';

const mayTakeLease = `${absent} OR (${[
  'attribute_not_exists(tombstone)',
  'generation <= :generation',
  '(attribute_not_exists(lease) OR lease.endsAtMs < :nowMs OR lease.holder = :holder)',
  '(attribute_not_exists(unknownOutcomes) OR unknownOutcomes.notBeforeMs <= :nowMs)',
].join(' AND ')})`;

const mayAdvance = [
  present,
  'attribute_not_exists(tombstone)',
  'generation = :generation',
  'lease.holder = :holder',
].join(' AND ');

/** @param nowMs reads the clock in milliseconds */
export function createDynamoStore(table: Table, nowMs: () => number): SessionStore {
  const rows = rowsOf(table, nowMs);

  async function hasAdvanced(ref: SessionRef, holder: string, generation: number): Promise<boolean> {
    const row = await rows.get(keyOf.session(ref));
    return row?.['generation'] === generation && row['advancedBy'] === holder && row['tombstone'] === undefined;
  }

  return {
    async read(ref) {
      const key = keyOf.session(ref);
      const revoking = [keyOf.subject(ref.subject), ...(ref.sid === undefined ? [] : [keyOf.sid(ref.sid)])];
      const items = await rows.getAll([key, ...revoking]);
      const row = items.find((item) => item['key'] === key['key']);
      const times = items.filter((item) => item !== row).map((item) => timeIn(item, 'revokedUntil'));
      return {
        row: row && readSessionRow(row),
        revokedUntil: times.length === 0 ? undefined : epochSeconds(Math.max(...times)),
      };
    },

    async create(ref, expiresAt) {
      await rows.put({ ...keyOf.session(ref), generation: 1, expiresAt }, absent);
    },

    // What an expired row leaves in `unknownOutcomes` can only make a later holder more patient.
    async takeLease(ref, { holder, generation, nowMs: begunAtMs, endsAtMs, expiresAt }) {
      const taken = await rows.update(
        keyOf.session(ref),
        'SET generation = :generation, lease = :lease, expiresAt = :expiresAt REMOVE tombstone',
        mayTakeLease,
        {
          ':generation': generation,
          ':lease': { holder, begunAtMs, endsAtMs },
          ':expiresAt': expiresAt,
          ':holder': holder,
          ':nowMs': begunAtMs,
        },
      );
      if (taken === undefined) return { kind: 'refused' };
      return { kind: 'taken', before: taken.before && readSessionRow(taken.before) };
    },

    async release(ref, holder, unknown) {
      const key = keyOf.session(ref);
      const onlyIf = `${present} AND lease.holder = :holder`;
      if (unknown === undefined) {
        await rows.update(key, 'REMOVE lease, unknownOutcomes', onlyIf, { ':holder': holder });
        return;
      }
      const { count, notBeforeMs } = unknown;
      const values = { ':holder': holder, ':unknown': { count, notBeforeMs } };
      await rows.update(key, 'SET unknownOutcomes = :unknown REMOVE lease', onlyIf, values);
    },

    async advance(ref, holder, generation) {
      const next = generation + 1;
      const advanced = await rows.update(
        keyOf.session(ref),
        'SET generation = :next, advancedBy = :holder REMOVE lease, unknownOutcomes',
        mayAdvance,
        { ':next': next, ':holder': holder, ':generation': generation },
      );
      // Asked for by a read: the next lease may be somebody else's by now, and a write would end it.
      return advanced !== undefined || (await hasAdvanced(ref, holder, next)) ? 'advanced' : 'refused';
    },

    async readTokens(ref, generation) {
      const row = await rows.get(keyOf.tokens(ref, generation));
      return row && textIn(row, 'sealed');
    },

    // An update rather than a put: its condition and its effect share the one copy of the tokens in the request.
    async putTokens(ref, generation, sealed, expiresAt) {
      const put = await rows.update(
        keyOf.tokens(ref, generation),
        'SET sealed = :sealed, expiresAt = :expiresAt',
        `${absent} OR sealed = :sealed`,
        { ':sealed': sealed, ':expiresAt': expiresAt },
      );
      return put === undefined ? 'exists' : 'put';
    },

    // A row that exists keeps its expiry, which may be later than who buries it knows.
    async bury(ref, { why, at }, expiresAt) {
      const key = keyOf.session(ref);
      const tombstone = { why, at };
      const mark = async (): Promise<boolean> => {
        const onlyIf = `${present} AND attribute_not_exists(tombstone)`;
        const effect = 'SET tombstone = :tombstone REMOVE lease, unknownOutcomes';
        return (await rows.update(key, effect, onlyIf, { ':tombstone': tombstone })) !== undefined;
      };
      if (await mark()) return;
      const created = await rows.put({ ...key, generation: 1, tombstone, expiresAt }, absent);
      // It was buried before, or has been created in between.
      if (!created) await mark();
    },

    // Neither of the two times ever becomes an earlier one.
    async revoke(of, until, expiresAt) {
      const key = 'subject' in of ? keyOf.subject(of.subject) : keyOf.sid(of.sid);
      const whole = `${absent} OR (revokedUntil <= :until AND expiresAt <= :expiresAt)`;
      const values = { ':until': until, ':expiresAt': expiresAt };
      if (await rows.update(key, 'SET revokedUntil = :until, expiresAt = :expiresAt', whole, values)) return;
      const later = `${present} AND revokedUntil < :until`;
      await rows.update(key, 'SET revokedUntil = :until', later, { ':until': until });
    },

    async useOnce(kind, hash, expiresAt) {
      const usedBy = randomBytes(12).toString('base64url');
      const row = { ...keyOf.used(kind, hash), usedBy, expiresAt };
      const first = await rows.put(row, `${absent} OR usedBy = :usedBy`, { ':usedBy': usedBy });
      return first ? 'first' : 'again';
    },
  };
}
