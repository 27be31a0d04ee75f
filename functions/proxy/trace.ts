/** The trace that a request belongs to (W3C Trace Context, Level 1). */
import { randomFillSync } from 'node:crypto';

export interface Trace {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
}

/** Section 3.2.2: a version beyond 00 may go on after a dash; ids of zeros and version ff are invalid. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:(?<!^00.{53})-[\x21-\x7e]{0,200})?$/;

/** Section 3.3.1: a list of at most 32 members; 512 characters are what everybody must pass on. */
const tracestatePattern = /^[\t\x20-\x7e]{1,512}$/;

/** Random bytes for many requests, made at once: asking for a few at a time costs ten times as much. */
const pool = Buffer.alloc(24 * 64);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

// Sampled: a parent that is not would switch off the tracing of an API that by itself records every request.
const startTrace = (): string => `00-${randomHex(16)}-${randomHex(8)}-01`;

/**
 * Continues the trace of the client where it has a valid one, and starts one where not.
 *
 * @param headers of the request, names in lower case
 */
export function traceOf(headers: ReadonlyMap<string, string>): Trace {
  const parent = headers.get('traceparent');
  if (parent === undefined || !traceparentPattern.test(parent)) {
    return { traceparent: startTrace(), tracestate: undefined };
  }
  const state = headers.get('tracestate');
  return { traceparent: parent, tracestate: state !== undefined && tracestatePattern.test(state) ? state : undefined };
}
