/** An API, a request and a log as the tests of this room need them. */
import type { Api } from '../../../functions/configuration/schema.ts';
import { seconds } from '../../../functions/contract/units.ts';
import type { HttpRequest } from '../../../functions/http/message.ts';
import { readPath } from '../../../functions/proxy/path.ts';
import type { CanonicalPath } from '../../../functions/proxy/path.ts';
import { createRoutes, matchRoute } from '../../../functions/proxy/routes.ts';
import type { Match } from '../../../functions/proxy/routes.ts';
import type { LogFields } from '../../../functions/telemetry/log.ts';

export const publicOrigin = 'https://app.example.com';

export const api = (more: Partial<Api> = {}): Api => ({
  path: '/api/orders',
  upstream: 'https://orders.example.com/v1',
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  scopes: [],
  headerless: [],
  stream: [],
  anonymous: [],
  requestHeaders: [],
  bodyLimitBytes: 1000,
  timeouts: { connect: seconds(3), response: seconds(20), silence: seconds(60) },
  cache: false,
  ...more,
});

export const path = (text: string, pathEncoding: 'encoded' | 'decoded' = 'encoded'): CanonicalPath => {
  const reading = readPath({ path: text, pathEncoding });
  if (reading.kind === 'refused') throw new Error(`the path is refused: ${reading.reason}`);
  return reading;
};

export const match = (text: string, apis: Record<string, Api> = { orders: api() }): Match | undefined =>
  matchRoute(createRoutes(apis), path(text));

/** For a path which is known to belong to an API. */
export function matched(text: string, more: Partial<Api> = {}): Match {
  const found = match(text, { orders: api(more) });
  if (found === undefined) throw new Error('the path belongs to no API');
  return found;
}

const noCookies = { all: () => [], names: () => [], bytes: 0 };

export const request = (
  more: Partial<Omit<HttpRequest, 'headers'>> & { headers?: Readonly<Record<string, string>> } = {},
): HttpRequest => ({
  method: 'GET',
  path: '/api/orders',
  payload: '2.0',
  pathEncoding: 'encoded',
  query: '',
  cookies: noCookies,
  body: Buffer.alloc(0),
  sourceIp: '203.0.113.7',
  requestId: 'ref-1',
  deadlineAtMs: Date.now() + 28_000,
  ...more,
  headers: new Map(Object.entries(more.headers ?? {})),
});

/** Keeps what is logged. */
export function recordingLog() {
  const lines: { event: string; fields: LogFields | undefined }[] = [];
  return { lines, log: (_level: string, event: string, fields?: LogFields) => void lines.push({ event, fields }) };
}
