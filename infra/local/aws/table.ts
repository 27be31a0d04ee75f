/** The broker's DynamoDB table on this machine: dynalite, behind a layer that counts calls and fails on purpose. */
import dynalite from 'dynalite';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { listen, readBody, shut } from '../loopback.ts';

/** What a table is made of, in the words of CloudFormation's `AWS::DynamoDB::Table`. */
export interface TableDefinition {
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
}

export interface TableOptions {
  readonly name: string;
  /** 0 (default): any free port. */
  readonly port?: number;
  /** The folder it is kept in between starts, by one process at a time; default: memory. */
  readonly folder?: string;
  /** Default: a string hash key named `key`. */
  readonly definition?: TableDefinition;
}

/** Items read and written, found or not, and calls that a switch refused, since the start. */
export interface TableCounts {
  reads: number;
  writes: number;
  refused: number;
}

/**
 * `throttle`: ProvisionedThroughputExceededException to everything; `fail`: 500 to everything; `hang`: no answer;
 * `gone`: connections are refused.
 */
export type TableMode = 'normal' | 'throttle' | 'fail' | 'hang' | 'gone';

export interface Table {
  readonly endpoint: string;
  readonly name: string;
  readonly counts: TableCounts;
  /** Told of each call before it is done; the call waits for what it returns. For tests that stop between two steps. */
  before?: ((operation: string, input: unknown) => void | Promise<void>) | undefined;
  switchTo(mode: TableMode): Promise<void>;
  close(): Promise<void>;
}

const keyedByString: TableDefinition = {
  AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
};

const contentType = 'application/x-amz-json-1.0';

/** dynalite reads a signature's form only. */
const authorization =
  'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0';

async function control(endpoint: string, operation: string, input: object): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': contentType,
      'x-amz-date': '20260101T000000Z',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const answer = await response.text();
  if (!response.ok && !answer.includes('ResourceInUseException')) throw new Error(`${operation} failed: ${answer}`);
  return answer;
}

/** Creates the table where it does not exist, and waits until it can be used. */
async function createTable(endpoint: string, name: string, definition: TableDefinition): Promise<void> {
  const { AttributeDefinitions, KeySchema } = definition;
  const input = { TableName: name, AttributeDefinitions, KeySchema, BillingMode: 'PAY_PER_REQUEST' };
  await control(endpoint, 'CreateTable', input);
  const deadline = performance.now() + 5000;
  while (performance.now() < deadline) {
    const described = await control(endpoint, 'DescribeTable', { TableName: name });
    if (described.includes('"TableStatus":"ACTIVE"')) return;
  }
  // A process that was killed while it made the table leaves one that never becomes active.
  throw new Error(`the table ${name} is not usable; delete the folder it is kept in`);
}

interface Batch {
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly unknown[] } | readonly unknown[]>>;
}

/** @returns how many items of all tables one batch names */
function itemsIn(body: Buffer): number {
  const { RequestItems = {} } = JSON.parse(body.toString('utf8')) as Batch;
  let count = 0;
  for (const perTable of Object.values(RequestItems)) {
    count += 'Keys' in perTable ? (perTable.Keys?.length ?? 0) : (perTable as readonly unknown[]).length;
  }
  return count;
}

function addUp(counts: TableCounts, operation: string, body: Buffer): void {
  if (['GetItem', 'Query', 'Scan'].includes(operation)) counts.reads += 1;
  else if (['PutItem', 'UpdateItem', 'DeleteItem'].includes(operation)) counts.writes += 1;
  else if (operation === 'BatchGetItem') counts.reads += itemsIn(body);
  else if (operation === 'BatchWriteItem') counts.writes += itemsIn(body);
}

const refusals = {
  throttle: { status: 400, type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' },
  fail: { status: 500, type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' },
};

/**
 * Hands a request to dynalite once its body is complete: dynalite throws where a caller goes away before that, which
 * would end the whole stack with one killed function. dynalite's own port only serves to open and close its store.
 */
async function relay(
  inner: Server,
  { counts, before }: Pick<Table, 'counts' | 'before'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  const { headers, method, url } = request;
  const operation = String(headers['x-amz-target'] ?? '').split('.')[1] ?? '';
  if (before !== undefined) await before(operation, JSON.parse(body.toString('utf8')));
  addUp(counts, operation, body);
  inner.emit('request', Object.assign(Readable.from([body]), { headers, method, url }), response);
}

/** Starts dynalite on 127.0.0.1 and creates the table where it does not exist. */
export async function startTable(options: TableOptions): Promise<Table> {
  if (options.folder !== undefined) mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const inner = dynalite({ createTableMs: 0, ...(options.folder === undefined ? {} : { path: options.folder }) });
  await createTable(await listen(inner), options.name, options.definition ?? keyedByString);

  const counts: TableCounts = { reads: 0, writes: 0, refused: 0 };
  let mode: TableMode = 'normal';

  const front = createServer((request, response) => {
    if (mode === 'normal') {
      relay(inner, table, request, response).catch(() => response.destroy());
      return;
    }
    counts.refused += 1;
    if (mode !== 'throttle' && mode !== 'fail') return;
    const { status, type } = refusals[mode];
    request.resume();
    response.writeHead(status, { 'content-type': contentType });
    response.end(JSON.stringify({ __type: type, message: `switched to ${mode}` }));
  });
  const endpoint = await listen(front, options.port);

  const table: Table = {
    endpoint,
    name: options.name,
    counts,
    async switchTo(next) {
      mode = next;
      if (next === 'gone') await shut(front);
      else if (!front.listening) await listen(front, Number(new URL(endpoint).port));
    },
    async close() {
      await shut(front);
      await shut(inner);
    },
  };
  return table;
}
