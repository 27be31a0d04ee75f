/** Consistent reads and conditional writes of single items in one DynamoDB table. */
import { call } from './call.ts';
import type { CallFailure, CallResult, Retry, Surroundings } from './call.ts';
import type { CredentialsSource } from './credentials.ts';

/** A table, and how long to try. */
export interface Table {
  readonly name: string;
  readonly region: string;
  /** Scheme and authority, where it is not the public endpoint of the region. */
  readonly endpoint?: string | undefined;
  readonly credentials: CredentialsSource;
  /** For one try, in milliseconds. */
  readonly timeoutMs: number;
  readonly retry: Retry;
}

/** A string (`S`), a number (`N`), or a map (`M`) of them. */
export type Attribute = string | number | Item;

/** Attributes by name. */
export interface Item {
  readonly [name: string]: Attribute;
}

/** A condition in the words of DynamoDB, none of them reserved: a name like `key` or `until` would need a placeholder. */
export interface Condition {
  readonly expression: string;
  /** What the expressions of the write name, by name with colon; none may be left over. */
  readonly values?: Item;
}

export interface Update {
  readonly key: Item;
  /** For example `SET generation = :next REMOVE lease`. */
  readonly expression: string;
  readonly condition: Condition;
}

/** The service did not do it, or nobody knows whether it did. `type` is the name of the service's error, where it gave one. */
export interface NotDone {
  readonly kind: 'failed';
  readonly reason: CallFailure | 'refused';
  readonly type?: string | undefined;
}

export type WriteResult =
  /** `before` is the item that the very write found. */
  { readonly kind: 'written'; readonly before: Item | undefined } | { readonly kind: 'condition_failed' } | NotDone;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function encode(value: Attribute): object {
  if (typeof value === 'string') return { S: value };
  return typeof value === 'number' ? { N: String(value) } : { M: encodeItem(value) };
}

const encodeItem = (item: Item): Record<string, object> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, encode(value)]));

function decode(value: unknown): Attribute | undefined {
  if (!isObject(value)) return undefined;
  const { S, N, M } = value;
  if (typeof S === 'string') return S;
  return typeof N === 'string' ? Number(N) : decodeItem(M);
}

/** Attributes of other types are left out. */
function decodeItem(value: unknown): Item | undefined {
  if (!isObject(value)) return undefined;
  const attributes = Object.entries(value).map(([name, attribute]) => [name, decode(attribute)] as const);
  return Object.fromEntries(attributes.filter((one): one is [string, Attribute] => one[1] !== undefined));
}

type Output = Readonly<Record<string, unknown>>;

/** Every operation may be repeated: a condition that an earlier try has made untrue is for the caller to recognise. */
const operate = (
  table: Table,
  name: string,
  input: object,
  surroundings?: Surroundings,
  isPartial: (output: Output) => boolean = () => false,
): Promise<CallResult> => {
  const { region, endpoint, credentials, timeoutMs, retry } = table;
  const service = { name: 'dynamodb', region, endpoint, credentials } as const;
  return call(service, { name, input, timeoutMs, retry, repeatable: true, isPartial }, surroundings);
};

const unreadable: NotDone = { kind: 'failed', reason: 'answer_unreadable' };

const notDone = (result: Exclude<CallResult, { kind: 'done' }>): NotDone =>
  result.kind === 'failed' ? result : { kind: 'failed', reason: 'refused', type: result.type };

function writeResult(result: CallResult): WriteResult {
  if (result.kind === 'done') return { kind: 'written', before: decodeItem(result.output['Attributes']) };
  const isCondition = result.kind === 'refused' && result.type === 'ConditionalCheckFailedException';
  return isCondition ? { kind: 'condition_failed' } : notDone(result);
}

const conditionInput = ({ expression, values }: Condition): object => ({
  ConditionExpression: expression,
  ...(values && { ExpressionAttributeValues: encodeItem(values) }),
});

/** Reads one item, consistently. */
export async function getItem(
  table: Table,
  key: Item,
  surroundings?: Surroundings,
): Promise<{ readonly kind: 'read'; readonly item: Item | undefined } | NotDone> {
  const input = { TableName: table.name, Key: encodeItem(key), ConsistentRead: true };
  const result = await operate(table, 'GetItem', input, surroundings);
  if (result.kind !== 'done') return notDone(result);
  const { Item: item } = result.output;
  const decoded = decodeItem(item);
  return item !== undefined && decoded === undefined ? unreadable : { kind: 'read', item: decoded };
}

function batchIn(output: Output, table: string): readonly Item[] | undefined {
  const responses = output['Responses'];
  const found = isObject(responses) ? (responses[table] ?? []) : undefined;
  if (!Array.isArray(found)) return undefined;
  const items = found.map(decodeItem);
  return items.every((item) => item !== undefined) ? items : undefined;
}

const leftSomething = ({ UnprocessedKeys: left }: Output): boolean => isObject(left) && Object.keys(left).length > 0;

/**
 * Reads up to a hundred items in one batch, each consistently. A batch that the service did not finish is read again as a
 * whole, so that what is returned was read together.
 *
 * @returns those that exist, in any order
 */
export async function getItems(
  table: Table,
  keys: readonly Item[],
  surroundings?: Surroundings,
): Promise<{ readonly kind: 'read'; readonly items: readonly Item[] } | NotDone> {
  const input = { RequestItems: { [table.name]: { Keys: keys.map(encodeItem), ConsistentRead: true } } };
  const result = await operate(table, 'BatchGetItem', input, surroundings, leftSomething);
  if (result.kind !== 'done') return notDone(result);
  const items = batchIn(result.output, table.name);
  return items === undefined ? unreadable : { kind: 'read', items };
}

/** Puts an item in the place of the one with its key. */
export async function putItem(
  table: Table,
  item: Item,
  condition: Condition,
  surroundings?: Surroundings,
): Promise<WriteResult> {
  const input = { TableName: table.name, Item: encodeItem(item), ...conditionInput(condition) };
  return writeResult(await operate(table, 'PutItem', input, surroundings));
}

/** Changes attributes of an item, and creates it where it does not exist and the condition allows that. */
export async function updateItem(
  table: Table,
  { key, expression, condition }: Update,
  surroundings?: Surroundings,
): Promise<WriteResult> {
  const input = {
    TableName: table.name,
    Key: encodeItem(key),
    UpdateExpression: expression,
    ...conditionInput(condition),
    ReturnValues: 'ALL_OLD',
  };
  return writeResult(await operate(table, 'UpdateItem', input, surroundings));
}
