/** What a session asks of table, parameters and provider: at its login, and over a thousand calls within an hour. */
import { rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock, movingClock } from '../../integration/broker/moving-clock.ts';
import type { Finding, Row } from '../finding.ts';
import { fetchEvent } from '../parts/events.ts';
import { startInstance } from '../parts/instance.ts';
import type { Instance } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';

const path = '/api/orders/open';
const calls = 1000;
/** Between two calls; together they take 50 minutes. */
const everySeconds = 3;

let aheadMs = 0;
moveClock(() => aheadMs);

/** Sets the clocks of this process and of those that load `module`. */
async function withMovingClock<T>(
  use: (module: URL, advance: (seconds: number) => Promise<void>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'token-broker-clock-'));
  const file = join(folder, 'ahead');
  const write = async (): Promise<void> => writeFile(file, String(aheadMs));
  try {
    await write();
    return await use(movingClock(file), async (seconds) => {
      aheadMs += seconds * 1000;
      await write();
    });
  } finally {
    aheadMs = 0;
    await rm(folder, { recursive: true });
  }
}

interface Counts {
  readonly reads: number;
  readonly writes: number;
  readonly parameters: number;
  readonly tokens: number;
}

const countsOf = ({ table, ssm, provider }: Stage): Counts => ({
  reads: table.counts.reads,
  writes: table.counts.writes,
  parameters: ssm.calls.length,
  tokens: provider.tokenRequestsMs.length,
});

async function counted(stage: Stage, use: () => Promise<unknown>): Promise<Counts> {
  const before = countsOf(stage);
  await use();
  const after = countsOf(stage);
  return {
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    parameters: after.parameters - before.parameters,
    tokens: after.tokens - before.tokens,
  };
}

const findingsOf = (what: string, { reads, writes, parameters, tokens }: Counts): readonly Finding[] => [
  { what: `${what}: table reads`, unit: 'items', measured: [reads] },
  { what: `${what}: table writes`, unit: 'items', measured: [writes] },
  { what: `${what}: reads of parameters`, unit: 'requests', measured: [parameters] },
  { what: `${what}: token requests`, unit: 'requests', measured: [tokens] },
];

async function measureStage(
  stage: Stage,
  [auth, api]: readonly [Instance, Instance],
  advance: (seconds: number) => Promise<void>,
): Promise<readonly Finding[]> {
  await logIn(auth, stage.provider);
  let jar = await logIn(auth, stage.provider);
  const atLogin = await counted(stage, async () => (jar = await logIn(auth, stage.provider)));
  await api.invoke(fetchEvent(path, jar.header(path)));
  const afterwards = await counted(stage, async () => {
    for (let call = 0; call < calls; call += 1) {
      const result = await api.invoke(fetchEvent(path, jar.header(path)));
      if (result.statusCode !== 200) throw new Error(`call ${call} answered ${result.statusCode}: ${result.body}`);
      jar.keep(result);
      await advance(everySeconds);
    }
  });
  return [...findingsOf('a login', atLogin), ...findingsOf(`${calls} calls, one every ${everySeconds} s`, afterwards)];
}

export const requests: Row = {
  name: 'requests',
  title: 'Requests: what a session with 5-minute tokens asks of table, parameters and provider',
  measure: async () =>
    withMovingClock(async (module, advance) =>
      withStage(async (stage) => {
        const variant = { table: true, preload: [module] };
        const auth = await startInstance(stage.product('auth', variant));
        const api = await startInstance(stage.product('api', variant));
        try {
          return await measureStage(stage, [auth, api], advance);
        } finally {
          await auth.close();
          await api.close();
        }
      }),
    ),
};
