/** A proxy that does nothing but pass on: what it takes, every proxy in Node takes. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

interface Event {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly http: { readonly method: string } };
}

const upstream = new URL(process.env['UPSTREAM'] ?? '');
const isSecure = upstream.protocol === 'https:';
const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
const send = isSecure ? httpsRequest : httpRequest;
const { hostname, port } = upstream;

function read(answer: IncomingMessage, resolve: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('end', () => resolve(Buffer.concat(chunks)));
}

export const handler = async ({ requestContext, ...event }: Event): Promise<object> =>
  new Promise((resolve, reject) => {
    const { method } = requestContext.http;
    const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
    const { host: _, ...headers } = event.headers;
    const request = send({ agent, hostname, port, method, path: event.rawPath + query, headers }, (answer) => {
      read(answer, (body) =>
        resolve({
          statusCode: answer.statusCode,
          headers: answer.headers,
          body: body.toString('base64'),
          isBase64Encoded: true,
        }),
      );
    });
    request.on('error', reject);
    request.end(
      event.body === undefined ? undefined : Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8'),
    );
  });
