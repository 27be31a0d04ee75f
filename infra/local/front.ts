/** What stands in front of the functions: the chosen gateway, and where that one does not stream the URL of the function that does. */
import { streamPaths } from '../stage/stream-paths.ts';
import type { OpenPackage } from './code.ts';
import type { Streams } from './edge/edge.ts';
import { functionUrl, urlDomain } from './gateway/function-url.ts';
import { startGateway } from './gateway/gateway.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Account } from './gateway/intrinsics.ts';
import { gatewayKinds } from './gateway/kinds.ts';
import type { Events } from './gateway/kinds.ts';
import type { Route } from './gateway/routes.ts';
import type { LineSink } from './lambda/function.ts';
import type { Lambda } from './lambda/lambda.ts';

export interface FrontOptions {
  readonly events: Events;
  readonly opened: OpenPackage;
  readonly account: Account;
  readonly lambda: Lambda;
  readonly take: LineSink;
}

export interface Front {
  /** Of the gateway. */
  readonly origin: string;
  /**
   * Leads requests from now on as a configuration wants it.
   * @param configuration with its references to parameters filled in
   * @returns what the edge leads past the gateway
   */
  lead(configuration: unknown): Streams | undefined;
  close(): Promise<void>;
}

/** The URL at which a function streams; `undefined` where the package has none. */
async function startStreamingUrl({ opened, account, lambda, take }: FrontOptions): Promise<Gateway | undefined> {
  const { streaming, functions } = opened.template;
  const found = functions.find(({ name }) => streaming.includes(name));
  if (found === undefined) return undefined;
  const timeoutMs = (found.timeoutSeconds + 1) * 1000;
  return startGateway(functionUrl, {
    routes: () => [{ key: '$default', functionName: found.name, timeoutMs, streamed: true }],
    api: { apiId: 'local', accountId: account.accountId, domainName: `local.${urlDomain(account.region)}` },
    lambda,
    onFault: (text) => take({ functionName: 'function-url', pid: process.pid, stream: 'platform', text }),
  });
}

/** @param options the functions, and which gateway they have */
export async function startFront(options: FrontOptions): Promise<Front> {
  const { events, opened, account, lambda, take } = options;
  const { template: stack, written: template, packaged } = opened;
  const { base: basePath, callback: callbackPath } = packaged.paths;
  const { kind, routesOf, domain, streams } = gatewayKinds[events];
  const streamTimeout = stack.functions.find(({ name }) => stack.streaming.includes(name))?.timeoutSeconds ?? 0;
  let routes: readonly Route[] = [];
  const gateway = await startGateway(kind, {
    routes: () => routes,
    api: { apiId: 'local', accountId: account.accountId, domainName: `local.${domain(account.region)}` },
    lambda,
    onFault: (text) => take({ functionName: 'gateway', pid: process.pid, stream: 'platform', text }),
  });
  const url = streams ? undefined : await startStreamingUrl(options);
  return {
    origin: gateway.origin,
    lead(configuration) {
      const streamed = streamPaths(configuration);
      routes = routesOf({ stack, template, account, basePath, callbackPath, streamed, streamTimeout });
      return url === undefined ? undefined : { origin: url.origin, patterns: streamed };
    },
    async close() {
      await gateway.close();
      await url?.close();
    },
  };
}
