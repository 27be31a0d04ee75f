import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { call } from '../../../functions/aws/call.ts';
import type { Operation, Service } from '../../../functions/aws/call.ts';
import { fakeService, json } from './service.ts';
import type { FakeService } from './service.ts';

const dynamodb = (endpoint: string): Service => ({
  name: 'dynamodb',
  region: 'eu-central-1',
  endpoint,
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
});

const put: Operation = {
  name: 'PutItem',
  input: { TableName: 't' },
  timeoutMs: 1000,
  retry: { withinMs: 5000 },
  repeatable: false,
};

/** Time passes only by pausing; chance always says one half. */
function stillTime() {
  const pauses: number[] = [];
  let now = Date.UTC(2026, 10, 22);
  const surroundings = {
    nowMs: () => now,
    random: () => 0.5,
    pause: async (ms: number) => {
      pauses.push(ms);
      now += ms;
    },
  };
  return { pauses, surroundings };
}

const throttledTimes = (t: TestContext, times: number): Promise<FakeService> =>
  fakeService(t, (response, nth) =>
    nth < times ? json(response, 400, { __type: 'ThrottlingException' }) : json(response, 200, { ok: true }),
  );

test('an operation of DynamoDB is named and typed as it expects', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, { Attributes: {} }));
  assert.deepEqual(await call(dynamodb(service.endpoint), put), { kind: 'done', output: { Attributes: {} } });
  assert.equal(service.received[0]?.headers['x-amz-target'], 'DynamoDB_20120810.PutItem');
  assert.equal(service.received[0]?.headers['content-type'], 'application/x-amz-json-1.0');
});

test('a failed condition is a refusal that keeps what the service said', async (t) => {
  const error = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', Item: { a: { S: 'b' } } };
  const service = await fakeService(t, (response) => json(response, 400, error));
  assert.deepEqual(await call(dynamodb(service.endpoint), put), {
    kind: 'refused',
    type: 'ConditionalCheckFailedException',
    error,
  });
  assert.equal(service.received.length, 1);
});

test('throttling is waited out with pauses that double up to a second', async (t) => {
  const service = await throttledTimes(t, 6);
  const { pauses, surroundings } = stillTime();
  assert.deepEqual(await call(dynamodb(service.endpoint), put, surroundings), { kind: 'done', output: { ok: true } });
  assert.deepEqual(pauses, [50, 100, 200, 400, 500, 500]);
});

test('throttling that lasts ends with the time for trying', async (t) => {
  const service = await throttledTimes(t, 1000);
  const { pauses, surroundings } = stillTime();
  const result = await call(dynamodb(service.endpoint), put, surroundings);
  assert.deepEqual(result, { kind: 'failed', reason: 'throttled', type: 'ThrottlingException' });
  assert.ok(pauses.reduce((sum, ms) => sum + ms, 0) < 5000);
  assert.equal(service.received.length, pauses.length + 1);
});

test('without time for trying there is one try', async (t) => {
  const service = await throttledTimes(t, 1000);
  await call(dynamodb(service.endpoint), { ...put, retry: { withinMs: 0 } });
  assert.equal(service.received.length, 1);
});

const faults = [
  ['an error of the service', true, 2],
  ['an error of the service', false, 1],
] as const;

for (const [name, repeatable, tries] of faults) {
  test(`${name} is tried ${tries} times where repeating is ${repeatable ? 'harmless' : 'harmful'}`, async (t) => {
    const service = await fakeService(t, (response, nth) => json(response, nth === 0 ? 500 : 200, {}));
    await call(dynamodb(service.endpoint), { ...put, repeatable }, stillTime().surroundings);
    assert.equal(service.received.length, tries);
  });
}

test('a connection that breaks is not tried again where repeating is harmful', async (t) => {
  const service = await fakeService(t, (response) => response.destroy());
  const result = await call(dynamodb(service.endpoint), put, stillTime().surroundings);
  assert.deepEqual(result, { kind: 'failed', reason: 'unreachable' });
  assert.equal(service.received.length, 1);
});

test('a connection that was never made is tried again all the same', async () => {
  const { pauses, surroundings } = stillTime();
  const result = await call(dynamodb('http://127.0.0.1:9'), { ...put, retry: { withinMs: 200 } }, surroundings);
  assert.deepEqual(result, { kind: 'failed', reason: 'unreachable' });
  assert.ok(pauses.length > 0);
});

test('denied is denied, however often', async (t) => {
  const service = await fakeService(t, (response) => json(response, 400, { __type: 'AccessDeniedException' }));
  const result = await call(dynamodb(service.endpoint), put, stillTime().surroundings);
  assert.deepEqual(result, { kind: 'failed', reason: 'denied', type: 'AccessDeniedException' });
  assert.equal(service.received.length, 1);
});
