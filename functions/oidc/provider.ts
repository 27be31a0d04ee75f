/** One provider with what is worth keeping between invocations: its metadata, its keys, and our own credentials. */
import type { JWTVerifyGetKey } from 'jose';
import type { ClientAuth, ServerMetadata } from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Send } from '../outgoing/send.ts';
import { clientAuthentication } from './client.ts';
import { providerFetch } from './fetch.ts';
import { createKeySet } from './keys.ts';
import { createMetadataSource, type MetadataResult } from './metadata.ts';
import type { TokenEndpoint } from './token-request.ts';

export interface Provider {
  readonly settings: Configuration['provider'];
  /** Never throws; a failure is not kept for longer than some seconds. */
  metadata(now: EpochSeconds): Promise<MetadataResult>;
  /** @throws TypeError when the configured client key cannot be read */
  tokenEndpoint(metadata: ServerMetadata): Promise<TokenEndpoint>;
  keys(metadata: ServerMetadata): JWTVerifyGetKey;
}

/** @param send the outgoing room's client */
export function createProvider(settings: Configuration['provider'], send: Send): Provider {
  const fetch = providerFetch(send);
  const keySets = new Map<string, JWTVerifyGetKey>();
  let auth: Promise<ClientAuth> | undefined;

  return {
    settings,
    metadata: createMetadataSource(settings, fetch),
    tokenEndpoint: async (metadata) => {
      auth ??= clientAuthentication(settings.clientAuth);
      return { settings, metadata, auth: await auth, send };
    },
    keys: (metadata) => {
      const address = metadata.jwks_uri ?? '';
      const known = keySets.get(address) ?? createKeySet(address, fetch);
      keySets.set(address, known);
      return known;
    },
  };
}
