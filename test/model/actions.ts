/** What people, pages and the provider do. */
import { endpoint } from '../../functions/contract/wire.ts';
import { epochSeconds } from '../../functions/contract/units.ts';
import { jtiHash, sidHash, subjectHash } from '../../functions/refresh/references.ts';
import { StoreUnavailable } from '../../functions/refresh/store.ts';
import type { Jar } from './browser.ts';
import { logIn } from './log-in.ts';
import { begin, fetchFrom, type Sent } from './requests.ts';
import type { Action, Task } from './scheduler.ts';
import { storeFor } from './seams.ts';
import { issuer, paths, type ApiName } from './settings.ts';
import type { Session } from './truth.ts';
import type { World } from './world.ts';

/** Whatever one of the world's parts may do next. Jars and sessions are counted from 0, in the order in which they came to be. */
export type Deed =
  | {
      readonly kind: 'call';
      readonly jar: number;
      readonly api: ApiName;
      readonly instance?: number;
      /** Sent so many seconds later. */
      readonly after?: number;
    }
  | { readonly kind: 'refresh' | 'user'; readonly jar: number; readonly instance?: number }
  | { readonly kind: 'login'; readonly jar: number; readonly user: string; readonly alone?: boolean }
  | { readonly kind: 'logout'; readonly jar: number; readonly everywhere?: boolean }
  /** The provider ends a session, or all of a user's. */
  | { readonly kind: 'backchannel'; readonly session: number; readonly by: 'sid' | 'sub' }
  /** Somebody copies a jar and goes on with the copy. */
  | { readonly kind: 'copy'; readonly jar: number }
  | { readonly kind: 'pass'; readonly seconds: number };

// --- the provider ---

/** What the back-channel endpoint does with a logout token, but for its signature. */
async function endByProvider(world: World, task: Task, session: Session, by: 'sid' | 'sub'): Promise<void> {
  const sent: Sent = { kind: 'backchannel', jar: world.newJar(), method: 'POST', path: '/bff/backchannel' };
  const request = await world.scheduler.park(task, {
    label: `the provider ends ${session.name} by ${by}`,
    perform: () => begin(world, sent),
  });
  task.isInstance = true;
  const store = storeFor(world, task, request);
  const { subject, providerSid = '', endsAt } = session.identity;
  const until = epochSeconds(world.scheduler.nowMs() / 1000);
  try {
    if (by === 'sid') await store.revoke({ sid: sidHash(issuer, providerSid) }, until, endsAt);
    else await store.revoke({ subject: subjectHash(issuer, subject) }, until, endsAt);
    await store.useOnce('jti', jtiHash(issuer, request.name), endsAt);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

// --- deeds ---

const jarOf = (world: World, nth: number): Jar => {
  const known = world.jars[nth % Math.max(1, world.jars.length)];
  return known ?? world.newJar();
};

function labelOf(deed: Deed): string {
  const { kind, ...rest } = deed;
  return `${kind} ${Object.values(rest).join(' ')}`;
}

function start(world: World, deed: Exclude<Deed, { kind: 'pass' }>): void {
  const { spawn } = world.scheduler;
  const name = deed.kind;
  switch (deed.kind) {
    case 'call': {
      const { api, instance, after = 0 } = deed;
      const jar = jarOf(world, deed.jar);
      spawn(name, (task) =>
        fetchFrom(world, task, {
          kind: 'call',
          jar,
          method: 'GET',
          path: `/api/${api}`,
          api,
          instance,
          afterMs: after * 1000,
        }),
      );
      return;
    }
    case 'refresh':
    case 'user': {
      const jar = jarOf(world, deed.jar);
      const method = deed.kind === 'user' ? 'GET' : 'POST';
      const path = `/bff/${deed.kind}`;
      spawn(name, (task) => fetchFrom(world, task, { kind: deed.kind, jar, method, path, instance: deed.instance }));
      return;
    }
    case 'login': {
      const jar = jarOf(world, deed.jar);
      spawn(name, (task) => logIn(world, task, jar, { user: deed.user, alone: deed.alone ?? false }));
      return;
    }
    case 'logout': {
      const jar = jarOf(world, deed.jar);
      const query = deed.everywhere === true && world.settings.hasTable ? 'scope=all' : '';
      const path = paths.base + endpoint.logout;
      spawn(name, (task) => fetchFrom(world, task, { kind: 'logout', jar, method: 'POST', path, query }));
      return;
    }
    case 'backchannel': {
      const session = world.sessions[deed.session % Math.max(1, world.sessions.length)];
      if (session !== undefined && world.settings.hasTable)
        spawn(name, (task) => endByProvider(world, task, session, deed.by));
      return;
    }
    case 'copy':
      world.jars.push(jarOf(world, deed.jar).copy(`jar ${world.jars.length + 1}`));
  }
}

export const actionsOf = (world: World, deeds: readonly Deed[]): readonly Action[] =>
  deeds.map((deed): Action =>
    deed.kind === 'pass'
      ? { kind: 'pass', ms: deed.seconds * 1000 }
      : { kind: 'start', label: labelOf(deed), start: () => start(world, deed) },
  );
