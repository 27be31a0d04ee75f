/** A session store over the table of this machine, and a network in between that loses answers. */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import { createDynamoStore } from '../../../functions/refresh/dynamodb-store.ts';
import type { Table } from '../../../functions/aws/dynamodb.ts';
import type { SessionStore } from '../../../functions/refresh/store.ts';
import { listen, readBody, shut } from '../../../infra/local/loopback.ts';

export const tableName = 'sessions';

export const tableAt = (endpoint: string, more: Partial<Table> = {}): Table => ({
  name: tableName,
  region: 'eu-central-1',
  endpoint,
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
  timeoutMs: 2000,
  retry: { withinMs: 2000 },
  ...more,
});

export const storeIn = (endpoint: string, nowMs: () => number, more?: Partial<Table>): SessionStore =>
  createDynamoStore(tableAt(endpoint, more), nowMs);

export interface LossyNetwork {
  readonly endpoint: string;
  /** Operations that reached the table, in order. */
  readonly passed: string[];
  /** Loses the answer to the next request; `meanwhile` happens after the table has executed it. */
  loseNext(meanwhile?: () => Promise<unknown>): void;
  /** Happens before the next request for this operation reaches the table. */
  before(operation: string, action: () => Promise<unknown>): void;
  close(): Promise<void>;
}

async function pass(endpoint: string, request: IncomingMessage): Promise<{ status: number; body: Buffer }> {
  const body = await readBody(request);
  const inner = httpRequest(endpoint, { method: 'POST', headers: request.headers });
  inner.end(body);
  const [answer] = (await once(inner, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await buffer(answer) };
}

/** Everything reaches the table; what comes back can be lost. */
export async function lossyNetwork(endpoint: string): Promise<LossyNetwork> {
  const passed: string[] = [];
  let loses: { meanwhile: () => Promise<unknown> } | undefined;

  const actions = new Map<string, () => Promise<unknown>>();

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lost = loses;
    loses = undefined;
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const action = actions.get(operation);
    actions.delete(operation);
    await action?.();
    const { status, body } = await pass(endpoint, request);
    passed.push(operation);
    if (lost !== undefined) {
      await lost.meanwhile();
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  }

  const server = createServer((request, response) => {
    relay(request, response).catch(() => response.destroy());
  });
  return {
    endpoint: await listen(server),
    passed,
    loseNext: (meanwhile = async () => undefined) => void (loses = { meanwhile }),
    before: (operation, action) => void actions.set(operation, action),
    close: () => shut(server),
  };
}
