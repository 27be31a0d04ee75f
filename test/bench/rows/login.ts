/** What the function `auth` does for one login, and its callback against the least that a callback can be. */
import type { Finding, Row } from '../finding.ts';
import { startInstance } from '../parts/instance.ts';
import type { Instance } from '../parts/instance.ts';
import { finishLogin, startLogin } from '../parts/person.ts';
import type { LoginOnItsWay } from '../parts/person.ts';
import type { Provider } from '../parts/provider.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';

/** Logins before anything is measured, until the code is compiled. */
const warmUp = 150;
/** Logins of one round. */
const logins = 15;

/** Processor time and time of each, in milliseconds. */
interface Cost {
  readonly cpuMs: number;
  readonly tookMs: number;
}

async function costOf(instance: Instance, each: readonly (() => Promise<unknown>)[]): Promise<Cost> {
  const before = await instance.cpuMs();
  const startedAt = performance.now();
  for (const one of each) await one();
  const tookMs = (performance.now() - startedAt) / each.length;
  return { cpuMs: ((await instance.cpuMs()) - before) / each.length, tookMs };
}

async function startLogins(auth: Instance, provider: Provider): Promise<{ cost: Cost; started: LoginOnItsWay[] }> {
  const started: LoginOnItsWay[] = [];
  const each = Array.from({ length: logins }, () => async () => started.push(await startLogin(auth, provider)));
  return { cost: await costOf(auth, each), started };
}

const finishLogins = async (auth: Instance, started: readonly LoginOnItsWay[]): Promise<Cost> =>
  costOf(
    auth,
    started.map((one) => async () => finishLogin(auth, one)),
  );

type Costs = Record<'start' | 'callback' | 'exchange' | 'startWithTable' | 'callbackWithTable', Cost[]>;

interface Instances {
  readonly auth: Instance;
  readonly withTable: Instance;
  readonly exchange: Instance;
}

async function round({ auth, withTable, exchange }: Instances, provider: Provider, costs: Costs): Promise<void> {
  const plain = await startLogins(auth, provider);
  const tabled = await startLogins(withTable, provider);
  const spare = await startLogins(auth, provider);
  costs.start.push(plain.cost);
  costs.callback.push(await finishLogins(auth, plain.started));
  costs.exchange.push(
    await costOf(
      exchange,
      spare.started.map(
        ({ callback }) =>
          async () =>
            exchange.invoke(callback),
      ),
    ),
  );
  costs.startWithTable.push(tabled.cost);
  costs.callbackWithTable.push(await finishLogins(withTable, tabled.started));
}

const sums = (left: readonly Cost[], right: readonly Cost[]): number[] =>
  left.map(({ cpuMs }, index) => cpuMs + (right[index]?.cpuMs ?? Number.NaN));

const ownTime = { of: 'figure', atMost: 3, kind: 'timed' } as const;

const each = (of: readonly Cost[], figure: keyof Cost): number[] => of.map((cost) => cost[figure]);

function findingsOf(costs: Costs): readonly Finding[] {
  const unit = 'ms';
  const exchange = (figure: keyof Cost) => ({
    what: 'one exchange over a kept connection and an RS256 check',
    measured: each(costs.exchange, figure),
  });
  const callback = (of: 'callback' | 'callbackWithTable', figure: keyof Cost, what: string): Finding => ({
    what,
    unit,
    measured: each(costs[of], figure),
    against: exchange(figure),
  });
  return [
    {
      ...callback('callback', 'cpuMs', 'callback without a table, processor time'),
      budget: { of: 'ratio', atMost: 1.5, kind: 'timed' },
    },
    callback('callback', 'tookMs', 'callback without a table, time'),
    callback('callbackWithTable', 'cpuMs', 'callback with a table, processor time'),
    callback('callbackWithTable', 'tookMs', 'callback with a table, time'),
    {
      what: 'a login without a table, processor time',
      unit,
      measured: sums(costs.start, costs.callback),
      budget: ownTime,
    },
    {
      what: 'a login with a table, processor time',
      unit,
      measured: sums(costs.startWithTable, costs.callbackWithTable),
      budget: ownTime,
    },
  ];
}

async function measureStage({ product, baseline, provider }: Stage, runs: number): Promise<readonly Finding[]> {
  const instances = {
    auth: await startInstance(product('auth', { measured: true })),
    withTable: await startInstance(product('auth', { measured: true, table: true })),
    exchange: await startInstance(baseline('exchange', { measured: true })),
  };
  try {
    for (let done = 0; done < warmUp; done += logins) {
      await round(instances, provider, {
        start: [],
        callback: [],
        exchange: [],
        startWithTable: [],
        callbackWithTable: [],
      });
    }
    const costs: Costs = { start: [], callback: [], exchange: [], startWithTable: [], callbackWithTable: [] };
    for (let run = 0; run < runs; run += 1) await round(instances, provider, costs);
    return findingsOf(costs);
  } finally {
    for (const instance of Object.values(instances)) await instance.close();
  }
}

export const login: Row = {
  name: 'login',
  title: 'Login: what one takes of the function auth, warm, runtime client included',
  measure: async ({ runs }) => withStage(async (stage) => measureStage(stage, runs)),
};
