/** Token revocation (RFC 7009): best effort, since a logout must not depend on it. */
import { tokenRevocation } from 'openid-client';
import { createClient } from './client.ts';
import { providerFetch } from './fetch.ts';
import type { TokenEndpoint } from './token-request.ts';

export type RevocationResult = 'revoked' | 'not_offered' | 'failed';

/** @param refreshToken the newest one of the session */
export async function revokeRefreshToken(endpoint: TokenEndpoint, refreshToken: string): Promise<RevocationResult> {
  if (endpoint.metadata.revocation_endpoint === undefined) return 'not_offered';
  const client = createClient(endpoint.settings, endpoint.metadata, endpoint.auth, providerFetch(endpoint.send));
  try {
    await tokenRevocation(client, refreshToken, { token_type_hint: 'refresh_token' });
    return 'revoked';
  } catch {
    return 'failed';
  }
}
