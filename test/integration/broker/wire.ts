/** One HTTP request exactly as given; Node's `fetch` would put request metadata of its own in place of a browser's. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { Exchange } from './own-answers.ts';

export interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | undefined;
}

/** Bodies of these statuses cannot be given to a Response. */
const bodiless = new Set([204, 205, 304]);

type Watcher = (exchange: Exchange) => void;

const watchers = new Set<Watcher>();

/** Node frames bodies of some methods only, and sends those of others without a word about them. */
const lengthOf = (body: Sent['body']): Record<string, string> =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };

/** Behind function URLs a client says the hash of its body, which the CDN in front signs. */
const hashOf = (body: Sent['body']): Record<string, string> =>
  body === undefined || process.env['BROKER_EVENTS'] !== 'function-url'
    ? {}
    : { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') };

/** Shows every answer of this process to somebody; what it throws fails the request. Returns how to stop it. */
export function watchAnswers(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** @param target in place of the URL's path and query, byte for byte */
export async function send(
  url: URL,
  { method, headers, body }: Sent,
  target = url.pathname + url.search,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: url.port,
        method,
        path: target,
        headers: { host: url.host, ...lengthOf(body), ...hashOf(body), ...headers },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const received = new Headers();
          for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
            received.append(answer.rawHeaders[at] ?? '', answer.rawHeaders[at + 1] ?? '');
          }
          const status = answer.statusCode ?? 0;
          const bytes = Buffer.concat(chunks);
          const response = new Response(bodiless.has(status) ? null : bytes, {
            status,
            statusText: answer.statusMessage ?? '',
            headers: received,
          });
          try {
            for (const watch of watchers) watch({ url, method, answer: response, text: bytes.toString() });
            resolve(response);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
