import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { send } from '../../../functions/outgoing/send.ts';
import { certificate, privateKey } from './certificate.ts';

const limits = { connectMs: 1000, headersMs: 1000, totalMs: 2000, idleMs: 1000, maxBytes: 1000 };

/** Says of each connection whether it resumed an earlier session, and for which name. It lives for one answer, unless it is kept. */
async function secureServer(t: TestContext, { kept = false } = {}) {
  const connections: { socket: Socket; resumed: boolean; servername: string | false | null }[] = [];
  const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
    const socket = request.socket as TLSSocket & { readonly servername: string | false | null };
    connections.push({ socket, resumed: socket.isSessionReused(), servername: socket.servername });
    response.writeHead(200, kept ? {} : { connection: 'close' }).end('ok');
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, connections };
}

const get = (url: string, tls?: { ca: string }) =>
  send({ url, method: 'GET', headers: {}, limits, kept: 'repeatable', tls });

test('a certificate that nobody trusts fails as tls, and nothing was sent', async (t) => {
  const { port, connections } = await secureServer(t);
  assert.deepEqual(await get(`https://localhost:${port}/`), { kind: 'failed', reason: 'tls', sent: false });
  assert.equal(connections.length, 0);
});

test('a certificate that is trusted by request is accepted, for the name in the URL', async (t) => {
  const { port, connections } = await secureServer(t);
  assert.equal((await get(`https://localhost:${port}/`, { ca: certificate })).kind, 'answered');
  assert.equal(connections[0]?.servername, 'localhost');
});

test('a certificate for another name is refused', async (t) => {
  const { port } = await secureServer(t);
  const result = await get(`https://127.0.0.1:${port}/`, { ca: certificate });
  assert.deepEqual(result, { kind: 'failed', reason: 'tls', sent: false });
});

test('a second connection resumes the session of the first', async (t) => {
  const { port, connections } = await secureServer(t);
  await get(`https://localhost:${port}/`, { ca: certificate });
  await get(`https://localhost:${port}/`, { ca: certificate });
  assert.deepEqual(
    connections.map(({ resumed }) => resumed),
    [false, true],
  );
});

test('a kept connection serves those alone who trust the same certificate', async (t) => {
  const { port, connections } = await secureServer(t, { kept: true });
  for (let call = 0; call < 2; call += 1) {
    assert.equal((await get(`https://localhost:${port}/`, { ca: certificate })).kind, 'answered');
  }
  assert.deepEqual(await get(`https://localhost:${port}/`), { kind: 'failed', reason: 'tls', sent: false });
  assert.equal(new Set(connections.map(({ socket }) => socket)).size, 1);
});
