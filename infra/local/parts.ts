/** Starts what the broker talks to, as far as its configuration points at this machine: the provider and two APIs. */
import { fillIn } from '../../functions/configuration/references.ts';
import { mentions } from './addresses.ts';
import type { Addresses, Part } from './addresses.ts';
import { startApis } from './apis.ts';
import type { Apis } from './apis.ts';
import { StackProblem } from './problem.ts';
import { defaultClient, startProvider } from './provider/provider.ts';
import type { Provider, ProviderOptions } from './provider/provider.ts';

export interface PartsOptions {
  /** As written, references to parameters included. */
  readonly configuration: unknown;
  readonly parameters: ReadonlyMap<string, string>;
  readonly origin: string;
  readonly paths: { readonly base: string; readonly callback: string };
  /** Whether the broker can be told of logouts at the provider. */
  readonly backchannel: boolean;
  /** Ports of provider, orders and profile; 0: any free port. */
  readonly ports: readonly [provider: number, orders: number, profile: number];
  /** In place of what the stack tells the provider. */
  readonly provider?: ProviderOptions;
  readonly providerStateFile?: string;
  /** Is handed every part as soon as it runs, to end it. */
  readonly keep: <T extends { close(): Promise<unknown> }>(part: T) => T;
}

export interface Parts {
  readonly provider: Provider | undefined;
  readonly apis: Apis | undefined;
  readonly addresses: Addresses;
}

/** What of a configuration matters here, with nothing taken for granted. */
interface Sketch {
  readonly provider?: { readonly issuer?: unknown; readonly clientId?: unknown };
  readonly apis?: Readonly<
    Record<string, { readonly upstream?: unknown; readonly audience?: unknown; readonly scopes?: unknown }>
  >;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Every audience of the configuration is registered at the provider, with its scopes. */
function registeredApis({ apis = {} }: Sketch): { audience: string; scopes: string[] }[] {
  return Object.values(apis).flatMap(({ audience, scopes }) => {
    const names = Array.isArray(scopes) ? (scopes as unknown[]).filter((scope) => typeof scope === 'string') : [];
    return typeof audience === 'string' ? [{ audience, scopes: names }] : [];
  });
}

function audienceAt({ apis = {} }: Sketch, part: Part): string {
  const found = Object.values(apis).find(({ upstream }) => mentions(upstream, part));
  return text(found?.audience) ?? `https://${part}.example.com`;
}

/** Finds the signing keys of a provider elsewhere, so that the APIs on this machine can check its tokens. */
async function discover(issuer: string): Promise<{ issuer: string; jwksUri: string }> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const metadata = (await response.json()) as Record<string, unknown>;
    return { issuer: String(metadata['issuer']), jwksUri: String(metadata['jwks_uri']) };
  } catch {
    throw new StackProblem(`The provider's metadata cannot be read at ${url}.`);
  }
}

async function startLocalProvider(options: PartsOptions, sketch: Sketch): Promise<Provider> {
  const { origin, paths, parameters, backchannel } = options;
  return startProvider({
    port: options.ports[0],
    clients: [
      {
        id: text(sketch.provider?.clientId) ?? defaultClient.id,
        secret: parameters.get('client-secret') ?? '',
        redirectUris: [`${origin}${paths.callback}`],
        postLogoutRedirectUris: [`${origin}${paths.base}/logout/callback`],
        ...(backchannel && { backchannelLogoutUri: `${origin}${paths.base}/backchannel` }),
      },
    ],
    apis: registeredApis(sketch),
    mrrt: true,
    ...(options.providerStateFile !== undefined && { stateFile: options.providerStateFile }),
    ...options.provider,
  });
}

/**
 * @param options what is configured, and where to listen
 * @returns what was started and where it is
 * @throws StackProblem where the APIs of this machine are to trust a provider that cannot be reached
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { configuration, ports, keep } = options;
  const sketch = (fillIn(configuration, options.parameters) ?? {}) as Sketch;
  const isLocal = mentions(sketch.provider?.issuer, 'provider');
  const provider = isLocal ? keep(await startLocalProvider(options, sketch)) : undefined;
  const addresses = { app: options.origin, ...(provider && { provider: provider.origin }) };
  if (!mentions(sketch.apis, 'orders') && !mentions(sketch.apis, 'profile'))
    return { provider, apis: undefined, addresses };

  const trusted = provider ?? (await discover(text(sketch.provider?.issuer) ?? ''));
  const apis = keep(
    await startApis({
      issuer: trusted.issuer,
      jwksUri: trusted.jwksUri,
      orders: { audience: audienceAt(sketch, 'orders'), port: ports[1] },
      profile: { audience: audienceAt(sketch, 'profile'), port: ports[2] },
    }),
  );
  return { provider, apis, addresses: { ...addresses, orders: apis.orders.origin, profile: apis.profile.origin } };
}
