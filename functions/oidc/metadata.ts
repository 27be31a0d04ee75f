/**
 * What the provider says of itself (OpenID Connect Discovery 1.0), kept across invocations. A stale copy serves while
 * the provider is away; a failure is remembered for a moment, so that a flood of logins is not passed on to it.
 */
import { allowInsecureRequests, ClientError, customFetch, discovery, type ServerMetadata } from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { isPassing, ProviderUnreachable, type ProviderFetch } from './fetch.ts';

type Settings = Configuration['provider'];

export type MetadataResult =
  | { readonly kind: 'known'; readonly metadata: ServerMetadata }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };

const freshSeconds = 3600;
const failureSeconds = 5;

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
] as const;

const isLoopback = (host: string): boolean => host === 'localhost' || host === '127.0.0.1' || host === '[::1]';

/** Whether a browser can be sent there; `javascript:` and its kind are not addresses. */
export const isWebAddress = (address: string): boolean => /^https?:$/.test(URL.parse(address)?.protocol ?? '');

/** Plain http is accepted only where the configured issuer itself is on this machine (OIDC Discovery, section 4.3). */
function isAcceptable(address: string, issuerIsLocal: boolean): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (issuerIsLocal && protocol === 'http:' && isLoopback(hostname));
}

const issuerIsLocal = (issuer: string): boolean => {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'http:' && isLoopback(hostname);
};

function judge(found: ServerMetadata, settings: Settings): MetadataResult {
  const metadata: ServerMetadata = { ...found, ...settings.metadata, issuer: found.issuer };
  if (metadata.issuer !== settings.issuer) {
    return { kind: 'invalid', reason: 'the issuer of the discovery document is not the configured one' };
  }
  const local = issuerIsLocal(settings.issuer);
  for (const name of endpoints) {
    const address = metadata[name];
    if (address !== undefined && (typeof address !== 'string' || !isAcceptable(address, local))) {
      return { kind: 'invalid', reason: `the metadata's ${name} is not an https address` };
    }
  }
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    if (metadata[name] === undefined) return { kind: 'invalid', reason: `the metadata has no ${name}` };
  }
  return { kind: 'known', metadata };
}

const isComplete = (byHand: Settings['metadata']): boolean =>
  byHand?.authorization_endpoint !== undefined && byHand.token_endpoint !== undefined && byHand.jwks_uri !== undefined;

async function discover(settings: Settings, fetch: ProviderFetch): Promise<MetadataResult> {
  let status = 0;
  try {
    const client = await discovery(new URL(settings.issuer), settings.clientId, undefined, undefined, {
      [customFetch]: async (...request: Parameters<ProviderFetch>) => {
        const response = await fetch(...request);
        ({ status } = response);
        return response;
      },
      ...(issuerIsLocal(settings.issuer) ? { execute: [allowInsecureRequests] } : {}),
    });
    return judge(client.serverMetadata(), settings);
  } catch (error) {
    const cause = error instanceof ClientError ? error.cause : error;
    if (cause instanceof ProviderUnreachable) return { kind: 'unavailable', reason: cause.reason };
    if (isPassing(status)) return { kind: 'unavailable', reason: 'provider_error' };
    return { kind: 'invalid', reason: 'the discovery document cannot be read' };
  }
}

/**
 * @param fetch reaches the provider
 * @param now the time at which it is asked, in seconds since the epoch
 * @returns metadata given by hand when they are complete, else the discovery document's, single-flight
 */
export function createMetadataSource(
  settings: Settings,
  fetch: ProviderFetch,
): (now: EpochSeconds) => Promise<MetadataResult> {
  let known: { result: MetadataResult & { kind: 'known' }; readAt: number } | undefined;
  let failed: { result: MetadataResult; at: number } | undefined;
  let running: Promise<MetadataResult> | undefined;

  const read = async (now: number): Promise<MetadataResult> => {
    const result = await discover(settings, fetch);
    if (result.kind === 'known') {
      known = { result, readAt: now };
      failed = undefined;
      return result;
    }
    failed = { result, at: now };
    return known?.result ?? result;
  };

  return async (now) => {
    if (isComplete(settings.metadata)) {
      return judge({ issuer: settings.issuer, ...settings.metadata }, settings);
    }
    if (known !== undefined && now - known.readAt < freshSeconds) return known.result;
    if (failed !== undefined && now - failed.at < failureSeconds) return known?.result ?? failed.result;
    running ??= read(now).finally(() => {
      running = undefined;
    });
    return running;
  };
}
export type { ServerMetadata };
