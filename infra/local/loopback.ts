/** What every server of the one-machine stack does the same: listen on 127.0.0.1 alone, read a body, end at once. */
import type { IncomingMessage, Server } from 'node:http';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AddressInfo } from 'node:net';

/**
 * @param port 0: any free port
 * @returns the origin, `http://127.0.0.1:<port>`
 */
export async function listen(server: Server, port = 0): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Stops listening and ends every connection, idle or not. A client in this process that kept one has noticed by the end:
 * it would otherwise use it for a server that listens on the same port next.
 */
export async function shut(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = promisify(server.close.bind(server))();
  server.closeAllConnections();
  await closed;
  await setImmediate();
}

/** @returns the whole body; throws where the sender goes away before its end */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
