import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { send } from '../../../functions/outgoing/send.ts';
import { answerOf } from './raw-server.ts';

const limits = { connectMs: 5000, headersMs: 5000, totalMs: 5000, idleMs: 5000, maxBytes: 1000 };

/** So much that a call which stays cannot be taken for the little that stays with it. */
const largeBytes = 10_000;

type Collect = (options: { readonly type: 'minor' }) => void;

/** What V8 offers to those who start it with a flag. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  return () => collect({ type: 'minor' });
}

/** What only a full collection frees. */
const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space')
    .reduce((sum, { space_used_size: size }) => sum + size, 0);

test('a call that has ended does not wait for a full collection', async () => {
  const answer = answerOf('hi');
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const collectYoung = youngCollector();
  const call = async (): Promise<void> => {
    const headers = { 'x-large': 'x'.repeat(largeBytes) };
    const result = await send({
      url: `http://127.0.0.1:${port}/`,
      method: 'GET',
      headers,
      limits,
      kept: 'repeatable',
    });
    assert.equal(result.kind, 'answered');
  };
  const growthPerCall = async (calls: number): Promise<number> => {
    const before = oldBytes();
    for (let at = 0; at < calls; at += 1) {
      await call();
      if (at % 20 === 19) collectYoung();
    }
    collectYoung();
    return (oldBytes() - before) / calls;
  };
  try {
    // What is compiled meanwhile stays as well.
    await growthPerCall(2000);
    const growth = await growthPerCall(200);
    assert.ok(growth < largeBytes / 2, `${Math.round(growth)} bytes per call are left`);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});
