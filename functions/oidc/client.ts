/** The broker as the provider knows it: openid-client's configuration, made anew for each call so that each sees its own answer. */
import { importJWK, importPKCS8, type CryptoKey, type JWK } from 'jose';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration as Client,
  customFetch,
  PrivateKeyJwt,
  type ClientAuth,
  type ServerMetadata,
} from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import type { ProviderFetch } from './fetch.ts';

type Settings = Configuration['provider'];

const isJwk = (value: unknown): value is JWK => typeof value === 'object' && value !== null && 'kty' in value;

/** The client's private key: a JWK, or PKCS #8 in PEM for RS256. */
async function privateKey(text: string): Promise<{ key: CryptoKey; kid?: string }> {
  if (!text.trimStart().startsWith('{')) return { key: await importPKCS8(text, 'RS256') };
  const parsed: unknown = JSON.parse(text);
  if (!isJwk(parsed)) throw new TypeError('the client key is not a JWK');
  const key = await importJWK(parsed, parsed.alg ?? 'RS256');
  if (key instanceof Uint8Array) throw new TypeError('the client key is not a private key');
  return { key, ...(parsed.kid === undefined ? {} : { kid: parsed.kid }) };
}

/**
 * @returns how the client authenticates at the token endpoint (OIDC Core, section 9)
 * @throws TypeError when the client key cannot be read; the message does not hold it
 */
export async function clientAuthentication(auth: Settings['clientAuth']): Promise<ClientAuth> {
  if (auth.method !== 'private_key_jwt') {
    return auth.method === 'client_secret_post' ? ClientSecretPost(auth.secret) : ClientSecretBasic(auth.secret);
  }
  try {
    return PrivateKeyJwt(await privateKey(auth.key));
  } catch {
    throw new TypeError('the client key is neither a private JWK nor PKCS #8 in PEM');
  }
}

/** A client for one call. */
export function createClient(
  settings: Settings,
  metadata: ServerMetadata,
  auth: ClientAuth,
  fetch: ProviderFetch,
): Client {
  const client = new Client(metadata, settings.clientId, undefined, auth);
  client[customFetch] = fetch;
  if (settings.issuer.startsWith('http://')) allowInsecureRequests(client);
  return client;
}
