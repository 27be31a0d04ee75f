/** One HTTP request exactly as given; Node's `fetch` would put request metadata of its own in place of a browser's. */
import { request } from 'node:http';

export interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** Bodies of these statuses cannot be given to a Response. */
const bodiless = new Set([204, 205, 304]);

export async function send(url: URL, { method, headers, body }: Sent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: url.port,
        method,
        path: url.pathname + url.search,
        headers: { host: url.host, ...headers },
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
          resolve(new Response(bodiless.has(status) ? null : Buffer.concat(chunks), { status, headers: received }));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
