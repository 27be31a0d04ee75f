/** Answers of the provider that are rewritten, replaced, held back or cut off, because a test wants to see it. */
import type { Context, Middleware } from 'oidc-provider';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import type { RecordedRequest } from './requests.ts';

/** An answer on its way out. Where `json` is present it is the body. Cookies are not among the headers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly body?: string;
  /** How long the answer is held back. */
  readonly delayMs?: number;
  /** The connection is reset in place of an answer. */
  readonly reset?: boolean;
}

/** Rewrites the answer that the real provider gave to this request. */
export type Fault = (answer: Answer, request: RecordedRequest) => Answer | Promise<Answer>;

/** What goes wrong on purpose; each is set and deleted while the provider runs. */
export interface Faults {
  /** Answers in place of the provider, which then never sees the request; `undefined` lets it pass. */
  before?: ((request: RecordedRequest) => Answer | undefined | Promise<Answer | undefined>) | undefined;
  token?: Fault | undefined;
  discovery?: Fault | undefined;
  jwks?: Fault | undefined;
  revoke?: Fault | undefined;
  par?: Fault | undefined;
  userinfo?: Fault | undefined;
  /** The redirect back to the application: rewrite `headers.location`. */
  authorization?: Fault | undefined;
}

function isRedirectAway(context: Context, origin: string): boolean {
  const location = context.response.headers['location'];
  return typeof location === 'string' && new URL(location, origin).origin !== origin;
}

function faultFor(faults: Faults, request: RecordedRequest, context: Context, origin: string): Fault | undefined {
  switch (request.endpoint) {
    case 'authorize':
    case 'resume':
      return isRedirectAway(context, origin) ? faults.authorization : undefined;
    case 'login':
    case 'logout':
      return undefined;
    case 'token':
    case 'discovery':
    case 'jwks':
    case 'revoke':
    case 'par':
    case 'userinfo':
      return faults[request.endpoint];
    default:
      return request.endpoint satisfies never;
  }
}

function answerOf(context: Context): Answer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.response.headers)) {
    if (name !== 'set-cookie') headers[name] = String(value);
  }
  const { status, body } = context;
  if (typeof body === 'object' && body !== null) return { status, headers, json: body as Record<string, unknown> };
  return { status, headers, body: typeof body === 'string' ? body : '' };
}

async function send(context: Context, answer: Answer, ended: AbortSignal): Promise<void> {
  if (answer.delayMs !== undefined) await sleep(answer.delayMs, undefined, { signal: ended });
  if (answer.reset) {
    context.respond = false;
    context.res.socket?.resetAndDestroy();
    return;
  }
  for (const name of Object.keys(context.response.headers)) {
    if (name !== 'set-cookie' && !Object.hasOwn(answer.headers, name)) context.remove(name);
  }
  context.status = answer.status;
  context.body = answer.json ?? answer.body ?? '';
  for (const [name, value] of Object.entries(answer.headers)) {
    if (name !== 'content-length') context.set(name, value);
  }
}

/**
 * @param requestOf what was recorded of a request; `undefined` for one that nobody records
 * @param ended ends every delay
 */
export function faulty(
  faults: Faults,
  origin: string,
  requestOf: (message: IncomingMessage) => RecordedRequest | undefined,
  ended: AbortSignal,
): Middleware {
  return async (context, next) => {
    const request = requestOf(context.req);
    if (request === undefined) return next();
    const instead = await faults.before?.(request);
    if (instead !== undefined) return send(context, instead, ended);
    await next();
    const fault = faultFor(faults, request, context, origin);
    if (fault !== undefined) await send(context, await fault(answerOf(context), request), ended);
  };
}
