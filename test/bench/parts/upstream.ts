/**
 * The API behind the proxies: a small JSON to every request but one, which gets 1 MB, with and without TLS; and TLS in front
 * of anything else.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { certificate, privateKey } from '../../unit/outgoing/certificate.ts';

export interface Upstream {
  readonly origin: string;
  requests: number;
  close(): Promise<void>;
}

const orders = JSON.stringify(
  ['paid', 'shipped', 'open'].map((state, index) => ({ id: index + 1, state, total: 12.5, currency: 'EUR' })),
);

const large = Buffer.alloc(1_000_000, 'the same again, ');

export async function startUpstream(): Promise<Upstream> {
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    upstream.requests += 1;
    request.resume();
    if (request.url?.endsWith('/large') === true) {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': large.length });
      response.end(large);
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(orders),
      'cache-control': 'private, max-age=0',
      etag: '"5d8c72a5edda8d6a:0"',
      'x-request-id': '4f2f3c06-0d39-4c6f-a3a5-1d7f4c3b6b0e',
    });
    response.end(orders);
  });
  const upstream: Upstream = { origin: await listen(server), requests: 0, close: async () => shut(server) };
  return upstream;
}

/** What clients must trust to reach {@link startTlsFront}. */
export { certificate };

/**
 * Speaks TLS for a server that does not, as `https://localhost:<port>`.
 * @param origin of the server behind it
 */
export async function startTlsFront(origin: string): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const open = new Set<TLSSocket>();
  const { hostname, port } = new URL(origin);
  const server = createTlsServer({ cert: certificate, key: privateKey }, (socket) => {
    open.add(socket);
    const inner = connect(Number(port), hostname).setNoDelay();
    socket.setNoDelay().pipe(inner).pipe(socket);
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
    socket.on('close', () => {
      inner.destroy();
      open.delete(socket);
    });
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
