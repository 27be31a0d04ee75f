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
const warmUp = 200;

interface Contender {
  readonly instance: Instance;
  readonly p50: number[];
  readonly p99: number[];
}

async function callRound({ instance, p50, p99 }: Contender, event: object, calls = callsOfRound): Promise<number> {
  const eachMs: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now();
    const { statusCode } = await instance.invoke(event);
    if (statusCode !== 200) throw new Error(`a call of 1 MB was answered with ${statusCode}`);
    eachMs.push(performance.now() - startedAt);
  }
  p50.push(quantile(eachMs, 0.5));
  p99.push(quantile(eachMs, 0.99));
  return quantile(eachMs, 0.5);
}

const compare = (how: string, measured: Contender, against: Contender): readonly Finding[] =>
  (['p50', 'p99'] as const).map((figure) => ({
    what: `answer of 1 MB, ${how}, ${figure}`,
    unit: 'ms',
    measured: measured[figure],
    against: { what: 'a pass-through handler that does the same', measured: against[figure] },
  }));

async function measureStage(
  { product, baseline, provider }: Stage,
  runs: number,
  keep: Keep,
): Promise<readonly Finding[]> {
  const jar = await logIn(keep(await startInstance(product('auth', { table: true }))), provider);
  const event = (): object => fetchEvent(path, jar.header(path));
  const contend = (instance: Instance): Contender => ({ instance: keep(instance), p50: [], p99: [] });
  const contenders = {
    passThrough: contend(await startInstance(baseline('pass-through'))),
    api: contend(await startInstance(product('api', { table: true }))),
    streamThrough: contend(await startInstance(baseline('stream-through'))),
    stream: contend(await startInstance(product('stream', { table: true }))),
  };
  for (const { instance } of Object.values(contenders)) {
    await callRound({ instance, p50: [], p99: [] }, event(), warmUp);
  }
  const { passThrough, api, streamThrough, stream } = contenders;
  await interleave(runs, {
    passThrough: async () => callRound(passThrough, event()),
    api: async () => callRound(api, event()),
    streamThrough: async () => callRound(streamThrough, event()),
    stream: async () => callRound(stream, event()),
  });
  return [...compare('buffered', api, passThrough), ...compare('streamed', stream, streamThrough)];
}

export const large: Row = {
  name: 'large',
  title: 'Warm: an answer of 1 MB',
  measure: async ({ runs }) =>
    withStage(async (stage) => withInstances(async (keep) => measureStage(stage, runs, keep))),
};
