/**
 * The HTTP client of the broker: one request, one answer as it came. It follows no redirect, decompresses nothing, reads
 * no more than it was allowed to, and says of a failure whether the request can have reached the other side.
 */
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { dropAll, dropStale, noteAnnounced, originOf } from './sockets.ts';
import type { Kept, Origin } from './sockets.ts';
import { startWatch } from './watch.ts';
import type { Watch } from './watch.ts';

/** How long each step may take, in milliseconds, and how much is read. */
export interface Limits {
  /** Name resolution, TCP and TLS together. Does not apply to a kept socket. */
  readonly connectMs: number;
  /** From the connected socket to the last byte of the answer's headers. */
  readonly headersMs: number;
  /** The longest silence while the body is read. */
  readonly idleMs: number;
  /** Everything together. */
  readonly totalMs: number;
  /** Bytes of the answer's body as they came over the wire. */
  readonly maxBytes: number;
}

/** A request to send. */
export interface Call {
  /** Absolute. What follows the authority is sent as it stands: percent-encoded ASCII, without a fragment. */
  readonly url: string;
  readonly method: string;
  /** Sent in this order after `Host`; `Content-Length` is added by the client and must not be among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  readonly limits: Limits;
  /**
   * `repeatable`: where a kept socket turns out dead before a byte came back, the request is sent once more.
   * `once`: it is sent at most once, and only over a socket that is new or was in use seconds ago.
   */
  readonly kept: Kept;
  /** Ends the call: `failed`, `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Certificates (PEM) to trust instead of those that the runtime trusts. */
  readonly tls?: { readonly ca: string } | undefined;
}

/** No answer, or none that may be used. */
export interface Failed {
  readonly kind: 'failed';
  /**
   * `unreachable`: no connection. `tls`: no trusted connection. `reset`: the connection broke, or a body did in its framing.
   * `malformed`: the head is not HTTP. `too_large`: headers or body beyond the limit. `timeout`, `aborted`: as they say.
   */
  readonly reason: 'timeout' | 'unreachable' | 'reset' | 'malformed' | 'too_large' | 'tls' | 'aborted';
  /** Whether the other side may have seen the request. */
  readonly sent: boolean;
}

/** The head of an answer whose body is still to be read, or destroyed. */
export interface Opened {
  readonly kind: 'opened';
  readonly status: number;
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
  readonly message: IncomingMessage;
}

/** A complete answer. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** The body, where the answer was handed on before it had come. */
  readonly arriving?: Arriving;
}

/** A body that is to be read to its end, or destroyed. */
export interface Arriving {
  readonly message: IncomingMessage;
  /** In bytes; `undefined` where the other side has not said. */
  readonly length: number | undefined;
}

/** What `send` is, for those who are handed one. */
export type Send = (call: Call) => Promise<Answered | Failed>;

const failed = (reason: Failed['reason'], sent: boolean): Failed => ({ kind: 'failed', reason, sent });

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

const parserReason = (code: string): Failed['reason'] | undefined =>
  code === 'HPE_HEADER_OVERFLOW' ? 'too_large' : code.startsWith('HPE_') ? 'malformed' : undefined;

const bodiless = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** Splits a URL by hand: `new URL` would rewrite the path, which is to be sent as it stands. */
function split(url: string): { origin: Origin; path: string } {
  const authority = url.indexOf('//') + 2;
  let end = authority;
  while (end < url.length && !'/?#'.includes(url.charAt(end))) end++;
  const path = url.slice(end);
  if (authority < 2 || path.includes('#')) throw new TypeError('Not an absolute URL without a fragment');
  return { origin: originOf(url.slice(0, end)), path: path.startsWith('/') ? path : `/${path}` };
}

function flatHeaders(call: Call, origin: Origin): string[] {
  const flat = ['Host', origin.host];
  for (const name in call.headers) flat.push(name, call.headers[name] ?? '');
  const length = call.body?.length ?? 0;
  if (length > 0 || !bodiless.has(call.method)) flat.push('Content-Length', String(length));
  return flat;
}

function start(call: Call, origin: Origin, path: string): ClientRequest {
  const options = {
    agent: origin.agent,
    host: origin.hostname,
    port: origin.port,
    method: call.method,
    path,
    headers: flatHeaders(call, origin),
  };
  if (!origin.secure) return httpRequest(options);
  return httpsRequest({ ...options, servername: origin.servername, ...(call.tls && { ca: call.tls.ca }) });
}

/**
 * Sends once, and a second time over a new socket where a kept one was dead before a byte came back.
 *
 * @param isSecond it is not sent again
 */
function attempt(call: Call, origin: Origin, path: string, watch: Watch, isSecond = false): Promise<Opened | Failed> {
  return new Promise((resolve) => {
    let phase: 'connecting' | 'securing' | 'sent' = 'connecting';
    const request = start(call, origin, path);

    const settle = (result: Opened | Failed | Promise<Opened | Failed>): void => {
      call.signal?.removeEventListener('abort', abort);
      resolve(result);
    };
    const stop = (reason: Failed['reason']): void => {
      settle(failed(reason, phase === 'sent'));
      request.destroy();
    };
    const abort = (): void => stop('aborted');
    watch.whenOver(() => stop('timeout'));
    const connected = (): void => {
      phase = 'sent';
      watch.atMost(call.limits.headersMs);
    };

    request.on('socket', (socket) => {
      if (request.reusedSocket) return connected();
      watch.atMost(call.limits.connectMs);
      socket.once('connect', origin.secure ? () => (phase = 'securing') : connected);
      if (origin.secure) socket.once('secureConnect', connected);
    });
    request.on('response', (message) => {
      const status = message.statusCode ?? 0;
      noteAnnounced(message);
      settle({ kind: 'opened', status, rawHeaders: message.rawHeaders, message });
    });
    // Nobody asked for one, so whatever follows on this connection is not an answer.
    request.on('upgrade', (_message, socket) => {
      socket.destroy();
      settle(failed('malformed', true));
    });
    request.on('error', (error) => {
      const code = codeOf(error);
      if (phase === 'connecting') return settle(failed('unreachable', false));
      if (phase === 'securing') return settle(failed('tls', false));
      const parser = parserReason(code);
      if (parser !== undefined) return settle(failed(parser, true));
      if (isSecond || !request.reusedSocket || call.kept === 'once') return settle(failed('reset', true));
      dropAll(origin);
      settle(attempt(call, origin, path, watch, true));
    });
    if (call.signal?.aborted === true) return abort();
    call.signal?.addEventListener('abort', abort);
    request.end(call.body);
  });
}

function openWithin(call: Call, watch: Watch): Promise<Opened | Failed> {
  const { origin, path } = split(call.url);
  dropStale(origin, call.kept);
  return attempt(call, origin, path, watch);
}

/** Reads the rest of an answer whose head is there, however many bytes up to the limit. */
function complete({ status, rawHeaders, message }: Opened, call: Call, watch: Watch): Promise<Answered | Failed> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: Answered | Failed): void => {
      call.signal?.removeEventListener('abort', abort);
      resolve(result);
    };
    const stop = (reason: Failed['reason']): void => {
      settle(failed(reason, true));
      message.destroy();
    };
    const abort = (): void => stop('aborted');
    watch.whenOver(() => stop('timeout'));
    watch.atMost(call.limits.idleMs);

    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > call.limits.maxBytes) return stop('too_large');
      chunks.push(chunk);
      watch.atMost(call.limits.idleMs);
    });
    message.on('end', () => {
      const [first] = chunks;
      const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
      settle({ kind: 'answered', status, rawHeaders, body });
    });
    message.on('error', () => settle(failed('reset', true)));
    call.signal?.addEventListener('abort', abort);
  });
}

/** Whatever comes of a call, its timer ends with it. */
async function watched<T>({ limits }: Call, use: (watch: Watch) => Promise<T>): Promise<T> {
  const watch = startWatch(limits.totalMs);
  try {
    return await use(watch);
  } finally {
    watch.stop();
  }
}

/**
 * Sends a request and answers as soon as the head of its answer is there; whoever takes the message must read it to its
 * end or destroy it. Of the limits, `idleMs` and `maxBytes` are then the reader's to hold, and so is what is left of
 * `totalMs`.
 *
 * @throws TypeError for a URL, method or header that cannot be put on the wire
 */
export const open = (call: Call): Promise<Opened | Failed> => watched(call, (watch) => openWithin(call, watch));

/**
 * Sends a request and reads its answer, whatever its status.
 *
 * @throws TypeError for a URL, method or header that cannot be put on the wire
 */
export const send = (call: Call): Promise<Answered | Failed> =>
  watched(call, async (watch) => {
    const opened = await openWithin(call, watch);
    return opened.kind === 'failed' ? opened : complete(opened, call, watch);
  });

/** A success that has a body (RFC 9110, sections 9.3.2 and 15.3). */
const bringsBody = (method: string, status: number): boolean =>
  method !== 'HEAD' && status >= 200 && status < 300 && status !== 204 && status !== 205;

const contentLength = 'content-length';

/** Read from the list: Node would make an object of all headers for the one. */
function lengthOf(rawHeaders: readonly string[]): number | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === contentLength.length && name.toLowerCase() === contentLength) return Number(rawHeaders[at + 1]);
  }
  return undefined;
}

/**
 * Sends a request and answers as soon as it is clear that it succeeded: the body is then still arriving. Anything else
 * is read to its end, as `send` does, for it is short and may have to be asked for again.
 *
 * @throws TypeError for a URL, method or header that cannot be put on the wire
 */
export const sendForStream = (call: Call): Promise<Answered | Failed> =>
  watched(call, async (watch) => {
    const opened = await openWithin(call, watch);
    if (opened.kind === 'failed') return opened;
    const { status, rawHeaders, message } = opened;
    if (!bringsBody(call.method, status)) return complete(opened, call, watch);
    return {
      kind: 'answered',
      status,
      rawHeaders,
      body: Buffer.alloc(0),
      arriving: { message, length: lengthOf(rawHeaders) },
    };
  });
