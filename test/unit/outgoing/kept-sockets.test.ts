import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { send } from '../../../functions/outgoing/send.ts';
import type { Kept } from '../../../functions/outgoing/sockets.ts';
import { answerOf, rawServer } from './raw-server.ts';
import type { Answer, RawServer } from './raw-server.ts';

const limits = { connectMs: 1000, headersMs: 1000, totalMs: 2000, idleMs: 1000, maxBytes: 1000 };

const call = (server: RawServer, kept: Kept = 'repeatable') =>
  send({ url: `${server.origin}/`, method: 'GET', headers: {}, limits, kept });

async function served(t: TestContext, answer: Answer): Promise<RawServer> {
  const server = await rawServer(answer);
  t.after(() => server.close());
  return server;
}

const polite: Answer = (socket) => socket.write(answerOf('ok'));

test('a second request takes the socket of the first', async (t) => {
  const server = await served(t, polite);
  await call(server);
  await call(server);
  assert.equal(server.connections(), 1);
});

const ages: readonly (readonly [kept: Kept, ageMs: number, connections: number])[] = [
  ['repeatable', 49_000, 1],
  ['repeatable', 50_000, 2],
  ['once', 3_900, 1],
  ['once', 4_000, 2],
];

for (const [kept, ageMs, connections] of ages) {
  test(`${ageMs} ms later by the wall clock, a request sent ${kept} needs ${connections} connections`, async (t) => {
    const server = await served(t, polite);
    t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
    await call(server);
    t.mock.timers.setTime(1_800_000_000_000 + ageMs);
    assert.equal((await call(server, kept)).kind, 'answered');
    assert.equal(server.connections(), connections);
  });
}

test('a socket is not taken again after the time that the server announced', async (t) => {
  const server = await served(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n'),
  );
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
  await call(server);
  t.mock.timers.setTime(1_800_000_005_000);
  await call(server);
  assert.equal(server.connections(), 2);
});

test('a socket that its server keeps for a second only is not taken again at all', async (t) => {
  const server = await served(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nKEEP-ALIVE: timeout=1, max=100\r\nContent-Length: 0\r\n\r\n'),
  );
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
  await call(server);
  await call(server);
  assert.equal(server.connections(), 2);
});

test('a kept socket has no timer', async (t) => {
  const server = await served(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n'),
  );
  const set = t.mock.method(Socket.prototype, 'setTimeout');
  await call(server);
  await call(server);
  assert.equal(set.mock.callCount(), 0);
});

/** Answers the first request of a connection and drops the connection when a second arrives. */
const dropsSecond = (): Answer => {
  const seen = new WeakSet();
  return (socket) => {
    if (seen.has(socket)) return socket.destroy();
    seen.add(socket);
    return socket.write(answerOf('ok'));
  };
};

test('a kept socket that proves dead costs a repeatable request nothing', async (t) => {
  const server = await served(t, dropsSecond());
  await call(server);
  assert.equal((await call(server)).kind, 'answered');
  assert.equal(server.requests.length, 3);
});

test('a request that must go out once is not repeated on a socket that proves dead', async (t) => {
  const server = await served(t, dropsSecond());
  await call(server);
  assert.deepEqual(await call(server, 'once'), { kind: 'failed', reason: 'reset', sent: true });
  assert.equal(server.requests.length, 2);
});

test('a request is repeated one time at most, and then on a new connection', async (t) => {
  const server = await served(t, (socket, _request, nth) =>
    nth === 0 ? socket.write(answerOf('ok')) : socket.destroy(),
  );
  await call(server);
  assert.deepEqual(await call(server), { kind: 'failed', reason: 'reset', sent: true });
  assert.equal(server.requests.length, 3);
  assert.equal(server.connections(), 2);
});

test('a new socket that breaks is not tried again', async (t) => {
  const server = await served(t, (socket) => socket.destroy());
  assert.deepEqual(await call(server), { kind: 'failed', reason: 'reset', sent: true });
  assert.equal(server.requests.length, 1);
});

test('when one kept socket proves dead its siblings are not tried', async (t) => {
  const server = await served(t, dropsSecond());
  await Promise.all([call(server), call(server), call(server)]);
  assert.equal((await call(server)).kind, 'answered');
  assert.equal(server.requests.length, 5);
});

test('a socket whose answer was too large is not kept', async (t) => {
  const server = await served(t, (socket) => socket.write(answerOf('x'.repeat(2000))));
  await call(server);
  await call(server);
  assert.equal(server.connections(), 2);
});

test('a server that has hung up costs not even a request that must go out once', async (t) => {
  const server = await served(t, polite);
  await call(server);
  await server.hangUp();
  assert.equal((await call(server, 'once')).kind, 'answered');
  assert.equal(server.connections(), 2);
});

const bodyOf = (result: Awaited<ReturnType<typeof send>>): string =>
  result.kind === 'answered' ? result.body.toString() : result.reason;

test('a second answer to one request is not taken for the answer to the next', async (t) => {
  const server = await served(t, (socket, _request, nth) =>
    socket.write(nth === 0 ? answerOf('first') + answerOf('forged') : answerOf('second')),
  );
  assert.deepEqual([bodyOf(await call(server)), bodyOf(await call(server))], ['first', 'second']);
});

test('an answer on an idle socket closes it', async (t) => {
  let closed: Promise<unknown> = Promise.resolve();
  const server = await served(t, (socket, _request, nth) => {
    socket.write(answerOf(nth === 0 ? 'first' : 'second'));
    if (nth > 0) return;
    closed = once(socket, 'close');
    // By then the first answer has been read and the socket is idle.
    setTimeout(() => socket.write(answerOf('forged')), 20);
  });
  assert.equal(bodyOf(await call(server)), 'first');
  await closed;
  assert.equal(bodyOf(await call(server)), 'second');
});
