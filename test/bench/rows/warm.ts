/** A warm instance: what a proxied call and the user endpoint take with every check on, and what they ask of others. */
import type { Finding, Row } from '../finding.ts';
import { fetchEvent } from '../parts/events.ts';
import { startInstance, withInstances } from '../parts/instance.ts';
import type { Instance, Keep, Result } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';
import { interleave, quantile } from '../statistics.ts';

const path = '/api/orders/open';
/** Calls before anything is measured, until nothing more is compiled: within the process, then rounds through the runtime client. */
const warmUp = 4000;
const warmUpRounds = 30;
/** Calls of one round: through the runtime client, and within the process. */
const callsInClient = 150;
const callsInProcess = 1000;

interface Round {
  readonly cpuMs: number;
  readonly p50: number;
  readonly p99: number;
}

/** Calls one after another, each through the runtime interface client; latency is seen from outside the process. */
async function callRound(instance: Instance, event: object): Promise<Round> {
  const eachMs: number[] = [];
  const before = await instance.cpuMs();
  for (let call = 0; call < callsInClient; call += 1) {
    const startedAt = performance.now();
    await instance.invoke(event);
    eachMs.push(performance.now() - startedAt);
  }
  const used = (await instance.cpuMs()) - before;
  return { cpuMs: used / callsInClient, p50: quantile(eachMs, 0.5), p99: quantile(eachMs, 0.99) };
}

async function loopRound(instance: Instance, event: object): Promise<Round> {
  const { cpuMs, eachMs } = await instance.loop(event, callsInProcess);
  return { cpuMs: cpuMs / callsInProcess, p50: quantile(eachMs, 0.5), p99: quantile(eachMs, 0.99) };
}

type Rounds = Readonly<Record<'passThrough' | 'api' | 'nothing' | 'user', readonly Round[]>>;

async function rounds(
  runs: number,
  instances: Readonly<Record<'passThrough' | 'api' | 'nothing', Instance>>,
  events: { readonly call: () => object; readonly user: () => object },
  measure: (instance: Instance, event: object) => Promise<Round>,
): Promise<Rounds> {
  const found: Record<keyof Rounds, Round[]> = { passThrough: [], api: [], nothing: [], user: [] };
  const into = (name: keyof Rounds, instance: Instance, event: () => object) => async (): Promise<number> => {
    const round = await measure(instance, event());
    found[name].push(round);
    return round.cpuMs;
  };
  await interleave(runs, {
    passThrough: into('passThrough', instances.passThrough, events.call),
    api: into('api', instances.api, events.call),
    nothing: into('nothing', instances.nothing, events.user),
    user: into('user', instances.api, events.user),
  });
  return found;
}

const figures = (measured: readonly Round[], figure: keyof Round): number[] => measured.map((round) => round[figure]);

const compare = (what: string, found: Rounds, figure: keyof Round): Finding => ({
  what: `proxied call, ${what}`,
  unit: 'ms',
  measured: figures(found.api, figure),
  against: { what: 'the pass-through handler', measured: figures(found.passThrough, figure) },
});

const ratio = (atMost: number) => ({ budget: { of: 'ratio', atMost, kind: 'timed' } }) as const;

function findingsOf(inClient: Rounds, inHandler: Rounds): readonly Finding[] {
  return [
    { ...compare('processor time of its process', inClient, 'cpuMs'), ...ratio(1.3) },
    compare('p50', inClient, 'p50'),
    { ...compare('p99', inClient, 'p99'), ...ratio(1.5) },
    compare('processor time of the handler alone', inHandler, 'cpuMs'),
    compare('p50 of the handler alone', inHandler, 'p50'),
    compare('p99 of the handler alone', inHandler, 'p99'),
    {
      what: '/bff/user, processor time of the handler alone',
      unit: 'ms',
      measured: figures(inHandler.user, 'cpuMs'),
      against: { what: 'a handler that does nothing', measured: figures(inHandler.nothing, 'cpuMs') },
      budget: { of: 'difference', atMost: 0.05, kind: 'timed' },
    },
  ];
}

/** What a hundred calls ask of anybody but the API, and whether they change the jar. */
async function countRequests(
  { ssm, table, provider }: Stage,
  api: Instance,
  call: object,
): Promise<readonly Finding[]> {
  const count = (): number => ssm.calls.length + table.counts.reads + table.counts.writes + provider.requests;
  const before = count();
  const results: Result[] = [];
  for (let index = 0; index < 100; index += 1) results.push(await api.invoke(call));
  const failed = results.filter(({ statusCode }) => statusCode !== 200).length;
  if (failed > 0) throw new Error(`${failed} of 100 hot calls failed`);
  const budget = { of: 'figure', atMost: 0, kind: 'exact' } as const;
  return [
    {
      what: '100 hot calls: requests to parameters, table and provider',
      unit: 'requests',
      measured: [count() - before],
      budget,
    },
    {
      what: '100 hot calls: cookies set',
      unit: 'items',
      measured: [results.reduce((sum, { cookies = [] }) => sum + cookies.length, 0)],
      budget,
    },
  ];
}

async function measureStage(stage: Stage, runs: number, keep: Keep): Promise<readonly Finding[]> {
  const { product, baseline, provider } = stage;
  const auth = keep(await startInstance(product('auth', { table: true })));
  const jar = await logIn(auth, provider);
  const instances = {
    passThrough: keep(await startInstance(baseline('pass-through', { measured: true }))),
    api: keep(await startInstance(product('api', { table: true, measured: true }))),
    nothing: keep(await startInstance(baseline('null', { measured: true }))),
  };
  const events = {
    call: () => fetchEvent(path, jar.header(path)),
    user: () => fetchEvent('/bff/user', jar.header('/bff/user')),
  };
  for (const instance of Object.values(instances)) await instance.loop(events.call(), warmUp);
  await instances.api.loop(events.user(), warmUp);
  const requests = await countRequests(stage, instances.api, events.call());
  // The same code is compiled anew for what it sees through the runtime client, and the compiler's threads count as well.
  await rounds(warmUpRounds, instances, events, callRound);
  const inClient = await rounds(runs, instances, events, callRound);
  const inHandler = await rounds(runs, instances, events, loopRound);
  return [...findingsOf(inClient, inHandler), ...requests];
}

export const warm: Row = {
  name: 'warm',
  title: 'Warm: one call after another, all checks on',
  measure: async ({ runs }) =>
    withStage(async (stage) => withInstances(async (keep) => measureStage(stage, runs, keep))),
};
