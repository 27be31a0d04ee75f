import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ParametersResult } from '../../../functions/aws/ssm.ts';
import { createConfigurationSource, type Loaded } from '../../../functions/configuration/source.ts';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { paths, stageWith, type Changes } from './stage.ts';

const minutes = 60_000;
const secrets = { 'cookie-keys': '{}', 'client-secret': 'kJ3-a-real-secret-9sX' };

interface Call {
  readonly names: readonly string[];
  readonly withinMs: number;
  readonly succeed: (parameters: Readonly<Record<string, string>>) => void;
  readonly fail: (reason?: 'throttled' | 'unreachable') => void;
  readonly reject: () => void;
}

/** A source on a clock that stands still until it is moved, with a reader that answers when it is told to. */
function instance(changes: Changes = { 'provider.clientId': { $parameter: 'id' } }) {
  const validated = validateFile(stageWith(changes), { stage: 'dev', paths });
  assert.equal(validated.kind, 'valid');
  const clock = { nowMs: 1_800_000_000_000 };
  const calls: Call[] = [];
  const timers: { ms: number; fire: () => void }[] = [];
  const source = createConfigurationSource({
    packaged: validated.packaged,
    prefix: '/token-broker/dev',
    nowMs: () => clock.nowMs,
    startTimer: (ms, fire) => {
      const timer = { ms, fire };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
    readParameters: (names, withinMs) =>
      new Promise<ParametersResult>((resolve, reject) => {
        calls.push({
          names,
          withinMs,
          succeed: (parameters) =>
            resolve({ kind: 'read', values: new Map(Object.entries({ ...secrets, ...parameters })), missing: [] }),
          fail: (reason = 'unreachable') => resolve({ kind: 'failed', reason }),
          reject: () => reject(new Error('a fault of ours')),
        });
      }),
  });
  const pass = (ms: number): void => void (clock.nowMs += ms);
  const call = (index: number): Call => calls[index] ?? assert.fail(`there was no reading ${index}`);
  const loadFirst = async (id = 'first'): Promise<Loaded> => {
    const loading = source.load();
    call(calls.length - 1).succeed({ id });
    return loading;
  };
  return { source, calls, call, timers, pass, loadFirst };
}

const clientId = (loaded: Loaded): string =>
  loaded.kind === 'ready' ? loaded.configuration.provider.clientId : loaded.kind;

describe('the first load', () => {
  it('reads every parameter once, however many ask', async () => {
    const { source, calls, call } = instance();
    const both = [source.load(), source.load()];
    assert.equal(calls.length, 1);
    assert.deepEqual(call(0).names, ['client-secret', 'cookie-keys', 'id']);
    call(0).succeed({ id: 'client-2' });
    assert.deepEqual((await Promise.all(both)).map(clientId), ['client-2', 'client-2']);
  });

  it('tries for five seconds', () => {
    const { source, call } = instance();
    void source.load();
    assert.equal(call(0).withinMs + 1_000, 5_000);
  });

  it('hands out the parameters themselves, and when they were read', async () => {
    const { loadFirst } = instance();
    const loaded = await loadFirst();
    assert.equal(loaded.kind, 'ready');
    assert.equal(loaded.parameters.get('cookie-keys'), '{}');
    assert.equal(loaded.readAt, 1_800_000_000);
    assert.equal(loaded.stale, false);
  });

  it('keeps no failure: the next request tries again at once', async () => {
    const { source, call, loadFirst } = instance();
    const loading = source.load();
    call(0).fail('throttled');
    assert.deepEqual(await loading, { kind: 'unavailable', reason: 'throttled' });
    assert.equal(clientId(await loadFirst()), 'first');
  });

  it('never rejects', async () => {
    const { source, call } = instance();
    const loading = source.load();
    call(0).reject();
    assert.equal((await loading).kind, 'unavailable');
  });

  it('is invalid where a parameter makes it so, until somebody has mended it', async () => {
    const { source, calls, pass, loadFirst } = instance();
    assert.deepEqual(await loadFirst(' '), {
      kind: 'invalid',
      problems: [{ path: 'provider.clientId', message: 'must be a text without space around it' }],
    });
    assert.equal((await source.load()).kind, 'invalid');
    assert.equal(calls.length, 1, 'a moment later nothing is read');
    pass(5_000);
    assert.equal(clientId(await loadFirst('mended')), 'mended');
  });
});

describe('a configuration of up to five minutes', () => {
  it('is used without reading', async () => {
    const { source, calls, pass, loadFirst } = instance();
    await loadFirst();
    pass(5 * minutes - 1);
    assert.equal(clientId(await source.load()), 'first');
    await source.settle();
    assert.equal(calls.length, 1);
  });
});

describe('a configuration older than five minutes', () => {
  it('is used at once, and read anew beside the request', async () => {
    const { source, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(5 * minutes);
    assert.equal(clientId(await source.load()), 'first');
    assert.equal(call(1).withinMs, 0, 'one try');
    const settling = source.settle();
    call(1).succeed({ id: 'second' });
    await settling;
    assert.equal(clientId(await source.load()), 'second');
  });

  it('is read by one request for all that run at the same time', async () => {
    const { source, calls, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await Promise.all([source.load(), source.load()]);
    assert.equal(calls.length, 2);
  });

  it('delays an answer by at most 300 ms', async () => {
    const { source, timers, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await source.load();
    const settling = source.settle();
    assert.deepEqual(
      timers.map(({ ms }) => ms),
      [300],
    );
    timers[0]?.fire();
    await settling;
  });

  it('leaves no timer behind', async () => {
    const { source, call, timers, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await source.load();
    const settling = source.settle();
    call(1).succeed({ id: 'second' });
    await settling;
    assert.deepEqual(timers, []);
  });

  it('stays in use while SSM fails, which is asked again after five seconds', async () => {
    const { source, calls, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await source.load();
    call(1).fail();
    await source.settle();
    await source.load();
    assert.equal(calls.length, 2);
    pass(5_000);
    assert.equal(clientId(await source.load()), 'first');
    assert.equal(calls.length, 3);
  });
});

describe('a configuration older than fifteen minutes', () => {
  it('is read before it is used', async () => {
    const { source, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(15 * minutes);
    const loading = source.load();
    call(1).succeed({ id: 'second' });
    const loaded = await loading;
    assert.equal(clientId(loaded), 'second');
    assert.equal(loaded.kind === 'ready' && loaded.stale, false);
  });

  it('is used stale only after SSM has failed in one try', async () => {
    const { source, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(60 * minutes);
    const loading = source.load();
    assert.equal(call(1).withinMs, 0);
    call(1).fail();
    const loaded = await loading;
    assert.equal(clientId(loaded), 'first');
    assert.equal(loaded.kind === 'ready' && loaded.stale, true);
  });

  it('does not delay the requests that follow a failure', async () => {
    const { source, calls, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(60 * minutes);
    const loading = source.load();
    call(1).fail();
    await loading;
    pass(4_999);
    assert.equal(clientId(await source.load()), 'first');
    assert.equal(calls.length, 2);
  });

  it('gives way to an invalid one', async () => {
    const { source, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(15 * minutes);
    const loading = source.load();
    call(1).succeed({ id: ' ' });
    assert.equal((await loading).kind, 'invalid');
  });
});

describe('an instance that was frozen in the middle of a reading', () => {
  it('reads anew instead of waiting for an answer that will not come', async () => {
    const { source, calls, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await source.load();
    pass(60 * minutes);
    const loading = source.load();
    assert.equal(calls.length, 3);
    call(2).succeed({ id: 'third' });
    assert.equal(clientId(await loading), 'third');
  });

  it('does not take the late answer of the cut-off reading for a new one', async () => {
    const { source, calls, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(6 * minutes);
    await source.load();
    pass(60 * minutes);
    const loading = source.load();
    call(2).succeed({ id: 'third' });
    await loading;
    call(1).succeed({ id: 'second' });
    await new Promise(setImmediate);
    const again = source.load();
    assert.equal(calls.length, 3, 'what is known is of this minute');
    assert.equal(clientId(await again), 'third');
  });

  it('counts the age of values from when they were asked for', async () => {
    const { source, calls, call, pass } = instance();
    const loading = source.load();
    pass(20 * minutes);
    call(0).succeed({ id: 'first' });
    await loading;
    void source.load();
    assert.equal(calls.length, 2);
  });
});

describe('reading out of turn', () => {
  it('brings what has changed since', async () => {
    const { source, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(10_000);
    const rereading = source.reread();
    call(1).succeed({ id: 'second' });
    assert.equal(clientId(await rereading), 'second');
  });

  it('happens at most every ten seconds; in between, what was read counts as current', async () => {
    const { source, calls, pass, loadFirst } = instance();
    await loadFirst();
    pass(9_999);
    assert.equal(clientId(await source.reread()), 'first');
    assert.equal(calls.length, 1);
  });

  it('says that nothing is known while SSM fails', async () => {
    const { source, calls, call, pass, loadFirst } = instance();
    await loadFirst();
    pass(10_000);
    const rereading = source.reread();
    call(1).fail('throttled');
    assert.deepEqual(await rereading, { kind: 'unavailable', reason: 'throttled' });
    assert.deepEqual(await source.reread(), { kind: 'unavailable', reason: 'throttled' });
    assert.equal(calls.length, 2);
    assert.equal(clientId(await source.load()), 'first', 'everything else goes on');
  });
});
