/**
 * What CloudFront is in a deployment: one origin in front of the single-page app and the broker, so that cookies are
 * first-party. Paths of the broker go to the gateway or the function that streams, everything else to a folder or to the app's own dev server.
 */
import { randomBytes } from 'node:crypto';
import { Agent, createServer, ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isAtPattern } from '../../stage/stream-paths.ts';
import { listen, shut } from '../loopback.ts';
import { forward, joinSockets } from './forward.ts';
import type { Destination } from './forward.ts';
import { serveFile } from './static-files.ts';
import { asksWithoutAudience, withoutAudience, withoutParameter } from './without-audience.ts';

/** Where the single-page app comes from. */
export type App =
  | { readonly kind: 'folder'; readonly path: string }
  /** An http origin, for example of `ng serve` or `vite`. */
  | { readonly kind: 'server'; readonly origin: string };

export interface EdgeOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Paths of the broker, each with everything below it. */
  readonly brokerPaths: readonly string[];
  /** For example `/bff/login`. */
  readonly loginPath: string;
  readonly app: App;
}

/** The function that streams, and CloudFront's patterns of the paths that lead to it. */
export interface Streams {
  readonly origin: string;
  readonly patterns: readonly string[];
}

export interface Edge {
  /** `http://localhost:<port>`: `localhost`, since browsers treat it as another site than 127.0.0.1. */
  readonly origin: string;
  /** Passes the broker's paths on from now on; before, since others need to know the edge's origin first, they are 503. */
  connect(gatewayOrigin: string, streams?: Streams): void;
  close(): Promise<void>;
}

/** CloudFront's limits. */
const urlLimitBytes = 8_192;
const requestLimitBytes = 20_480;

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/';

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** @returns the status with which an oversized or malformed request is refused */
function refusal(request: IncomingMessage): number | undefined {
  const url = request.url ?? '';
  if (!url.startsWith('/')) return 400;
  if (url.length > urlLimitBytes) return 414;
  const bytes = request.rawHeaders.reduce((sum, text) => sum + text.length + 2, url.length);
  return bytes > requestLimitBytes ? 413 : undefined;
}

/** The viewer's `Host` is left out and CloudFront's own headers are added. */
function gatewayHeaders(request: IncomingMessage): Record<string, string> {
  const viewer = request.socket.remoteAddress ?? '';
  const before = request.headers['x-forwarded-for'];
  return {
    via: '1.1 local.cloudfront.net (CloudFront)',
    'x-amz-cf-id': randomBytes(40).toString('base64url'),
    'x-forwarded-for': before === undefined ? viewer : `${String(before)}, ${viewer}`,
  };
}

/** @param options what lies behind it */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { app } = options;
  const agent = new Agent({ keepAlive: true });
  const upgraded = new Set<Duplex>();
  let gatewayOrigin: string | undefined;
  let streams: Streams | undefined;

  const isBroker = (path: string): boolean =>
    options.brokerPaths.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));

  const gateway = (request: IncomingMessage, origin: string): Destination => ({
    origin,
    agent,
    headers: gatewayHeaders(request),
    keepUpgrade: request.headers.upgrade !== undefined,
    ...(asksWithoutAudience(request, options.loginPath) && {
      target: withoutParameter(request.url ?? '/'),
      rewriteLocation: withoutAudience,
    }),
    unreachable: (response) => answerText(response, 502, 'The gateway cannot be reached.'),
  });

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const refused = refusal(request);
    if (refused !== undefined) return answerText(response, refused, 'The request is refused at the edge.');
    if (isBroker(pathOf(request))) {
      if (gatewayOrigin === undefined) return answerText(response, 503, 'The stack is starting.');
      const streamed = streams?.patterns.some((pattern) => isAtPattern(pathOf(request), pattern)) === true;
      const origin = streamed ? streams?.origin : undefined;
      return forward(request, response, gateway(request, origin ?? gatewayOrigin));
    }
    if (app.kind === 'folder') {
      serveFile(app.path, request, response).catch(() => response.destroy());
      return;
    }
    const unreachable = (failed: ServerResponse): void =>
      answerText(failed, 502, `The app at ${app.origin} does not answer. Is its dev server running?`);
    forward(request, response, { origin: app.origin, agent, unreachable });
  }

  /** An upgrade that nobody takes is answered like any other request, on a connection that ends with it. */
  function serveUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    if (app.kind === 'server' && !isBroker(pathOf(request))) return joinSockets(app.origin, request, socket, head);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    serve(request, response);
  }

  const server = createServer({ maxHeaderSize: 65_536 }, serve);
  server.on('upgrade', serveUpgrade);
  const { port } = new URL(await listen(server, options.port));

  return {
    origin: `http://localhost:${port}`,
    connect(origin, streaming) {
      gatewayOrigin = origin;
      streams = streaming;
    },
    async close() {
      for (const socket of upgraded) socket.destroy();
      await shut(server);
      agent.destroy();
    },
  };
}
