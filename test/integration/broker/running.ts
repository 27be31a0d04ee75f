/**
 * One stack for the tests of a group: started before them, its provider mended after each of them, ended after the last.
 * Every answer and every log line of it is watched.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import type { Api, Apis } from '../../../infra/local/apis.ts';
import { isEvents, type Events } from '../../../infra/local/gateway/kinds.ts';
import type { FunctionLine } from '../../../infra/local/lambda/function.ts';
import type { Faults, Provider, Tenant } from '../../../infra/local/provider/provider.ts';
import { startStack, type Stack, type StackOptions } from '../../../infra/local/stack.ts';
import { clockModules } from './clock.ts';
import { packageFolder } from './package.ts';
import { watch, type Watch } from './watch.ts';

/** A running stack with everything in it that a configuration may leave out. */
export interface Running {
  readonly origin: string;
  readonly stack: Stack;
  readonly provider: Provider;
  readonly apis: Apis;
  /** The first log line of the functions for which this is true, as soon as it is written. */
  logged(isIt: (line: LogLine) => boolean): Promise<LogLine>;
  /** Every log line so far. */
  lines(): readonly LogLine[];
  /** Ends the functions' processes, so that the next request meets one that knows nothing yet. */
  forgetInstances(): Promise<void>;
}

/** One event of the functions' log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string; readonly ref: string };

/** The configuration that the tests vary: the one-machine stage's, with two APIs of different audiences. */
export const usual = {
  development: true,
  publicOrigin: 'http://localhost:3000',
  provider: {
    preset: 'auth0',
    issuer: 'http://127.0.0.1:3001/',
    clientId: 'token-broker',
    clientAuth: { method: 'client_secret_basic', secret: { $parameter: 'client-secret' } },
  },
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  login: { api: 'orders', allow: ['login_hint', 'prompt', 'ui_locales'] },
  apis: {
    orders: {
      path: '/api/orders',
      upstream: 'http://127.0.0.1:3002',
      audience: 'https://orders.example.com',
      scopes: ['read:orders'],
    },
    profile: {
      path: '/api/profile',
      upstream: 'http://127.0.0.1:3003',
      audience: 'https://profile.example.com',
      scopes: ['read:profile'],
    },
  },
} as const;

function eventsWanted(): Events {
  const { BROKER_EVENTS: wanted = 'http-api' } = process.env;
  assert.ok(isEvents(wanted), `there is no kind of gateway called ${wanted}`);
  return wanted;
}

/** The kind of gateway in front of the functions: with BROKER_EVENTS in the environment, the same tests have another one. */
export const events = eventsWanted();

function parse({ text, stream }: FunctionLine): LogLine | undefined {
  if (stream !== 'stdout') return undefined;
  try {
    const line = JSON.parse(text) as Partial<LogLine>;
    return typeof line.event === 'string' && typeof line.ref === 'string' ? (line as LogLine) : undefined;
  } catch {
    return undefined;
  }
}

function createLogReader() {
  const lines: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  return {
    lines,
    take(line: FunctionLine): void {
      const parsed = parse(line);
      if (parsed === undefined) return;
      lines.push(parsed);
      for (const tell of waiting) tell(parsed);
    },
    async logged(isIt: (line: LogLine) => boolean): Promise<LogLine> {
      const found = lines.find(isIt);
      if (found !== undefined) return found;
      return new Promise((resolve) => {
        const tell = (line: LogLine): void => {
          if (!isIt(line)) return;
          waiting.delete(tell);
          resolve(line);
        };
        waiting.add(tell);
      });
    },
  };
}

function mend({ faults, tenant }: Provider, asStarted: Tenant): void {
  for (const name of Object.keys(faults) as (keyof Faults)[]) delete faults[name];
  Object.assign(tenant, asStarted);
}

/**
 * Call it in a `describe`, or at the top of a file. Its members can be used in tests and hooks, not before.
 *
 * @param options of the stack; without a configuration it has the usual one
 */
export function running(options: StackOptions = {}): Running {
  const log = createLogReader();
  let started: Stack | undefined;
  let tenant: Tenant | undefined;
  let watching: Watch | undefined;

  const stack = (): Stack => {
    assert.ok(started, 'the stack runs during tests only');
    return started;
  };
  const provider = (): Provider => {
    const found = stack().provider;
    assert.ok(found, 'the configuration names no provider of this machine');
    return found;
  };

  before(async () => {
    started = await startStack({
      configuration: { value: usual },
      packageFolder: await packageFolder(),
      sink: (line) => log.take(line),
      preload: clockModules(),
      events,
      ...options,
    });
    tenant = { ...provider().tenant };
    watching = watch(started, options.parameters);
  });
  afterEach(() => {
    if (started !== undefined && tenant !== undefined) mend(provider(), tenant);
  });
  after(async () => {
    await started?.close();
    watching?.end();
  });

  return {
    get origin() {
      return stack().origin;
    },
    get stack() {
      return stack();
    },
    get provider() {
      return provider();
    },
    get apis() {
      const found = stack().apis;
      assert.ok(found, 'the configuration names no API of this machine');
      return found;
    },
    logged: async (isIt) => log.logged(isIt),
    lines: () => log.lines,
    async forgetInstances() {
      const processes = stack().lambda.processes();
      for (const one of processes) one.kill();
      await Promise.all(processes.map(async ({ ended }) => ended));
    },
  };
}

/** The header of the newest request to an API; `undefined` where it came without. */
export function receivedHeader({ requests }: Api, name: string): string | undefined {
  const headers = requests.at(-1)?.rawHeaders ?? [];
  const at = headers.findIndex((header, index) => index % 2 === 0 && header.toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}
