/** A request and its response in the broker's own neutral shape, whatever event carried them. */
import type { Readable } from 'node:stream';
import type { Seconds } from '../contract/units.ts';

/** The cookies of a request. */
export interface Cookies {
  /** Every value sent under this name, in the order in which the browser sent them; empty when there is none. */
  all(name: string): readonly string[];
  /** Every distinct name, in the order of first occurrence. */
  names(): Iterable<string>;
  /** Bytes of the `Cookie` header as it was sent. */
  readonly bytes: number;
}

/**
 * One cookie to set. All of them are `Secure; HttpOnly` and carry no `Domain`. A deletion has an empty value and
 * `maxAgeSeconds` 0 and repeats the path of the cookie it deletes.
 */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly sameSite: 'Strict' | 'Lax';
  /** Left out: the cookie lives as long as the browser session. */
  readonly maxAgeSeconds?: Seconds;
}

/** What a request is once its event has been read. */
export interface HttpRequest {
  /** As sent, for example `GET`. */
  readonly method: string;
  /** Begins with `/`; whether it is still percent-encoded is said by `pathEncoding`. */
  readonly path: string;
  /** The payload format version of its event: 1.0 is that of a REST API. */
  readonly payload: '1.0' | '2.0';
  /** An HTTP API hands paths over decoded, every other event leaves them encoded. */
  readonly pathEncoding: 'decoded' | 'encoded';
  /** Without `?`, byte for byte; empty when there was none. */
  readonly query: string;
  /** Lower-case name → value; repeated headers are joined by commas; never holds `cookie`. */
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: Cookies;
  /** The body's bytes; empty when there was none. */
  readonly body: Buffer;
  /** The client's address as the event states it. */
  readonly sourceIp: string;
  /** By which the log line of this request is found: the `ref` of every problem. */
  readonly requestId: string;
  /** When the answer must be on its way, in milliseconds since the epoch. */
  readonly deadlineAtMs: number;
}

/** What an endpoint answers. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; a name may occur more than once only where HTTP allows a list. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly cookies: readonly SetCookie[];
  /** Text is UTF-8; bytes are passed on exactly. */
  readonly body: string | Buffer;
  /** What follows the body: only where a function streams. */
  readonly arriving?: Arriving;
}

/** Bytes that are still on their way, to be read to their end or destroyed. */
export interface Arriving {
  readonly bytes: Readable;
  /** How many; `undefined` where the API has not said. */
  readonly length: number | undefined;
  /** How long none may come before the rest is given up. */
  readonly silenceMs: number;
}
