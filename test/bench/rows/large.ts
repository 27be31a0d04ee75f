/** A warm instance passes on an answer of 1 MB: collected, and as it arrives. */
import type { Finding, Row } from '../finding.ts';
import { fetchEvent } from '../parts/events.ts';
import { startInstance, withInstances } from '../parts/instance.ts';
import type { Instance, Keep } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';
import { interleave, quantile } from '../statistics.ts';

const path = '/api/orders/large';
const callsOfRound = 20;
/** Calls until hardly anything more is compiled. */
const warmUp: Readonly<Record<Contender, number>> = { passThrough: 600, api: 600, streamThrough: 2000, stream: 2000 };
/** Of every contender, one after another: processes of one and the same function differ by more than their rounds do. */
const processes = 3;
/** In each of them, also where fewer runs were asked for: warming up takes longer than these. */
const leastRounds = 15;

/** Milliseconds of each round. */
interface Figures {
  /** Processor time of the process, per call. */
  readonly cpu: number[];
  readonly p50: number[];
  readonly p99: number[];
}

const contenders = ['passThrough', 'api', 'streamThrough', 'stream'] as const;
type Contender = (typeof contenders)[number];

const noFigures = (): Figures => ({ cpu: [], p50: [], p99: [] });

async function callRound(
  instance: Instance,
  figures: Figures,
  event: () => object,
  calls = callsOfRound,
): Promise<number> {
  const eachMs: number[] = [];
  const before = await instance.cpuMs();
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now();
    const { statusCode } = await instance.invoke(event());
    if (statusCode !== 200) throw new Error(`a call of 1 MB was answered with ${statusCode}`);
    eachMs.push(performance.now() - startedAt);
  }
  const cpuMs = ((await instance.cpuMs()) - before) / calls;
  figures.cpu.push(cpuMs);
  figures.p50.push(quantile(eachMs, 0.5));
  figures.p99.push(quantile(eachMs, 0.99));
  return cpuMs;
}

const names = { cpu: 'processor time of its process', p50: 'p50', p99: 'p99' } as const;

/** What is measured of one way to pass the answer on. */
const comparison = (how: string, measured: Figures, against: Figures) => {
  const found = (figure: keyof Figures): Finding => ({
    what: `answer of 1 MB, ${how}, ${names[figure]}`,
    unit: 'ms',
    measured: measured[figure],
    against: { what: 'a pass-through handler that does the same', measured: against[figure] },
  });
  const held = (figure: keyof Figures, atMost: number): Finding => ({
    ...found(figure),
    budget: { of: 'ratio', atMost, kind: 'timed' },
  });
  return { found, held };
};

/** One process of each takes turns with the others. */
async function measureProcesses(
  { product, baseline }: Stage,
  event: () => object,
  rounds: number,
  figures: Readonly<Record<Contender, Figures>>,
): Promise<void> {
  await withInstances(async (keep) => {
    const instances: Readonly<Record<Contender, Instance>> = {
      passThrough: keep(await startInstance(baseline('pass-through', { measured: true }))),
      api: keep(await startInstance(product('api', { table: true, measured: true }))),
      streamThrough: keep(await startInstance(baseline('stream-through', { measured: true }))),
      stream: keep(await startInstance(product('stream', { table: true, measured: true }))),
    };
    for (const name of contenders) await callRound(instances[name], noFigures(), event, warmUp[name]);
    const round = (name: Contender) => async (): Promise<number> => callRound(instances[name], figures[name], event);
    await interleave(rounds, {
      passThrough: round('passThrough'),
      api: round('api'),
      streamThrough: round('streamThrough'),
      stream: round('stream'),
    });
  });
}

async function measureStage(stage: Stage, runs: number, keep: Keep): Promise<readonly Finding[]> {
  const auth = keep(await startInstance(stage.product('auth', { table: true })));
  const figures = { passThrough: noFigures(), api: noFigures(), streamThrough: noFigures(), stream: noFigures() };
  const rounds = Math.max(leastRounds, Math.ceil(runs / processes));
  for (let count = 0; count < processes; count += 1) {
    // A new session for each: the activity of one that is minutes old is written down anew with every call.
    const jar = await logIn(auth, stage.provider);
    await measureProcesses(stage, () => fetchEvent(path, jar.header(path)), rounds, figures);
  }
  const { passThrough, api, streamThrough, stream } = figures;
  const buffered = comparison('buffered', api, passThrough);
  const streamed = comparison('streamed', stream, streamThrough);
  return [
    buffered.held('cpu', 1.2),
    buffered.found('p50'),
    buffered.found('p99'),
    streamed.found('cpu'),
    // Nine tenths of the throughput.
    streamed.held('p50', 1.11),
    streamed.found('p99'),
  ];
}

export const large: Row = {
  name: 'large',
  title: 'Warm: an answer of 1 MB',
  measure: async ({ runs }) =>
    withStage(async (stage) => withInstances(async (keep) => measureStage(stage, runs, keep))),
};
