/**
 * The `fetch` that openid-client and jose are given: our own time-outs and byte caps over `node:https`, no redirects,
 * and a copy of the last answer, because the libraries' errors do not carry what an outcome is decided on.
 */
import type { Send } from '../outgoing/send.ts';

/** An answer of the provider as it came, before any library has judged it. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Whether a status says that asking again may help. */
export const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** Why no answer came. */
export class ProviderUnreachable extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`the provider did not answer: ${reason}`);
    this.name = 'ProviderUnreachable';
    this.reason = reason;
  }
}

type Body = ArrayBuffer | null | ReadableStream | string | Uint8Array | undefined | URLSearchParams;

/** The subset of the Fetch API's options that both libraries use. */
export interface FetchOptions {
  readonly method: string;
  readonly headers: Headers | Record<string, string>;
  readonly body?: Body;
}

export type ProviderFetch = (url: string, options: FetchOptions) => Promise<Response>;

const limits = { connectMs: 2000, headersMs: 4000, totalMs: 4000, idleMs: 4000, maxBytes: 1024 * 1024 } as const;

const bodiless = new Set([101, 204, 205, 304]);

function textOf(body: Body): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only text and form bodies are sent to the provider');
}

/**
 * @param send the outgoing room's client
 * @param seen is told every answer before the library gets it, and may put another body in its place
 * @throws ProviderUnreachable when there was no complete answer within 4 s and 1 MB
 */
export function providerFetch(
  send: Send,
  seen: (answer: RawAnswer) => string = (answer) => answer.body,
): ProviderFetch {
  return async (url, options) => {
    const body = textOf(options.body);
    const result = await send({
      url,
      method: options.method,
      headers: options.headers instanceof Headers ? Object.fromEntries(options.headers) : options.headers,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
      limits,
      kept: options.method === 'GET' ? 'repeatable' : 'once',
    });
    if (result.kind === 'failed') throw new ProviderUnreachable(result.reason);
    const headers = new Map<string, string>();
    for (let at = 0; at + 1 < result.rawHeaders.length; at += 2) {
      headers.set((result.rawHeaders[at] ?? '').toLowerCase(), result.rawHeaders[at + 1] ?? '');
    }
    const text = seen({ status: result.status, headers, body: result.body.toString('utf8') });
    return new Response(bodiless.has(result.status) ? null : text, { status: result.status, headers: [...headers] });
  };
}
