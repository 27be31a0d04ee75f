/** Passes requests and WebSocket upgrades on to another server on this machine, streaming in both directions. */
import { request as send } from 'node:http';
import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Headers that are about one connection only (RFC 9110, section 7.6.1). `Transfer-Encoding` describes the body as well. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
]);

type Header = readonly [name: string, value: string];

function pairs(rawHeaders: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return headers;
}

/** Where a request goes and what of its head is different there. */
export interface Destination {
  readonly origin: string;
  readonly agent: Agent;
  /** In place of headers of the same lower-case name; `host` is set by the origin. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Lets `Connection` and `Upgrade` through, so that what answers can refuse the upgrade. */
  readonly keepUpgrade?: boolean;
  /** In place of the path and query that the client asked for. */
  readonly target?: string;
  /** Rewrites the `Location` of a redirect. */
  readonly rewriteLocation?: (location: string) => string;
  /** Answers when the destination cannot be reached. */
  readonly unreachable: (response: ServerResponse) => void;
}

function requestHead(request: IncomingMessage, { origin, headers = {}, keepUpgrade }: Destination): string[] {
  const isDropped = (name: string): boolean => {
    if (keepUpgrade === true && (name === 'connection' || name === 'upgrade')) return false;
    return name === 'host' || hopByHop.has(name) || headers[name] !== undefined;
  };
  return [
    ['Host', new URL(origin).host] as const,
    ...pairs(request.rawHeaders).filter(([name]) => !isDropped(name.toLowerCase())),
    ...Object.entries(headers),
  ].flat();
}

/**
 * Passes a request on and its answer back. When the client goes away, so does the request.
 * @param request of the client
 * @param response to the client
 * @param destination where it goes
 */
export function forward(request: IncomingMessage, response: ServerResponse, destination: Destination): void {
  const { hostname, port } = new URL(destination.origin);
  const rewrite = destination.rewriteLocation ?? ((location) => location);
  const outgoing = send({
    hostname,
    port,
    method: request.method,
    path: destination.target ?? request.url,
    headers: requestHead(request, destination),
    agent: destination.agent,
  });
  outgoing.on('response', (incoming) => {
    const headers = pairs(incoming.rawHeaders)
      .filter(([name]) => !hopByHop.has(name.toLowerCase()))
      .map(([name, value]) => [name, name.toLowerCase() === 'location' ? rewrite(value) : value]);
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers.flat());
    // What is streamed may be silent for a while, and its head is news already.
    response.flushHeaders();
    incoming.pipe(response);
    incoming.on('error', () => response.destroy());
  });
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else destination.unreachable(response);
  });
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

/**
 * Joins the socket of an upgrade request to the same request at another server, byte for byte.
 * @param origin an http origin
 * @param request the upgrade request
 * @param socket of the client
 * @param head what the client has sent after its head already
 */
export function joinSockets(origin: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { hostname, port, host } = new URL(origin);
  const other = connect(Number(port || '80'), hostname, () => {
    const headers = pairs(request.rawHeaders).map(([name, value]) => {
      return name.toLowerCase() === 'host' ? `Host: ${host}` : `${name}: ${value}`;
    });
    other.write([`${request.method} ${request.url} HTTP/1.1`, ...headers, '', ''].join('\r\n'), 'latin1');
    other.write(head);
    socket.pipe(other).pipe(socket);
  });
  for (const [one, another] of [[socket, other] as const, [other, socket] as const]) {
    one.on('error', () => another.destroy());
    one.on('close', () => another.destroy());
  }
}
