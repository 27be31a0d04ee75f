/**
 * One JSON line per event on stdout. The catalogue of events is closed and fields are chosen one by one at the call, so
 * that a token, a code, a cookie or a claim value cannot slip in with an object that was logged whole.
 */
import { createHash } from 'node:crypto';

/** Every event that the broker logs. Once released, a name does not change. */
export type LogEvent =
  | 'login_started'
  | 'login_succeeded'
  | 'login_failed'
  | 'logout'
  | 'revocation_failed'
  | 'audience_refused'
  | 'refreshed'
  | 'refresh_failed'
  | 'refresh_rejected'
  | 'subject_mismatch'
  | 'session_buried'
  | 'store_unavailable'
  | 'backchannel_logout'
  | 'backchannel_logout_failed'
  | 'csrf_rejected'
  | 'proxy_denied'
  | 'proxy_failed'
  | 'stream_ended'
  | 'session_ended'
  | 'cookie_rejected'
  | 'configuration_invalid'
  | 'configuration_unavailable'
  | 'configuration_stale'
  | 'key_ring_invalid'
  | 'keys_rotated'
  | 'keys_unchanged'
  | 'key_rotation_failed'
  | 'provider_failed'
  | 'request_malformed'
  | 'internal_error';

export type LogLevel = 'info' | 'warn' | 'error';

/** Fields are plain values; whoever writes one states what it is by its name. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Writes one event. */
export type Log = (level: LogLevel, event: LogEvent, fields?: LogFields) => void;

const longest = 512;

/**
 * @param ref the request id that every problem of this request carries
 * @param write takes one complete line, with its line feed
 */
export function createLog(ref: string, write: (line: string) => void = (line) => process.stdout.write(line)): Log {
  return (level, event, fields = {}) => {
    const line: Record<string, unknown> = { time: new Date().toISOString(), level, event, ref };
    for (const [name, value] of Object.entries(fields)) {
      line[name] = typeof value === 'string' ? value.slice(0, longest) : value;
    }
    write(`${JSON.stringify(line)}\n`);
  };
}

/** A short one-way stand-in by which lines of one session or subject can be matched (R127). */
export const hashed = (value: string): string => createHash('sha256').update(value).digest('base64url').slice(0, 12);
