/** The local SSM behind a relay that looks at each call, and can answer it wrongly, lose its answer, or let others go first. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { listen, readBody, shut } from '../../../infra/local/loopback.ts';
import { startSsm, type Ssm } from '../../../infra/local/aws/ssm.ts';

export interface Call {
  /** `GetParameter`, `PutParameter`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** `lose`: it is carried out and its answer never arrives. `throttle`: it is not carried out. */
export type Fate = 'carry out' | 'lose' | 'throttle';

export interface FaultySsm {
  readonly ssm: Ssm;
  readonly endpoint: string;
  readonly calls: Call[];
  /** Decides on each call; may do something else first. */
  decide: (call: Call) => Fate;
  close(): Promise<void>;
}

/** What belongs to one connection. */
const ofConnection = new Set(['connection', 'content-length', 'transfer-encoding', 'host']);

const forwarded = (headers: IncomingHttpHeaders): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) => (ofConnection.has(name) ? [] : [[name, String(value)]]));

export async function startFaultySsm(): Promise<FaultySsm> {
  const ssm = await startSsm();
  const calls: Call[] = [];

  const server = createServer((request, response) => {
    const relay = async (): Promise<void> => {
      const body = await readBody(request);
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      const call: Call = { operation, input: JSON.parse(body.toString('utf8')) as Call['input'] };
      calls.push(call);
      const fate = faulty.decide(call);
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      if (fate === 'throttle') {
        response.writeHead(400).end(JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
        return;
      }
      const answer = await fetch(ssm.endpoint, {
        method: 'POST',
        headers: forwarded(request.headers),
        body: new Uint8Array(body),
      });
      const text = await answer.text();
      if (fate === 'lose') response.destroy();
      else response.writeHead(answer.status).end(text);
    };
    relay().catch(() => response.destroy());
  });

  const faulty: FaultySsm = {
    ssm,
    endpoint: await listen(server),
    calls,
    decide: () => 'carry out',
    async close() {
      await shut(server);
      await ssm.close();
    },
  };
  return faulty;
}
