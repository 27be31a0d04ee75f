/** What all instances share: the session store of a stage, its table or else the memory of this process, and the rules of using it. */
import { randomBytes } from 'node:crypto';
import { wayOf } from './audience/dialects.ts';
import { redemptionGroups } from './audience/groups.ts';
import type { Configuration } from './configuration/schema.ts';
import type { Environment } from './configuration/environment.ts';
import { createDynamoStore } from './refresh/dynamodb-store.ts';
import { createMemoryStore } from './refresh/memory-store.ts';
import type { RefreshRoom } from './refresh/room.ts';
import type { SessionStore } from './refresh/store.ts';

/** For one try, and for all tries of one call together. */
const tryMs = 1000;
const withinMs = 2500;

let memory: SessionStore | undefined;

function openStore({ tableName, region, endpoints, credentials }: Environment): SessionStore {
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

/** Everything of the refresh room but the provider. */
export type Sharing = Omit<RefreshRoom, 'provider' | 'apis' | 'openidScopes' | 'redeem' | 'revoke'>;

export function openSharing(environment: Environment, { provider, apis, login }: Configuration): Sharing {
  const groups = redemptionGroups(apis);
  return {
    store: openStore(environment),
    way: wayOf(provider),
    groups,
    loginGroup: groups.find((group) => login.api !== undefined && group.apis.includes(login.api)),
    nowMs: Date.now,
    random: Math.random,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newHolder: () => randomBytes(16).toString('base64url'),
  };
}
