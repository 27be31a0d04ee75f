/**
 * What the provider remembers: sessions, grants, codes, tokens. In memory, and as plain data that a file can hold.
 * Redeeming a refresh token a second time is decided here; because nothing here waits for anything outside, no other
 * redemption comes between finding a token unused and marking it used.
 */
import type { Adapter } from 'oidc-provider';

type Payload = Readonly<Record<string, unknown>>;

interface Entry {
  readonly payload: Payload;
  /** In seconds; absent: never. */
  readonly expiresAt?: number;
}

export type Entries = readonly (readonly [key: string, entry: Entry])[];

export interface Storage {
  adapter(model: string): Adapter;
  entries(): Entries;
}

export interface StorageOptions {
  /** What an earlier run left. */
  readonly entries?: Entries;
  /** For how long the refresh token used last of a grant still works. */
  readonly overlapSeconds: () => number;
  /** Called after each change. */
  readonly changed?: () => void;
}

const seconds = () => Date.now() / 1000;
const isAlive = ({ expiresAt }: Entry) => expiresAt === undefined || expiresAt > seconds();

export function createStorage({ entries = [], overlapSeconds, changed = () => {} }: StorageOptions): Storage {
  const stored = new Map<string, Entry>(entries);
  /** By grant, the refresh token that was used last. */
  const usedLast = new Map<string, string>();
  let writes = 0;

  function read(key: string): Payload | undefined {
    const entry = stored.get(key);
    return entry !== undefined && isAlive(entry) ? structuredClone(entry.payload) : undefined;
  }

  function write(key: string, entry: Entry): void {
    writes += 1;
    if (writes % 500 === 0) {
      for (const [each, old] of stored) if (!isAlive(old)) stored.delete(each);
    }
    stored.set(key, entry);
    changed();
  }

  function findBy(model: string, member: string, value: string): Payload | undefined {
    for (const [key, entry] of stored) {
      if (key.startsWith(`${model}:`) && entry.payload[member] === value) return read(key);
    }
    return undefined;
  }

  /** A used token counts as unused within the overlap, unless its grant has used a later one since. */
  function isForgiven(id: string, payload: Payload): boolean {
    const { consumed, grantId } = payload;
    return (
      typeof consumed === 'number' && seconds() - consumed < overlapSeconds() && usedLast.get(String(grantId)) === id
    );
  }

  function adapter(model: string): Adapter {
    const keyOf = (id: string) => `${model}:${id}`;
    return {
      async upsert(id, payload, expiresIn) {
        const end = expiresIn === undefined ? {} : { expiresAt: seconds() + expiresIn };
        write(keyOf(id), { payload: structuredClone(payload) as Payload, ...end });
      },
      async find(id) {
        const payload = read(keyOf(id));
        if (payload === undefined || model !== 'RefreshToken' || !isForgiven(id, payload)) return payload;
        const { consumed: _, ...unused } = payload;
        return unused;
      },
      findByUid: async (uid) => findBy(model, 'uid', uid),
      findByUserCode: async (code) => findBy(model, 'userCode', code),
      async consume(id) {
        const entry = stored.get(keyOf(id));
        // A second use within the overlap keeps the first one's time, or the overlap would never end.
        if (entry === undefined || entry.payload['consumed'] !== undefined) return;
        usedLast.set(String(entry.payload['grantId']), id);
        write(keyOf(id), { ...entry, payload: { ...entry.payload, consumed: seconds() } });
      },
      async destroy(id) {
        stored.delete(keyOf(id));
        changed();
      },
      async revokeByGrantId(grantId) {
        for (const [key, entry] of stored) {
          if (key.startsWith(`${model}:`) && entry.payload['grantId'] === grantId) stored.delete(key);
        }
        changed();
      },
    };
  }

  return { adapter, entries: () => [...stored].filter(([, entry]) => isAlive(entry)) };
}
