/** A streaming proxy that does nothing but pass on: what it takes, every streaming proxy in Node takes. */
import { Agent, request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';

interface Event {
  readonly rawPath: string;
  readonly headers: Readonly<Record<string, string>>;
}

const { hostname, port } = new URL(process.env['UPSTREAM'] ?? '');
const agent = new Agent({ keepAlive: true });

export const handler = awslambda.streamifyResponse<Event>(
  async (event, stream) =>
    new Promise((resolve, reject) => {
      const { host: _, ...headers } = event.headers;
      const request = httpRequest({ agent, hostname, port, path: event.rawPath, headers }, (answer) => {
        const prelude = {
          statusCode: answer.statusCode ?? 502,
          headers: { 'content-type': 'application/octet-stream' },
        };
        pipeline(answer, awslambda.HttpResponseStream.from(stream, prelude)).then(resolve, reject);
      });
      request.on('error', reject);
      request.end();
    }),
);
