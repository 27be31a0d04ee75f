/** A server on a bare socket: a test decides every byte of an answer and sees every byte of a request. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

export interface RawServer {
  readonly origin: string;
  readonly port: number;
  /** The bytes of every request in the order of arrival, as latin1. */
  readonly requests: string[];
  /** How many connections were made. */
  connections(): number;
  /** Ends every connection as a server does that has grown tired of it; resolves when both ends know. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

/** Answers a request; `nth` counts from 0. */
export type Answer = (socket: Socket, request: string, nth: number) => void;

const isComplete = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1] ?? '0';
  return text.length >= end + 4 + Number(length);
};

/** @param answer called once per complete request */
export async function rawServer(answer: Answer): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!isComplete(text)) return;
      requests.push(text);
      const request = text;
      text = '';
      answer(socket, request, requests.length - 1);
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    async hangUp() {
      const gone = [...sockets].map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.end();
      await Promise.all(gone);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A complete answer with its length. */
export const answerOf = (body = '', head = 'HTTP/1.1 200 OK'): string =>
  `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
