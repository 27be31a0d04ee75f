import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { getItem, getItems, putItem, updateItem } from '../../../functions/aws/dynamodb.ts';
import type { Attribute, Table } from '../../../functions/aws/dynamodb.ts';
import { fakeService, json } from './service.ts';
import type { FakeService } from './service.ts';

const table = (endpoint: string, more: Partial<Table> = {}): Table => ({
  name: 'sessions',
  region: 'eu-central-1',
  endpoint,
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
  timeoutMs: 1000,
  retry: { withinMs: 0 },
  ...more,
});

const key = { key: 'session#1' };
const wireKey = { key: { S: 'session#1' } };
const condition = { expression: 'generation = :generation', values: { ':generation': 1 } };
const update = { key, expression: 'SET generation = :next', condition };

const failing = (type: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' });

const bodyOf = (service: FakeService, nth = 0): unknown => JSON.parse(service.received[nth]?.body ?? '');
const targetOf = (service: FakeService): unknown => service.received[0]?.headers['x-amz-target'];

/** Every time it is read, a tenth of a second has passed; nobody waits. */
function quickTime() {
  let now = Date.UTC(2026, 10, 22);
  return { nowMs: () => (now += 100), random: () => 0.5, pause: async () => undefined };
}

describe('what is sent', () => {
  test('one item is read consistently', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, {}));
    assert.deepEqual(await getItem(table(service.endpoint), key), { kind: 'read', item: undefined });
    assert.equal(targetOf(service), 'DynamoDB_20120810.GetItem');
    assert.deepEqual(bodyOf(service), { TableName: 'sessions', Key: wireKey, ConsistentRead: true });
  });

  test('several items are read consistently in one batch', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, { Responses: {} }));
    assert.deepEqual(await getItems(table(service.endpoint), [key, { key: 'sid#2' }]), { kind: 'read', items: [] });
    assert.equal(targetOf(service), 'DynamoDB_20120810.BatchGetItem');
    assert.deepEqual(bodyOf(service), {
      RequestItems: { sessions: { Keys: [wireKey, { key: { S: 'sid#2' } }], ConsistentRead: true } },
    });
  });

  test('an item is put under a condition', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, {}));
    const item = { ...key, lease: { holder: 'ü', endsAtMs: 1795305600123 }, generation: 2 };
    const result = await putItem(table(service.endpoint), item, { expression: 'attribute_not_exists(expiresAt)' });
    assert.deepEqual(result, { kind: 'written', before: undefined });
    assert.equal(targetOf(service), 'DynamoDB_20120810.PutItem');
    assert.deepEqual(bodyOf(service), {
      TableName: 'sessions',
      Item: {
        ...wireKey,
        lease: { M: { holder: { S: 'ü' }, endsAtMs: { N: '1795305600123' } } },
        generation: { N: '2' },
      },
      ConditionExpression: 'attribute_not_exists(expiresAt)',
    });
  });

  test('an update asks for the item that it found', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, { Attributes: wireKey }));
    const result = await updateItem(table(service.endpoint), update);
    assert.deepEqual(result, { kind: 'written', before: key });
    assert.equal(targetOf(service), 'DynamoDB_20120810.UpdateItem');
    assert.deepEqual(bodyOf(service), {
      TableName: 'sessions',
      Key: wireKey,
      UpdateExpression: 'SET generation = :next',
      ConditionExpression: 'generation = :generation',
      ExpressionAttributeValues: { ':generation': { N: '1' } },
      ReturnValues: 'ALL_OLD',
    });
  });
});

describe('what is read', () => {
  const attributes: [name: string, wire: object, value: Attribute | undefined][] = [
    ['a string', { S: 'text' }, 'text'],
    ['an empty string', { S: '' }, ''],
    ['a number', { N: '1795305600123' }, 1795305600123],
    ['a number in exponent form', { N: '1.5E+2' }, 150],
    ['a map', { M: { a: { S: 'b' }, n: { N: '0' } } }, { a: 'b', n: 0 }],
    ['a boolean, left out', { BOOL: true }, undefined],
    ['a list, left out', { L: [{ S: 'a' }] }, undefined],
    ['binary, left out', { B: 'AA==' }, undefined],
  ];
  for (const [name, wire, value] of attributes) {
    test(name, async (t) => {
      const service = await fakeService(t, (response) => json(response, 200, { Item: { x: wire } }));
      const expected = { kind: 'read', item: value === undefined ? {} : { x: value } };
      assert.deepEqual(await getItem(table(service.endpoint), key), expected);
    });
  }

  const strange: [name: string, output: unknown][] = [
    ['responses that are no object', { Responses: [] }],
    ['responses of the table that are no list', { Responses: { sessions: {} } }],
    ['an item that is none', { Responses: { sessions: ['x'] } }],
    ['nothing', {}],
  ];
  for (const [name, output] of strange) {
    test(`a batch with ${name} is unreadable`, async (t) => {
      const service = await fakeService(t, (response) => json(response, 200, output));
      const result = await getItems(table(service.endpoint), [key]);
      assert.deepEqual(result, { kind: 'failed', reason: 'answer_unreadable' });
    });
  }

  test('an item that is none is unreadable', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, { Item: 'x' }));
    const result = await getItem(table(service.endpoint), key);
    assert.deepEqual(result, { kind: 'failed', reason: 'answer_unreadable' });
  });
});

describe('a batch that is not finished', () => {
  const unfinished = {
    Responses: { sessions: [wireKey] },
    UnprocessedKeys: { sessions: { Keys: [{ key: { S: 'sid#2' } }], ConsistentRead: true } },
  };

  test('is read again as a whole', async (t) => {
    const whole = { Responses: { sessions: [{ key: { S: 'sid#2' } }, wireKey] }, UnprocessedKeys: {} };
    const service = await fakeService(t, (response, nth) => json(response, 200, nth === 0 ? unfinished : whole));
    const patient = table(service.endpoint, { retry: { withinMs: 5000 } });
    const result = await getItems(patient, [key, { key: 'sid#2' }], quickTime());
    assert.deepEqual(result, { kind: 'read', items: [{ key: 'sid#2' }, key] });
    assert.deepEqual(bodyOf(service, 1), bodyOf(service, 0));
  });

  test('is throttled when the time is over', async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, unfinished));
    const patient = table(service.endpoint, { retry: { withinMs: 1000 } });
    const result = await getItems(patient, [key], quickTime());
    assert.deepEqual(result, { kind: 'failed', reason: 'throttled' });
    assert.ok(service.received.length > 1 && service.received.length < 10);
  });
});

describe('what is not done', () => {
  test('a condition that fails is a result', async (t) => {
    const service = await fakeService(t, (response) => json(response, 400, failing('ConditionalCheckFailedException')));
    assert.deepEqual(await updateItem(table(service.endpoint), update), { kind: 'condition_failed' });
    assert.deepEqual(await putItem(table(service.endpoint), key, condition), { kind: 'condition_failed' });
  });

  const faults: [type: string, status: number, reason: string][] = [
    ['ResourceNotFoundException', 400, 'refused'],
    ['ValidationException', 400, 'refused'],
    ['ProvisionedThroughputExceededException', 400, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['RequestLimitExceeded', 400, 'throttled'],
    ['AccessDeniedException', 400, 'denied'],
    ['InternalServerError', 500, 'unavailable'],
  ];
  for (const [type, status, reason] of faults) {
    test(`${type} is ${reason}, whatever was asked`, async (t) => {
      const service = await fakeService(t, (response) => json(response, status, failing(type)));
      const of = table(service.endpoint);
      const results = [await getItem(of, key), await getItems(of, [key]), await putItem(of, key, condition)];
      results.push(await updateItem(of, update));
      for (const result of results) assert.deepEqual(result, { kind: 'failed', reason, type });
    });
  }

  test('what may have been done is tried again', async (t) => {
    const service = await fakeService(t, (response, nth) =>
      nth === 0 ? void response.destroy() : json(response, 200, {}),
    );
    const patient = table(service.endpoint, { retry: { withinMs: 5000 } });
    const result = await updateItem(patient, update, quickTime());
    assert.deepEqual(result, { kind: 'written', before: undefined });
    assert.equal(service.received.length, 2);
  });
});
