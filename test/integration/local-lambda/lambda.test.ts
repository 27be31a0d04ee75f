/** Functions run in AWS's runtime interface client, one process per invocation under way. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { DeployedFunction } from '../../../infra/local/lambda/function.ts';
import { createLambda } from '../../../infra/local/lambda/lambda.ts';
import type { Lambda } from '../../../infra/local/lambda/lambda.ts';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { isAlive, lineCollector, returned, tinyFunction } from './fixture.ts';

/** Answers with what it was told to; waits, throws or ends the process when the event says so. */
const obedient = `
  let calls = 0;
  export const handler = async (event, context) => {
    calls += 1;
    if (event.waitMs) await new Promise((resolve) => setTimeout(resolve, event.waitMs));
    if (event.fail) throw new TypeError('as told');
    if (event.exit) process.exit(7);
    if (event.say) process.stdout.write(event.say + '\\n');
    if (event.size) return 'x'.repeat(event.size);
    return { pid: process.pid, calls, requestId: context.awsRequestId, leftMs: context.getRemainingTimeInMillis() };
  };`;

interface Answer {
  readonly pid: number;
  readonly calls: number;
  readonly leftMs: number;
}

async function running(t: TestContext, source = obedient, settings: Partial<DeployedFunction> = {}) {
  const tiny = await tinyFunction(source, settings);
  const lines = lineCollector();
  const lambda: Lambda = createLambda([tiny], lines.sink);
  t.after(async () => {
    await lambda.close();
    await tiny.remove();
  });
  const value = async (event: object = {}): Promise<unknown> => returned(await lambda.invoke('tiny', event));
  return { lambda, lines, value, call: async (event: object = {}) => (await value(event)) as Answer };
}

/** @returns the address of a server that answers nobody before so many have come */
async function meetingPoint(t: TestContext, count: number): Promise<string> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => {
    waiting.push(response);
    if (waiting.length === count) for (const each of waiting) each.end();
  });
  t.after(async () => shut(server));
  return listen(server);
}

test('a second call reuses the process of the first', async (t) => {
  const { call } = await running(t);
  const first = await call();
  const second = await call();
  assert.deepEqual([second.pid, second.calls], [first.pid, 2]);
});

test('calls one after the other need one process', async (t) => {
  const { call, lambda } = await running(t);
  for (let count = 0; count < 20; count += 1) await call();
  assert.equal(lambda.processes().length, 1);
});

test('processes that are provided ahead take the first calls', async (t) => {
  const { call, lambda } = await running(t);
  await lambda.provision('tiny', 2);
  const provided = lambda.processes().map(({ pid }) => pid);
  assert.equal(provided.length, 2);
  const answers = await Promise.all([call({ waitMs: 300 }), call({ waitMs: 300 })]);
  assert.deepEqual(new Set(answers.map(({ pid }) => pid)), new Set(provided));
});

test('calls at the same time run in processes of their own', async (t) => {
  const source = `export const handler = async ({ meetAt }) => { await fetch(meetAt); return process.pid; };`;
  const { value } = await running(t, source);
  const meetAt = await meetingPoint(t, 2);
  const pids = await Promise.all([value({ meetAt }), value({ meetAt })]);
  assert.equal(new Set(pids).size, 2);
});

test('a process says how long its initialisation took and how often it was called', async (t) => {
  const { call, lambda } = await running(t);
  const { pid } = await call();
  const process = lambda.processes().find((candidate) => candidate.pid === pid);
  assert.equal(process?.invocations, 1);
  assert.ok(process.initMs !== undefined && process.initMs > 0);
});

test('the deadline is the time-out of the function, from the moment it gets the event', async (t) => {
  const { call } = await running(t);
  const { leftMs } = await call();
  assert.ok(leftMs > 4_000 && leftMs <= 5_000, `${leftMs} ms were left of 5 s`);
});

test('a function sees the environment of Lambda and nothing of this machine', async (t) => {
  process.env['ONLY_ON_THIS_MACHINE'] = 'yes';
  t.after(() => delete process.env['ONLY_ON_THIS_MACHINE']);
  const source = `export const handler = async () => ({ env: process.env, flags: process.execArgv });`;
  const { value } = await running(t, source, { environment: { TABLE_NAME: 'rows' } });
  const { env, flags } = (await value()) as { env: Record<string, string>; flags: string[] };
  assert.equal(env['ONLY_ON_THIS_MACHINE'], undefined);
  assert.equal(env['TABLE_NAME'], 'rows');
  assert.equal(env['AWS_EXECUTION_ENV'], 'AWS_Lambda_nodejs24.x');
  assert.equal(env['AWS_REGION'], 'eu-central-1');
  assert.ok(flags.includes('--max-http-header-size=81920'));
});

test('functions run on Node 24', async (t) => {
  const { value } = await running(t, `export const handler = async () => process.versions.node.split('.')[0];`);
  assert.equal(await value(), '24');
});

test('the runtime interface client loads no undici of its own accord', async (t) => {
  const source = `export const handler = async () => process.moduleLoadList.filter((name) => name.includes('undici'));`;
  const { value } = await running(t, source);
  assert.deepEqual(await value(), []);
});

test('an error that the handler throws comes back with its type', async (t) => {
  const { lambda } = await running(t);
  const outcome = await lambda.invoke('tiny', { fail: true });
  assert.deepEqual(outcome, { kind: 'error', errorType: 'TypeError', errorMessage: 'as told' });
});

test('a process that exits fails its invocation, and the next one gets a new process', async (t) => {
  const { lambda, call } = await running(t);
  const outcome = await lambda.invoke('tiny', { exit: true });
  assert.ok(outcome.kind === 'error' && outcome.errorMessage.includes('exit status 7'), JSON.stringify(outcome));
  assert.equal((await call()).calls, 1);
});

test('a function that runs out of time is killed, and its line says so', async (t) => {
  const { lambda, lines } = await running(t, obedient, { timeoutSeconds: 1 });
  await lambda.invoke('tiny', {});
  const [process] = lambda.processes();
  const outcome = await lambda.invoke('tiny', { waitMs: 60_000 });
  assert.ok(outcome.kind === 'error' && outcome.errorType === 'Sandbox.Timedout');
  assert.equal((await lines.found('Task timed out after 1.00 seconds')).stream, 'platform');
  await process?.ended;
  assert.equal(isAlive(process?.pid ?? 0), false);
});

test('code that throws while it is loaded fails the invocation with what it threw', async (t) => {
  const { lambda, lines } = await running(t, `throw new RangeError('cannot start');`);
  const outcome = await lambda.invoke('tiny', {});
  assert.deepEqual(outcome, { kind: 'error', errorType: 'RangeError', errorMessage: 'cannot start' });
  await lines.found('cannot start');
});

test('an answer above 6 MB is an error of the function', async (t) => {
  const { lambda } = await running(t);
  const outcome = await lambda.invoke('tiny', { size: 6 * 1024 * 1024 });
  assert.ok(outcome.kind === 'error' && outcome.errorType === 'Function.ResponseSizeTooLarge');
});

test('an answer just below 6 MB comes back whole', async (t) => {
  const { lambda } = await running(t);
  const outcome = await lambda.invoke('tiny', { size: 6 * 1024 * 1024 - 2 });
  assert.equal(String(returned(outcome)).length, 6 * 1024 * 1024 - 2);
});

test('an event above 6 MB is not invoked', async (t) => {
  const { lambda } = await running(t);
  const outcome = await lambda.invoke('tiny', { padding: 'x'.repeat(6 * 1024 * 1024) });
  assert.equal(outcome.kind, 'event_too_large');
  assert.equal(lambda.processes().length, 0);
});

test('what a function writes arrives line by line', async (t) => {
  const { call, lines } = await running(t);
  await call({ say: '{"level":"info"}\n{"level":"warn"}' });
  assert.deepEqual((await lines.found('warn')).text, '{"level":"warn"}');
});

const onLinux = { skip: process.platform !== 'linux' && 'reads /proc', timeout: 9_000 };

test('a process is frozen when it has finished its call', onLinux, async (t) => {
  const { lambda, call } = await running(t);
  const { pid } = await call();
  lambda.processes()[0]?.freeze();
  const stopped = async (): Promise<boolean> => / T /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  while (!(await stopped())) await setImmediate();
});

test('a frozen process goes on with the next event', async (t) => {
  const { call, lambda } = await running(t);
  const { pid } = await call();
  const [process] = lambda.processes();
  process?.freeze();
  const answer = await call();
  assert.deepEqual([answer.pid, answer.calls], [pid, 2]);
});

test('a process that is killed between two events is replaced', async (t) => {
  const { call, lambda } = await running(t);
  const { pid } = await call();
  const [victim] = lambda.processes();
  victim?.kill();
  await victim?.ended;
  assert.notEqual((await call()).pid, pid);
});

test('new code serves the next event while the old one finishes what is under way', async (t) => {
  const { lambda, call } = await running(t);
  await call();
  const slow = lambda.invoke('tiny', { waitMs: 400 });
  const other = await tinyFunction(`export const handler = async () => 'new';`);
  t.after(async () => other.remove());
  lambda.deploy([other]);
  assert.equal(returned(await lambda.invoke('tiny', {})), 'new');
  assert.equal((returned(await slow) as Answer).calls, 2);
});

test('closing ends every process, frozen, busy or starting', async (t) => {
  const { lambda, call } = await running(t);
  await call();
  lambda.processes()[0]?.freeze();
  const busy = lambda.invoke('tiny', { waitMs: 60_000 });
  const starting = lambda.invoke('tiny', { waitMs: 60_000 });
  const pids = lambda.processes().map(({ pid }) => pid);
  await lambda.close();
  assert.deepEqual(pids.filter(isAlive), []);
  assert.equal(lambda.processes().length, 0);
  assert.deepEqual([(await busy).kind, (await starting).kind], ['error', 'error']);
});
