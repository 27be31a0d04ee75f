/** Bytes that are passed on as they come: each way in which that ends, and nothing left behind by it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { relay } from '../../../functions/outgoing/relay.ts';
import type { RelayEnd } from '../../../functions/outgoing/relay.ts';

const silenceMs = 1000;
const lastsMs = 10_000;
const beganAtMs = 1_800_000_000_000;

/** One that takes each piece when it is told to, and has room for one. */
interface Slow {
  readonly stream: Writable;
  readonly taken: string[];
  /** Resolves when a piece is waiting. */
  readonly offered: () => Promise<unknown>;
  readonly take: () => void;
}

function slowTaker(): Slow {
  const taken: string[] = [];
  let taking: (() => void) | undefined;
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, written) {
      taking = () => {
        taken.push(chunk.toString());
        written();
      };
      stream.emit('offered');
    },
  });
  return { stream, taken, offered: async () => once(stream, 'offered'), take: () => taking?.() };
}

/** One that takes everything at once. */
function quickTaker() {
  const taken: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, written) {
      taken.push(chunk.toString());
      written();
    },
  });
  return { stream, taken };
}

const openSource = (): Readable => new Readable({ read: () => undefined });

/** Puts the clock into the test's hands and begins. */
function begin(
  t: TestContext,
  source: Readable,
  taker: Writable,
  endsInMs = lastsMs,
  length?: number,
): { end: RelayEnd | 'none' } {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: beganAtMs });
  t.mock.method(process, 'uptime', () => (Date.now() - beganAtMs) / 1000);
  const seen: { end: RelayEnd | 'none' } = { end: 'none' };
  void relay(source, taker, { silenceMs, endsAtMs: Date.now() + endsInMs }, length).then((end) => (seen.end = end));
  return seen;
}

/** Everything that streams do of themselves has been done; no time has passed. */
async function done(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}

async function assertEnd(seen: { end: RelayEnd | 'none' }, expected: RelayEnd | 'none'): Promise<void> {
  await done();
  assert.equal(seen.end, expected);
}

describe('a source', () => {
  test('that ends is complete, its pieces in their order, and so is the taker', async (t) => {
    const [source, { stream, taken }] = [new PassThrough(), quickTaker()];
    const seen = begin(t, source, stream);
    for (const piece of ['one', 'two', 'three']) source.write(piece);
    await assertEnd(seen, 'none');
    source.end();
    await assertEnd(seen, 'complete');
    assert.deepEqual(taken, ['one', 'two', 'three']);
    assert.equal(stream.writableFinished, true);
  });

  test('of which it is known how much it brings has its end written with its last piece', async (t) => {
    const [source, { stream, taken }] = [openSource(), quickTaker()];
    const written: string[] = [];
    for (const how of ['write', 'end'] as const) {
      const original = stream[how].bind(stream);
      t.mock.method(stream, how, (chunk?: Buffer) => {
        written.push(`${how} ${String(chunk)}`);
        return original(chunk);
      });
    }
    const seen = begin(t, source, stream, lastsMs, 'onetwothree'.length);
    for (const piece of ['one', 'two', 'three']) source.push(piece);
    await assertEnd(seen, 'complete');
    source.push(null);
    await assertEnd(seen, 'complete');
    assert.deepEqual(written, ['write one', 'write two', 'end three']);
    assert.deepEqual(taken, ['one', 'two', 'three']);
    assert.equal(source.readableEnded, true);
  });

  test('that fails before it has brought as much as is known of it is broken', async (t) => {
    const [source, { stream, taken }] = [openSource(), quickTaker()];
    const seen = begin(t, source, stream, lastsMs, 5);
    source.push('half');
    await done();
    source.destroy(new Error('reset'));
    await assertEnd(seen, 'broken');
    assert.deepEqual([taken, stream.writableEnded], [['half'], false]);
  });

  test('that has nothing is complete right away', async (t) => {
    const { stream, taken } = quickTaker();
    await assertEnd(begin(t, Readable.from([]), stream), 'complete');
    assert.deepEqual(taken, []);
  });

  test('that has been read to its end before is complete', async (t) => {
    const source = Readable.from(['read']);
    await source.toArray();
    assert.ok(source.destroyed);
    await assertEnd(begin(t, source, quickTaker().stream), 'complete');
  });

  test('that is gone before anybody read it is broken', async (t) => {
    const source = openSource();
    source.destroy();
    await assertEnd(begin(t, source, quickTaker().stream), 'broken');
  });

  test('that fails under way is broken, after what it had brought, though it never closes', async (t) => {
    const [source, { stream, taken }] = [new Readable({ read: () => undefined, emitClose: false }), quickTaker()];
    const seen = begin(t, source, stream);
    source.push('half');
    await done();
    source.destroy(new Error('reset'));
    await assertEnd(seen, 'broken');
    assert.deepEqual(taken, ['half']);
    assert.equal(stream.destroyed, false);
  });

  test('that closes under way without a word is broken', async (t) => {
    const [source, { stream, taken }] = [openSource(), quickTaker()];
    const seen = begin(t, source, stream);
    source.push('half');
    await done();
    source.destroy();
    await assertEnd(seen, 'broken');
    assert.deepEqual(taken, ['half']);
  });

  test('that fails while nothing is taken is broken', async (t) => {
    const [source, slow] = [openSource(), slowTaker()];
    const seen = begin(t, source, slow.stream);
    source.push('half');
    await done();
    source.destroy(new Error('reset'));
    await assertEnd(seen, 'broken');
  });

  test('that fails after its end harms nobody', async (t) => {
    const source = new Readable({ read: () => undefined, autoDestroy: false });
    const seen = begin(t, source, quickTaker().stream);
    source.push(null);
    await assertEnd(seen, 'complete');
    source.destroy(new Error('late'));
    await assertEnd(seen, 'complete');
  });
});

describe('a taker', () => {
  test('that is gone already is asked to take nothing, and the source is let go', async (t) => {
    const [source, { stream, taken }] = [openSource(), quickTaker()];
    source.push('unwanted');
    stream.destroy();
    await once(stream, 'close');
    await assertEnd(begin(t, source, stream), 'left');
    assert.deepEqual([taken, source.destroyed], [[], true]);
  });

  for (const [how, error] of [
    ['closes', undefined],
    ['fails', new Error('reset')],
  ] as const) {
    test(`that ${how} under way has left, and the source is let go`, async (t) => {
      const [source, { stream }] = [openSource(), quickTaker()];
      const seen = begin(t, source, stream);
      source.push('half');
      await done();
      stream.destroy(error);
      await assertEnd(seen, 'left');
      assert.equal(source.destroyed, true);
    });
  }

  test('that fails after the end harms nobody', async (t) => {
    const { stream } = quickTaker();
    const seen = begin(t, Readable.from(['all']), stream);
    await assertEnd(seen, 'complete');
    stream.destroy(new Error('late'));
    await assertEnd(seen, 'complete');
  });

  test('that is full stops the source, and lets it go on once there is room', async (t) => {
    const [source, slow] = [openSource(), slowTaker()];
    const seen = begin(t, source, slow.stream);
    const pieces = ['one', 'two', 'three'];
    for (const piece of pieces) source.push(piece);
    for (const [index, piece] of pieces.entries()) {
      await done();
      assert.ok(source.isPaused());
      assert.equal(source.readableLength, pieces.slice(index + 1).join('').length);
      assert.equal(slow.taken.at(-1), pieces[index - 1], `${piece} is waiting`);
      slow.take();
    }
    source.push(null);
    await assertEnd(seen, 'complete');
    assert.deepEqual(slow.taken, pieces);
  });
});

describe('silence', () => {
  test('is the end after its time, and the source is let go', async (t) => {
    const source = openSource();
    const seen = begin(t, source, quickTaker().stream);
    t.mock.timers.tick(silenceMs - 1);
    await assertEnd(seen, 'none');
    t.mock.timers.tick(1);
    await assertEnd(seen, 'silent');
    assert.equal(source.destroyed, true);
  });

  test('begins anew with each piece', async (t) => {
    const source = openSource();
    const seen = begin(t, source, quickTaker().stream);
    for (const piece of ['one', 'two']) {
      t.mock.timers.tick(silenceMs - 1);
      source.push(piece);
      await assertEnd(seen, 'none');
    }
    t.mock.timers.tick(silenceMs);
    await assertEnd(seen, 'silent');
  });

  test('does not count while what is there is not being taken, and begins anew when it is', async (t) => {
    const [source, slow] = [openSource(), slowTaker()];
    const seen = begin(t, source, slow.stream);
    source.push('one');
    await done();
    t.mock.timers.tick(5 * silenceMs);
    await assertEnd(seen, 'none');
    slow.take();
    await done();
    t.mock.timers.tick(silenceMs - 1);
    await assertEnd(seen, 'none');
    t.mock.timers.tick(1);
    await assertEnd(seen, 'silent');
  });
});

test('bytes that come set no timer, nor does a taker who is slow', async (t) => {
  const [source, slow] = [openSource(), slowTaker()];
  begin(t, source, slow.stream);
  const set = t.mock.method(globalThis, 'setTimeout');
  for (let count = 0; count < 20; count += 1) {
    const offered = slow.offered();
    source.push('some');
    await offered;
    slow.take();
  }
  await done();
  assert.equal(set.mock.callCount(), 0);
});

describe('the deadline', () => {
  test('is the end although bytes keep coming, and the source is let go', async (t) => {
    const [source, { stream, taken }] = [openSource(), quickTaker()];
    const seen = begin(t, source, stream, 2 * silenceMs);
    for (const piece of ['one', 'two', 'three']) {
      t.mock.timers.tick(silenceMs / 2);
      source.push(piece);
      await assertEnd(seen, 'none');
    }
    t.mock.timers.tick(silenceMs / 2);
    await assertEnd(seen, 'late');
    assert.deepEqual([taken, source.destroyed], [['one', 'two', 'three'], true]);
  });

  test('is the end although nothing is being taken', async (t) => {
    const [source, slow] = [openSource(), slowTaker()];
    const seen = begin(t, source, slow.stream);
    source.push('one');
    await done();
    t.mock.timers.tick(lastsMs);
    await assertEnd(seen, 'late');
    assert.equal(source.destroyed, true);
  });

  test('that has passed already is the end', async (t) => {
    const seen = begin(t, openSource(), quickTaker().stream, -1);
    t.mock.timers.tick(1);
    await assertEnd(seen, 'late');
  });
});

/** Of the real clock, which are still to come. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('after the end', () => {
  const endings: readonly (readonly [RelayEnd, (source: Readable, taker: Writable) => void])[] = [
    ['complete', (source) => source.push(null)],
    ['broken', (source) => source.destroy()],
    ['left', (_, taker) => taker.destroy()],
  ];
  for (const [end, bring] of endings) {
    test(`no timer is left, and of the taker nothing is listened to but its errors: ${end}`, async () => {
      const [source, { stream }] = [openSource(), quickTaker()];
      const before = timers();
      const ended = relay(source, stream, { silenceMs: 60_000, endsAtMs: Date.now() + 60_000 });
      assert.equal(timers() - before, 1);
      source.push('some');
      await done();
      bring(source, stream);
      assert.equal(await ended, end);
      assert.equal(timers(), before);
      assert.deepEqual([stream.listenerCount('drain'), stream.listenerCount('close')], [0, 0]);
      assert.equal(stream.listenerCount('error'), 1);
    });
  }
});
