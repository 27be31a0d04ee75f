/** The world around the broker: what it knows of itself, the table or the memories, and what every write and redemption means for it. */
import assert from 'node:assert/strict';
import { epochSeconds } from '../../functions/contract/units.ts';
import type { HttpResponse } from '../../functions/http/message.ts';
import { createMemoryStore } from '../../functions/refresh/memory-store.ts';
import { sessionRefOf, sidHash, subjectHash } from '../../functions/refresh/references.ts';
import type { Refreshing } from '../../functions/refresh/refreshing.ts';
import { leaseMs, type RefreshRoom } from '../../functions/refresh/room.ts';
import type { SessionStore } from '../../functions/refresh/store.ts';
import { openHoldings } from '../../functions/session/holdings.ts';
import type { Identity } from '../../functions/session/identity.ts';
import type { RandomBytes } from '../../functions/session/sealing.ts';
import { createStandings, type Standings } from '../../functions/session/standing.ts';
import { createJar, type Jar } from './browser.ts';
import * as invariants from './invariants.ts';
import { createProvider, type Grant } from './provider.ts';
import { createScheduler } from './scheduler.ts';
import { createRandom, issuer, ring, startMs } from './settings.ts';
import { createTable, tableRules, type Table, type TableRules, type Written } from './table.ts';
import { now, type Request, type Session, type Truth, type WorldSettings } from './truth.ts';

/** Whatever a known-bad broker does otherwise than ours. */
export interface Mutant {
  readonly rules?: Partial<TableRules>;
  readonly store?: (store: SessionStore, world: World) => SessionStore;
  readonly room?: (room: RefreshRoom, world: World) => RefreshRoom;
  readonly refreshing?: (refreshing: Refreshing, world: World) => Refreshing;
  readonly answer?: (response: HttpResponse, request: Request) => HttpResponse;
}

type Revocation = Extract<Written, { kind: 'revoked' }>;

export interface World extends Truth {
  readonly revocations: Revocation[];
  readonly random: RandomBytes;
  readonly table: Table;
  readonly mutant: Mutant;
  readonly jars: Jar[];
  /** Of all instances: whatever one of them has found out, all of them know. */
  readonly standings: Standings;
  /** By instance, where there is no table. */
  readonly memories: Map<string, SessionStore>;
  readonly newJar: () => Jar;
  readonly addSession: (identity: Identity, grant: Grant) => Session;
  readonly memoryOf: (instance: string) => SessionStore;
  /** By the name of a lease's holder. */
  readonly holders: Map<string, Request>;
}

function onLeased(world: World, session: Session, holder: string): void {
  const begun = now(world);
  const last = session.leases.at(-1);
  if (last !== undefined) last.endedAtMs = Math.min(last.endedAtMs, begun.ms);
  const endsAtMs = world.settings.hasTable ? world.table.row(session.ref.session)?.lease?.endsAtMs : undefined;
  const ranOutAtMs = endsAtMs ?? begun.ms + leaseMs;
  session.leases.push({ by: world.holders.get(holder), holder, begun, endedAtMs: ranOutAtMs, ranOutAtMs });
}

const endLease = (world: World, session: Session): void => {
  const last = session.leases.at(-1);
  if (last !== undefined) last.endedAtMs = Math.min(last.endedAtMs, world.scheduler.nowMs());
};

function onPut(world: World, session: Session, generation: number, sealed: string): void {
  const opened = openHoldings(sealed, session.identity, world.rules());
  assert.equal(opened.kind, 'value', 'what is stored can be opened by its own session');
  if (opened.kind !== 'value') return;
  invariants.onlyOwnTokensAreStored(world, session, opened.value);
  const lease = world.table.row(session.ref.session)?.lease;
  const late = generation > 1 && (lease === undefined || lease.endsAtMs < world.scheduler.nowMs());
  session.stored.set(generation, { at: now(world), holdings: opened.value, late });
  if (generation === 1) onWritten(world, session, 1);
}

/** From now on the generation's tokens may be told to the browser. */
function onWritten(world: World, session: Session, generation: number): void {
  for (const { token } of session.stored.get(generation)?.holdings.tokens.values() ?? []) {
    const known = world.provider.accessTokens.get(token);
    if (known !== undefined) known.writtenAt ??= world.scheduler.moment();
  }
}

/** "Not later than": a login in the very second of a revocation is revoked as well, even if it came after it. */
const isMeant = ({ identity }: Session, { key, until }: Revocation): boolean =>
  identity.loginAt <= until &&
  (key === `subject#${subjectHash(issuer, identity.subject)}` ||
    key === `sid#${sidHash(issuer, identity.providerSid ?? '')}`);

function onRevoked(world: World, revocation: Revocation): void {
  world.revocations.push(revocation);
  for (const session of world.sessions) if (isMeant(session, revocation)) session.revoked ??= now(world);
}

function onWrite(world: World, write: Written): void {
  if (write.kind === 'revoked') return onRevoked(world, write);
  const session = world.sessions.find(({ ref }) => ref.session === write.session);
  if (session === undefined) return;
  switch (write.kind) {
    case 'created':
      return;
    case 'leased':
      return onLeased(world, session, write.holder);
    case 'released':
      return endLease(world, session);
    case 'put':
      return onPut(world, session, write.generation, write.sealed);
    case 'advanced':
      endLease(world, session);
      return onWritten(world, session, write.generation);
    case 'buried':
      endLease(world, session);
      invariants.nobodyIsLoggedOutWithoutReason(world, session, write.tombstone.why);
      session.tombstone ??= { why: write.tombstone.why, ...now(world) };
  }
}

/** The memory of one process, watched. */
function watch(store: SessionStore, written: (write: Written) => void): SessionStore {
  return {
    ...store,
    async takeLease(ref, wish) {
      const result = await store.takeLease(ref, wish);
      if (result.kind === 'taken') written({ kind: 'leased', session: ref.session, holder: wish.holder });
      return result;
    },
    async release(ref, holder, unknown) {
      await store.release(ref, holder, unknown);
      written({ kind: 'released', session: ref.session });
    },
    async putTokens(ref, generation, sealed, expiresAt) {
      const result = await store.putTokens(ref, generation, sealed, expiresAt);
      if (result === 'put') written({ kind: 'put', session: ref.session, generation, sealed });
      return result;
    },
    async advance(ref, holder, generation) {
      const result = await store.advance(ref, holder, generation);
      if (result === 'advanced')
        written({ kind: 'advanced', session: ref.session, generation: generation + 1, holder });
      return result;
    },
    async bury(ref, tombstone, expiresAt) {
      await store.bury(ref, tombstone, expiresAt);
      written({ kind: 'buried', session: ref.session, tombstone });
    },
  };
}

export function createWorld(settings: WorldSettings, mutant: Mutant = {}): World {
  const scheduler = createScheduler(startMs);
  const provider = createProvider(settings, scheduler.nowMs, scheduler.moment);
  const written = (write: Written): void => onWrite(world, write);
  const table = createTable(scheduler.nowMs, written, { ...tableRules, ...mutant.rules });
  const world: World = {
    settings,
    scheduler,
    provider,
    table,
    mutant,
    random: createRandom(),
    sessions: [],
    revocations: [],
    requests: [],
    jars: [],
    standings: createStandings(),
    memories: new Map(),
    holders: new Map(),
    rules: () => ({ ring, now: epochSeconds(scheduler.nowMs() / 1000), unknownKey: 'absent' }),
    newJar() {
      const jar = createJar(`jar ${world.jars.length + 1}`, scheduler.nowMs);
      world.jars.push(jar);
      return jar;
    },
    memoryOf(instance) {
      const known = world.memories.get(instance) ?? watch(createMemoryStore(scheduler.nowMs), written);
      world.memories.set(instance, known);
      return known;
    },
    addSession(identity, grant) {
      const session: Session = {
        name: `S${world.sessions.length + 1} (${identity.subject})`,
        identity,
        ref: sessionRefOf(identity),
        grant,
        loginAtMs: scheduler.nowMs(),
        tombstone: undefined,
        revoked: undefined,
        leases: [],
        stored: new Map(),
        redemptions: [],
        unknownAtMs: [],
        mismatched: false,
        invalidAtMs: [],
      };
      if (world.revocations.some((one) => isMeant(session, one))) session.revoked = now(world);
      world.sessions.push(session);
      return session;
    },
  };
  return world;
}
