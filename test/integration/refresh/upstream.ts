/** An API that tells whose token it was sent, and answers when a test lets it. */
import { createServer } from 'node:http';
import { after } from 'node:test';
import { decodeJwt } from 'jose';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { createGate, type Gate } from './gate.ts';

export interface Upstream {
  readonly origin: string;
  /** Stops every call from now on until its gate is open. */
  hold(): Gate;
}

/** Ends with the tests of the file. */
export async function startUpstream(): Promise<Upstream> {
  let gate: Gate | undefined;
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '');
    const { aud, sub } = token === undefined ? {} : decodeJwt(token);
    const answer = async (): Promise<void> => {
      await gate?.pass();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ aud, sub }));
    };
    answer().catch(() => response.destroy());
  });
  const origin = await listen(server);
  after(async () => shut(server));
  return {
    origin,
    hold() {
      gate = createGate();
      return gate;
    },
  };
}
