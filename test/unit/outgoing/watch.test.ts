import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startWatch } from '../../../functions/outgoing/watch.ts';

/** Timers and the process's clock, moved by hand. */
function movedByHand(t: TestContext) {
  let nowMs = 5000;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(process, 'uptime', () => nowMs / 1000);
  return (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1) {
      nowMs += 1;
      t.mock.timers.tick(1);
    }
  };
}

function watching(totalMs: number) {
  const watch = startWatch(totalMs);
  const ends = { count: 0 };
  watch.whenOver(() => (ends.count += 1));
  return { watch, ends };
}

test('a limit that nobody puts off ends the call when it is over, and not before', (t) => {
  const pass = movedByHand(t);
  const { watch, ends } = watching(1000);
  watch.atMost(100);
  pass(99);
  assert.equal(ends.count, 0);
  pass(1);
  assert.equal(ends.count, 1);
});

test('a limit that is put off again and again does not end the call', (t) => {
  const pass = movedByHand(t);
  const { watch, ends } = watching(1000);
  for (let at = 0; at < 9; at += 1) {
    watch.atMost(100);
    pass(90);
  }
  assert.equal(ends.count, 0);
  pass(10);
  assert.equal(ends.count, 1);
});

test('a longer limit follows a shorter one, and a shorter one a longer one', (t) => {
  const pass = movedByHand(t);
  const { watch, ends } = watching(1000);
  watch.atMost(50);
  watch.atMost(200);
  pass(199);
  assert.equal(ends.count, 0);
  watch.atMost(20);
  pass(20);
  assert.equal(ends.count, 1);
});

test('the call as a whole ends in its time, however often a limit is put off', (t) => {
  const pass = movedByHand(t);
  const { watch, ends } = watching(150);
  watch.atMost(100);
  pass(90);
  watch.atMost(100);
  pass(59);
  assert.equal(ends.count, 0);
  pass(1);
  assert.equal(ends.count, 1);
});

test('nothing ends what has been stopped', (t) => {
  const pass = movedByHand(t);
  const { watch, ends } = watching(150);
  watch.atMost(100);
  watch.stop();
  pass(300);
  assert.equal(ends.count, 0);
});

test('putting a limit off sets no timer', (t) => {
  movedByHand(t);
  const set = t.mock.method(globalThis, 'setTimeout');
  const { watch } = watching(1000);
  for (let at = 0; at < 100; at += 1) watch.atMost(100);
  assert.equal(set.mock.callCount(), 1);
});
