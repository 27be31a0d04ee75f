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
const warmUp = 600;

/** Milliseconds of each round. */
interface Figures {
  /** Processor time of the process, per call. */
  readonly cpu: number[];
  readonly p50: number[];
  readonly p99: number[];
}

interface Contender {
  readonly instance: Instance;
  readonly figures: Figures;
}

const noFigures = (): Figures => ({ cpu: [], p50: [], p99: [] });

async function callRound(instance: Instance, figures: Figures, event: object, calls = callsOfRound): Promise<number> {
  const eachMs: number[] = [];
  const before = await instance.cpuMs();
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now();
    const { statusCode } = await instance.invoke(event);
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
const comparison = (how: string, measured: Contender, against: Contender) => {
  const found = (figure: keyof Figures): Finding => ({
    what: `answer of 1 MB, ${how}, ${names[figure]}`,
    unit: 'ms',
    measured: measured.figures[figure],
    against: { what: 'a pass-through handler that does the same', measured: against.figures[figure] },
  });
  const held = (figure: keyof Figures, atMost: number): Finding => ({
    ...found(figure),
    budget: { of: 'ratio', atMost, kind: 'timed' },
  });
  return { found, held };
};

async function measureStage(
  { product, baseline, provider }: Stage,
  runs: number,
  keep: Keep,
): Promise<readonly Finding[]> {
  const jar = await logIn(keep(await startInstance(product('auth', { table: true }))), provider);
  const event = (): object => fetchEvent(path, jar.header(path));
  const contend = (instance: Instance): Contender => ({ instance: keep(instance), figures: noFigures() });
  const contenders = {
    passThrough: contend(await startInstance(baseline('pass-through', { measured: true }))),
    api: contend(await startInstance(product('api', { table: true, measured: true }))),
    streamThrough: contend(await startInstance(baseline('stream-through', { measured: true }))),
    stream: contend(await startInstance(product('stream', { table: true, measured: true }))),
  };
  for (const { instance } of Object.values(contenders)) await callRound(instance, noFigures(), event(), warmUp);
  const { passThrough, api, streamThrough, stream } = contenders;
  const round =
    ({ instance, figures }: Contender) =>
    async (): Promise<number> =>
      callRound(instance, figures, event());
  await interleave(runs, {
    passThrough: round(passThrough),
    api: round(api),
    streamThrough: round(streamThrough),
    stream: round(stream),
  });
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
