/**
 * Sockets kept between requests, per origin. Their age is told by the wall clock, because timers stand still while a
 * function is frozen and the other side closes its end meanwhile.
 */
import { Agent as HttpAgent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';

/** Whether the request that asks for a socket may be sent a second time should the socket turn out dead. */
export type Kept = 'repeatable' | 'once';

/** Where requests to one origin go. */
export interface Origin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** The `Host` header: with the port only where it is not the default of the scheme (RFC 9110, section 7.2). */
  readonly host: string;
  /** What the certificate must be for; empty for an address, which is never sent as SNI (RFC 6066, section 3). */
  readonly servername: string;
  readonly agent: HttpAgent;
}

/** An unused socket is taken again up to this age. A dead one costs a request that must not be repeated its answer. */
const longestMs = { repeatable: 50_000, once: 4_000 } as const satisfies Record<Kept, number>;

/** The header in which a server says how long it keeps a socket (RFC 2068, section 19.7.1.1). */
const announcing = 'keep-alive';
/** From then on the kernel looks whether the other side is still there. */
const probeAfterMs = 1_000;
/** A server may close a socket a moment before the time that it has announced. */
const sparedMs = 1_000;

const keptAt = new WeakMap<Socket, number>();
const announcedMs = new WeakMap<Socket, number>();

/**
 * Notes how long the server says it keeps the socket of this answer: `Keep-Alive: timeout=5`, in seconds. Node's agent
 * reads it as well, though of the headers as an object, which nobody here needs otherwise, and into a timer.
 */
export function noteAnnounced({ socket, rawHeaders }: Pick<IncomingMessage, 'socket' | 'rawHeaders'>): void {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length !== announcing.length || name.toLowerCase() !== announcing) continue;
    const seconds = /^timeout=(\d{1,9})/.exec(rawHeaders[at + 1] ?? '')?.[1];
    if (seconds !== undefined) announcedMs.set(socket, Number(seconds) * 1000 - sparedMs);
  }
}

/**
 * An agent has one origin, so that its sockets differ in nothing but the certificates that were trusted for them. What
 * Node makes of every option of TLS, three times per request, would be the same text each time.
 */
const poolName = 'kept';

/**
 * What is documented to be done where a socket falls free, and nothing else: it gets no timer, because its age is looked at
 * when a request wants it. The value matters, although the type of `keepSocketAlive` says nothing of one.
 */
function keep(socket: Socket): true {
  keptAt.set(socket, Date.now());
  socket.setKeepAlive(true, probeAfterMs);
  socket.unref();
  return true;
}

class KeptHttp extends HttpAgent {
  override getName(): string {
    return poolName;
  }

  override keepSocketAlive(socket: Socket): true {
    return keep(socket);
  }
}

/** The same with TLS; sessions are resumed by the agent's own cache. */
class KeptHttps extends HttpsAgent {
  override getName({ ca }: RequestOptions = {}): string {
    return typeof ca === 'string' ? ca : poolName;
  }

  override keepSocketAlive(socket: Socket): true {
    return keep(socket);
  }
}

const origins = new Map<string, Origin>();

function createOrigin(text: string): Origin {
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  const plainOrigin = url.pathname === '/' && url.search === '' && url.hash === '';
  if ((!secure && url.protocol !== 'http:') || url.username !== '' || url.password !== '' || !plainOrigin) {
    throw new TypeError('Not an http or https origin');
  }
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const options = { keepAlive: true };
  return {
    secure,
    hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    servername: isIP(hostname) === 0 ? hostname : '',
    agent: secure ? new KeptHttps(options) : new KeptHttp(options),
  };
}

/**
 * The origin of that name with its kept sockets. Origins come from configuration, so their number is bounded.
 *
 * @param text scheme and authority, for example `https://orders.example.com`
 * @throws TypeError when it is not an http or https origin, or holds user information
 */
export function originOf(text: string): Origin {
  const known = origins.get(text);
  if (known !== undefined) return known;
  const origin = createOrigin(text);
  origins.set(text, origin);
  return origin;
}

function isStale(socket: Socket, longest: number, now: number): boolean {
  const age = now - (keptAt.get(socket) ?? 0);
  // A clock set back makes the age negative.
  return age < 0 || age >= Math.min(longest, announcedMs.get(socket) ?? longest);
}

/**
 * Closes the kept sockets that are too old for the request at hand, so that the agent takes a younger one or opens anew.
 *
 * @param longest milliseconds; 0 closes all of them
 */
function dropOlderThan(agent: HttpAgent, longest: number): void {
  const now = Date.now();
  for (const sockets of Object.values(agent.freeSockets)) {
    if (sockets === undefined) continue;
    // The agent takes the last one and skips dead ones only at the front, so everything before a stale one goes as well.
    const last = sockets.findLastIndex((socket) => isStale(socket, longest, now));
    for (let at = 0; at <= last; at++) sockets[at]?.destroy();
  }
}

/** Closes the kept sockets of this origin that a request of this kind must not use. */
export const dropStale = (origin: Origin, kept: Kept): void => dropOlderThan(origin.agent, longestMs[kept]);

/** Closes every kept socket of this origin: one was found dead, and its siblings went to sleep with it. */
export const dropAll = (origin: Origin): void => dropOlderThan(origin.agent, 0);
