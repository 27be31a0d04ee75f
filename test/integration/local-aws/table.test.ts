/** The table on one machine keeps items as DynamoDB does, counts what was asked of it, and fails when told to. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTable } from '../../../infra/local/aws/table.ts';
import type { Table, TableMode } from '../../../infra/local/aws/table.ts';
import { dynamoService, signedCalls } from './signed.ts';
import type { Signed } from './signed.ts';

let table: Table;
let call: Signed;

async function start(options: Partial<Parameters<typeof startTable>[0]> = {}): Promise<void> {
  table = await startTable({ name: 'sessions', ...options });
  call = signedCalls(table.endpoint, dynamoService);
}

const put = (key: string, more: Record<string, unknown> = {}) =>
  call('PutItem', { TableName: 'sessions', Item: { key: { S: key } }, ...more });
const get = (key: string) => call('GetItem', { TableName: 'sessions', Key: { key: { S: key } }, ConsistentRead: true });

beforeEach(() => start());
afterEach(() => table.close());

test('an item that was put can be read', async () => {
  await put('session#1');
  const { body } = await get('session#1');
  assert.deepEqual(body['Item'], { key: { S: 'session#1' } });
});

test('a conditional write is refused where the condition fails', async () => {
  const onlyNew = { ConditionExpression: 'attribute_not_exists(#k)', ExpressionAttributeNames: { '#k': 'key' } };
  await put('session#1', onlyNew);
  assert.equal((await put('session#1', onlyNew)).error, 'ConditionalCheckFailedException');
});

test('items read and written are counted, those of a batch one by one', async () => {
  await put('a');
  await get('a');
  await get('nothing');
  await call('BatchGetItem', { RequestItems: { sessions: { Keys: [{ key: { S: 'a' } }, { key: { S: 'b' } }] } } });
  await call('BatchWriteItem', { RequestItems: { sessions: [{ PutRequest: { Item: { key: { S: 'c' } } } }] } });
  assert.deepEqual(table.counts, { reads: 4, writes: 2, refused: 0 });
});

test('the table is made from the definition it is given', async () => {
  await table.close();
  await start({
    definition: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  });
  const { body } = await call('DescribeTable', { TableName: 'sessions' });
  const described = body['Table'] as { KeySchema: unknown; TableStatus: string };
  assert.deepEqual(described.KeySchema, [{ AttributeName: 'pk', KeyType: 'HASH' }]);
  assert.equal(described.TableStatus, 'ACTIVE');
});

test('items kept in a folder are there after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'table-'));
  await table.close();
  await start({ folder });
  assert.equal((await put('session#1')).status, 200);
  await table.close();
  await start({ folder });
  assert.deepEqual((await get('session#1')).body['Item'], { key: { S: 'session#1' } });
  await rm(folder, { recursive: true });
});

describe('switched', () => {
  const modes: [mode: TableMode, status: number, error: string][] = [
    ['throttle', 400, 'ProvisionedThroughputExceededException'],
    ['fail', 500, 'InternalServerError'],
  ];
  for (const [mode, status, error] of modes) {
    test(`to ${mode}, every call is ${error} and none reaches the table`, async () => {
      await table.switchTo(mode);
      const reply = await put('session#1');
      await table.switchTo('normal');
      assert.deepEqual([reply.status, reply.error], [status, error]);
      assert.equal((await get('session#1')).body['Item'], undefined);
      assert.deepEqual(table.counts, { reads: 1, writes: 0, refused: 1 });
    });
  }

  test('to gone, connections are refused; switched back, the items are there', async () => {
    await put('session#1');
    await table.switchTo('gone');
    const refused = await get('session#1').catch((error: unknown) => (error as { cause: { code: string } }).cause.code);
    await table.switchTo('normal');
    assert.equal(refused, 'ECONNREFUSED');
    assert.deepEqual((await get('session#1')).body['Item'], { key: { S: 'session#1' } });
  });

  test('to hang, nothing is answered until the end', async () => {
    await table.switchTo('hang');
    const outcome = assert.rejects(get('session#1'));
    while (table.counts.refused === 0) await new Promise((resolve) => setImmediate(resolve));
    await table.close();
    await outcome;
  });
});

test('who looks at the calls is told of each before it is done, and can hold it', async () => {
  const seen: string[] = [];
  table.before = async (operation) => {
    seen.push(operation);
    table.before = undefined;
    assert.equal((await get('session#1')).body['Item'], undefined);
  };
  await put('session#1');
  assert.deepEqual(seen, ['PutItem']);
  assert.deepEqual((await get('session#1')).body['Item'], { key: { S: 'session#1' } });
});

test('a caller that goes away in the middle of its request disturbs nobody', async () => {
  const { port } = new URL(table.endpoint);
  const socket = connect(Number(port), '127.0.0.1');
  const headers = 'x-amz-target: DynamoDB_20120810.GetItem\r\ncontent-type: application/x-amz-json-1.0';
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${headers}\r\ncontent-length: 100\r\n\r\n{`);
  await get('session#1');
  socket.resetAndDestroy();
  assert.equal((await get('session#1')).status, 200);
});

test('nothing is written to the console', async (context) => {
  const written = (['log', 'info', 'warn', 'error'] as const).map(
    (method) => context.mock.method(console, method, () => {}).mock,
  );
  await table.close();
  await start();
  await put('session#1');
  assert.equal(
    written.reduce((sum, mock) => sum + mock.callCount(), 0),
    0,
  );
});
