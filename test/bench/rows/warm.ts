/** A warm instance: what a proxied call and the user endpoint take with every check on, and what they ask of others. */
import type { Finding, Row } from '../finding.ts';
import { fetchEvent } from '../parts/events.ts';
import type { Jar } from '../parts/events.ts';
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
/** Calls of one round: through the runtime client, and within the process. The former are more than an instance remembers jars. */
const callsInClient = 150;
const callsInProcess = 1000;

interface Round {
  readonly cpuMs: number;
  readonly p50: number;
  readonly p99: number;
}

const callOf = (jar: Jar): object => fetchEvent(path, jar.header(path));
const userOf = (jar: Jar): object => fetchEvent('/bff/user', jar.header('/bff/user'));

/** Who is measured, and the events of one round, made anew with it because they grow old. */
interface Contender {
  readonly instance: Instance;
  readonly events: () => readonly [object, ...object[]];
}

/** Calls one after another, each through the runtime interface client; latency is seen from outside the process. */
async function callRound({ instance, events }: Contender): Promise<Round> {
  const eachMs: number[] = [];
  const made = events();
  const before = await instance.cpuMs();
  for (let call = 0; call < callsInClient; call += 1) {
    const event = made[call % made.length] ?? made[0];
    const startedAt = performance.now();
    await instance.invoke(event);
    eachMs.push(performance.now() - startedAt);
  }
  const used = (await instance.cpuMs()) - before;
  return { cpuMs: used / callsInClient, p50: quantile(eachMs, 0.5), p99: quantile(eachMs, 0.99) };
}

async function loopRound({ instance, events }: Contender): Promise<Round> {
  const { cpuMs, eachMs } = await instance.loop(events()[0], callsInProcess);
  return { cpuMs: cpuMs / callsInProcess, p50: quantile(eachMs, 0.5), p99: quantile(eachMs, 0.99) };
}

async function rounds<Name extends string>(
  runs: number,
  contenders: Readonly<Record<Name, Contender>>,
  measure: (contender: Contender) => Promise<Round>,
): Promise<Readonly<Record<Name, readonly Round[]>>> {
  const names = Object.keys(contenders) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>;
  const takeTurn = (name: Name) => async (): Promise<number> => {
    const round = await measure(contenders[name]);
    found[name].push(round);
    return round.cpuMs;
  };
  const turns = Object.fromEntries(names.map((name) => [name, takeTurn(name)])) as Record<Name, () => Promise<number>>;
  await interleave(runs, turns);
  return found;
}

type Common = 'passThrough' | 'api' | 'nothing' | 'user';
type Rounds<Name extends string = Common> = Readonly<Record<Name, readonly Round[]>>;

const figures = (measured: readonly Round[], figure: keyof Round): number[] => measured.map((round) => round[figure]);

const against = (found: Rounds<'passThrough'>, figure: keyof Round) => ({
  against: { what: 'the pass-through handler', measured: figures(found.passThrough, figure) },
});

const compare = (what: string, found: Rounds, figure: keyof Round): Finding => ({
  what: `proxied call, ${what}`,
  unit: 'ms',
  measured: figures(found.api, figure),
  ...against(found, figure),
});

const ratio = (atMost: number) => ({ budget: { of: 'ratio', atMost, kind: 'timed' } }) as const;

function findingsOf(inClient: Rounds<Common | 'stranger'>, inHandler: Rounds): readonly Finding[] {
  return [
    { ...compare('processor time of its process', inClient, 'cpuMs'), ...ratio(1.3) },
    compare('p50', inClient, 'p50'),
    { ...compare('p99', inClient, 'p99'), ...ratio(1.5) },
    {
      what: 'call of a jar that the instance does not know, processor time of its process',
      unit: 'ms',
      measured: figures(inClient.stranger, 'cpuMs'),
      ...against(inClient, 'cpuMs'),
    },
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
  const contenders: Readonly<Record<Common, Contender>> = {
    passThrough: { instance: instances.passThrough, events: () => [callOf(jar)] },
    api: { instance: instances.api, events: () => [callOf(jar)] },
    nothing: { instance: instances.nothing, events: () => [userOf(jar)] },
    user: { instance: instances.api, events: () => [userOf(jar)] },
  };
  for (const { instance, events } of Object.values(contenders)) await instance.loop(events()[0], warmUp);
  const requests = await countRequests(stage, instances.api, callOf(jar));
  const others: Jar[] = [];
  while (others.length < callsInClient) others.push(await logIn(auth, provider));
  const stranger: Contender = { instance: instances.api, events: () => [callOf(jar), ...others.map(callOf)] };
  // The same code is compiled anew for what it sees through the runtime client, and the compiler's threads count as well.
  await rounds(warmUpRounds, { ...contenders, stranger }, callRound);
  const inClient = await rounds(runs, { ...contenders, stranger }, callRound);
  const inHandler = await rounds(runs, contenders, loopRound);
  return [...findingsOf(inClient, inHandler), ...requests];
}

export const warm: Row = {
  name: 'warm',
  title: 'Warm: one call after another, all checks on',
  measure: async ({ runs }) =>
    withStage(async (stage) => withInstances(async (keep) => measureStage(stage, runs, keep))),
};
