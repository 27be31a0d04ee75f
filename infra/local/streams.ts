/** The function that streams, at an origin of its own, and the paths that the edge leads to it. */
import type { Streams } from './edge/edge.ts';
import type { Account } from './gateway/intrinsics.ts';
import { functionUrl, urlDomain } from './gateway/function-url.ts';
import { startGateway } from './gateway/gateway.ts';
import type { PackagedStack } from './gateway/template.ts';
import type { LineSink } from './lambda/function.ts';
import type { Lambda } from './lambda/lambda.ts';
import { streamPaths } from '../stage/stream-paths.ts';

export interface StreamsOptions {
  readonly template: PackagedStack;
  readonly account: Account;
  readonly lambda: Lambda;
  readonly take: LineSink;
  /** As it is now, with its references to parameters filled in. */
  readonly configuration: () => Promise<unknown>;
}

export interface StreamingFunction {
  /** What of a request leads to it; a changed configuration leads other paths there. */
  behaviours(): Promise<Streams | undefined>;
  close(): Promise<void>;
}

/** Does nothing where no function of the package streams. */
export async function startStreams(options: StreamsOptions): Promise<StreamingFunction> {
  const { template, account, lambda, take, configuration } = options;
  const [functionName] = template.streaming;
  if (functionName === undefined) return { behaviours: async () => undefined, close: async () => undefined };
  const onFault = (text: string): void =>
    take({ functionName: 'function-url', pid: process.pid, stream: 'platform', text });
  const { accountId, region } = account;
  const timeoutSeconds = template.functions.find(({ name }) => name === functionName)?.timeoutSeconds ?? 3;
  const url = await startGateway(functionUrl, {
    routes: [{ key: '$default', functionName, timeoutMs: (timeoutSeconds + 1) * 1000, streamed: true }],
    api: { apiId: 'local', accountId, domainName: `local.${urlDomain(region)}` },
    lambda,
    onFault,
  });
  return {
    behaviours: async () => ({ origin: url.origin, patterns: streamPaths(await configuration()) }),
    close: async () => url.close(),
  };
}
