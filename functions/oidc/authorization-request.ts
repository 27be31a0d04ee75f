/** The authorization request (RFC 6749, section 4.1.1; OIDC Core, section 3.1.2.1) with PKCE S256 (RFC 7636). */
import { createHash } from 'node:crypto';
import { buildAuthorizationUrl, None, type ServerMetadata } from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import { createClient } from './client.ts';

/** Everything of an authorization request that differs from login to login. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Space-separated, as the audience dialect spells it. */
  readonly scope: string;
  /** What the dialect, the preset, the configuration and the allow-listed query add, in this order of precedence. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** Names that nothing but this file may set. */
const reserved = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
]);

const refuse = (): never => {
  throw new Error('an authorization request reaches nobody before the browser');
};

/**
 * @returns the absolute URL to send the browser to; a reserved name among the parameters is left out
 */
export function authorizationUrl(
  settings: Configuration['provider'],
  metadata: ServerMetadata,
  request: AuthorizationRequest,
): string {
  const parameters = new URLSearchParams({
    redirect_uri: request.redirectUri,
    scope: request.scope,
    state: request.state,
    nonce: request.nonce,
    code_challenge: createHash('sha256').update(request.codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  for (const [name, value] of request.parameters) {
    if (!reserved.has(name)) parameters.append(name, value);
  }
  return buildAuthorizationUrl(createClient(settings, metadata, None(), refuse), parameters).href;
}
