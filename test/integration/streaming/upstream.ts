/** An API that answers piece by piece, each when the test says so. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after } from 'node:test';
import { listen, shut } from '../../../infra/local/loopback.ts';

/** One request to it. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Settles when the connection of this request is gone before its answer was whole. */
  readonly dropped: Promise<unknown>;
}

export interface Upstream {
  readonly origin: string;
  /** The next request that arrives below this path, or has and was not asked for yet. */
  asked(path: string): Promise<Asked>;
}

/** Ends with the test file. */
export async function startUpstream(): Promise<Upstream> {
  const arrived: Asked[] = [];
  const server = createServer((request, response) => {
    const dropped = once(response, 'close');
    arrived.push({ request, response, dropped });
    server.emit('asked');
  });
  const origin = await listen(server);
  after(async () => shut(server));

  return {
    origin,
    async asked(path) {
      for (;;) {
        const at = arrived.findIndex(({ request }) => request.url?.startsWith(path));
        const [found] = at < 0 ? [] : arrived.splice(at, 1);
        if (found !== undefined) return found;
        await once(server, 'asked');
      }
    },
  };
}
