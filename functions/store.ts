/** The session store of a stage: its table, or the memory of this process where it has none. */
import type { Environment } from './configuration/environment.ts';
import { createDynamoStore } from './refresh/dynamodb-store.ts';
import { createMemoryStore } from './refresh/memory-store.ts';
import type { SessionStore } from './refresh/store.ts';

/** For one try, and for all tries of one call together. */
const tryMs = 1000;
const withinMs = 2500;

let memory: SessionStore | undefined;

export function openStore({ tableName, region, endpoints, credentials }: Environment): SessionStore {
  if (tableName === undefined) {
    memory ??= createMemoryStore(Date.now);
    return memory;
  }
  const table = {
    name: tableName,
    region,
    endpoint: endpoints.dynamodb,
    credentials,
    timeoutMs: tryMs,
    retry: { withinMs },
  };
  return createDynamoStore(table, Date.now);
}
