/** Tokens that have ended: what one refresh takes, what it adds to the call that pays for it, and many callers at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Effort, Finding, Row } from '../finding.ts';
import { fetchEvent } from '../parts/events.ts';
import type { Jar } from '../parts/events.ts';
import { startInstance } from '../parts/instance.ts';
import type { Instance, Result } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';
import { median } from '../statistics.ts';

const path = '/api/orders/open';
const shortSeconds = 2;
const longSeconds = 300;
/** How slow a provider is that is not on this machine. */
const providerMs = 250;
/** Refreshes before anything is measured, until the code is compiled. */
const warmUp = 120;
const refreshesPerRound = 10;

const callOf = (jar: Jar): object => fetchEvent(path, jar.header(path));

function expectAnswer({ statusCode, body }: Result): void {
  if (statusCode !== 200) throw new Error(`a call answered ${statusCode}: ${body}`);
}

/** Sessions whose access tokens have ended and will be followed by ones of the usual life. */
async function endedSessions({ provider }: Stage, auth: Instance, count: number): Promise<readonly Jar[]> {
  provider.accessTokenSeconds = shortSeconds;
  const jars: Jar[] = [];
  for (let index = 0; index < count; index += 1) jars.push(await logIn(auth, provider));
  provider.accessTokenSeconds = longSeconds;
  await sleep(shortSeconds * 1000 + 500);
  return jars;
}

interface Batch {
  readonly cpuMs: number;
  readonly eachMs: readonly number[];
}

async function callEach(api: Instance, events: readonly object[]): Promise<Batch> {
  const eachMs: number[] = [];
  const before = await api.cpuMs();
  for (const event of events) {
    const startedAt = performance.now();
    expectAnswer(await api.invoke(event));
    eachMs.push(performance.now() - startedAt);
  }
  return { cpuMs: ((await api.cpuMs()) - before) / events.length, eachMs };
}

interface Single {
  /** Beyond those of a hot call, per round. */
  readonly cpuMs: readonly number[];
  readonly tookMs: readonly number[];
  readonly tokenRequestMs: readonly number[];
}

/** One refresh after another, each of another session, between hot calls of the same instance. */
async function refreshes(stage: Stage, table: boolean, runs: number): Promise<Single> {
  const auth = await startInstance(stage.product('auth', { table }));
  const api = await startInstance(stage.product('api', { table, measured: true }));
  try {
    const hot = callOf(await logIn(auth, stage.provider));
    const jars = await endedSessions(stage, auth, warmUp + runs * refreshesPerRound);
    await callEach(api, jars.slice(0, warmUp).map(callOf));
    const [refreshing, usual]: [Batch[], Batch[]] = [[], []];
    stage.provider.tokenRequestsMs.length = 0;
    for (let at = warmUp; at < jars.length; at += refreshesPerRound) {
      refreshing.push(await callEach(api, jars.slice(at, at + refreshesPerRound).map(callOf)));
      usual.push(
        await callEach(
          api,
          Array.from({ length: refreshesPerRound }, () => hot),
        ),
      );
    }
    return {
      cpuMs: refreshing.map(({ cpuMs }, round) => cpuMs - (usual[round]?.cpuMs ?? Number.NaN)),
      tookMs: refreshing.map(({ eachMs }, round) => median(eachMs) - median(usual[round]?.eachMs ?? [])),
      tokenRequestMs: [...stage.provider.tokenRequestsMs],
    };
  } finally {
    await Promise.all([auth.close(), api.close()]);
  }
}

async function single(stage: Stage, runs: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const table of [false, true]) {
    const where = table ? 'with a table' : 'without a table';
    const { cpuMs, tookMs, tokenRequestMs } = await refreshes(stage, table, runs);
    findings.push(
      {
        what: `a refresh ${where}, processor time beyond that of a hot call`,
        unit: 'ms',
        measured: cpuMs,
        budget: { of: 'figure', atMost: 0.8, kind: 'timed' },
      },
      {
        what: `what a refresh ${where} adds to the call that pays for it`,
        unit: 'ms',
        measured: tookMs,
        against: { what: 'the token request within the provider', measured: tokenRequestMs },
      },
    );
  }
  return findings;
}

/** Instances that have answered and refreshed before, as most have where there are many. */
async function warmInstances(
  stage: Stage,
  auth: Instance,
  count: number,
  keep: (api: Instance) => void,
): Promise<void> {
  for (const jar of await endedSessions(stage, auth, count)) {
    const api = await startInstance(stage.product('api', { table: true }));
    keep(api);
    expectAnswer(await api.invoke(callOf(jar)));
  }
}

interface Answer {
  /** The problem code where the answer is not the API's. */
  readonly problem: string | undefined;
  readonly afterMs: number;
}

async function callAtOnce(apis: readonly Instance[], event: object): Promise<readonly Answer[]> {
  const startedAt = performance.now();
  return Promise.all(
    apis.map(async (api) => {
      const { headers = {} } = await api.invoke(event);
      return { problem: headers['bff-error'], afterMs: performance.now() - startedAt };
    }),
  );
}

function crowdFindings(answers: readonly Answer[], { provider, table }: Stage): readonly Finding[] {
  const callers = `${answers.length} callers`;
  const problems = answers.flatMap(({ problem }) => problem ?? []);
  const times = answers.map(({ afterMs }) => afterMs).toSorted((left, right) => left - right);
  const [first = Number.NaN, last = Number.NaN] = [times[0], times.at(-1)];
  const tokenMs = median(provider.tokenRequestsMs);
  const against = { what: 'the token request', measured: [tokenMs] };
  return [
    {
      what: `${callers}: token requests`,
      unit: 'requests',
      measured: [provider.tokenRequestsMs.length],
      budget: { of: 'figure', atMost: 1, kind: 'exact' },
    },
    {
      what: `${callers}: answers other than the API's`,
      unit: 'requests',
      measured: [problems.length],
      ...(problems.length > 0 && { note: [...new Set(problems)].join(', ') }),
    },
    {
      what: `${callers}: until the last answer`,
      unit: 'ms',
      measured: [last],
      against,
      budget: { of: 'figure', atMost: 2 * tokenMs + 2 * answers.length, kind: 'timed' },
      note: `a provider that takes ${providerMs} ms; every caller is a process, and all of them share this machine`,
    },
    { what: `${callers}: from the first to the last answer`, unit: 'ms', measured: [last - first], against },
    { what: `${callers}: table reads`, unit: 'items', measured: [table.counts.reads] },
    { what: `${callers}: table writes`, unit: 'items', measured: [table.counts.writes] },
  ];
}

/** All callers at once, each in an instance of its own, with one token that has ended. */
async function crowd(stage: Stage, auth: Instance, { callers }: Effort): Promise<readonly Finding[]> {
  const { provider, table } = stage;
  const apis: Instance[] = [];
  try {
    await warmInstances(stage, auth, callers, (api) => apis.push(api));
    const [jar] = await endedSessions(stage, auth, 1);
    if (jar === undefined) throw new Error('there is no session');
    provider.tokenRequestsMs.length = 0;
    provider.delayMs = providerMs;
    Object.assign(table.counts, { reads: 0, writes: 0 });
    const answers = await callAtOnce(apis, callOf(jar));
    provider.delayMs = 0;
    return crowdFindings(answers, stage);
  } finally {
    await Promise.all(apis.map(async (api) => api.close()));
  }
}

export const refresh: Row = {
  name: 'refresh',
  title: 'Refresh: tokens that have ended',
  measure: async (effort) =>
    withStage(async (stage) => {
      const auth = await startInstance(stage.product('auth', { table: true }));
      try {
        return [...(await single(stage, effort.runs)), ...(await crowd(stage, auth, effort))];
      } finally {
        await auth.close();
      }
    }),
};
