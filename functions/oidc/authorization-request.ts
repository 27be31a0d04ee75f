/** The authorization request (RFC 6749, section 4.1.1; OIDC Core, section 3.1.2.1) with PKCE S256 (RFC 7636). */
import { createHash } from 'node:crypto';
import { buildAuthorizationUrl, buildAuthorizationUrlWithPAR, type ServerMetadata } from 'openid-client';
import { createClient } from './client.ts';
import { providerFetch } from './fetch.ts';
import type { TokenEndpoint } from './token-request.ts';

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

export type AuthorizationUrl =
  | { readonly kind: 'url'; readonly url: string }
  /** The provider wants the request pushed, and did not take it. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

function parametersOf(request: AuthorizationRequest): URLSearchParams {
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
  return parameters;
}

/** RFC 9126, section 5: a provider that requires it refuses every request that is not pushed. */
const wantsPush = ({ require_pushed_authorization_requests: wanted }: ServerMetadata): boolean => wanted === true;

/** The browser is given the client's id and a reference; where the push fails nothing is sent in its place. */
async function push(
  { settings, metadata, auth, send }: TokenEndpoint,
  parameters: URLSearchParams,
): Promise<AuthorizationUrl> {
  let status = 0;
  const fetch = providerFetch(send, (answer) => {
    ({ status } = answer);
    return answer.body;
  });
  try {
    const url = await buildAuthorizationUrlWithPAR(createClient(settings, metadata, auth, fetch), parameters);
    return { kind: 'url', url: url.href };
  } catch {
    const isPassing = status === 0 || status >= 500 || status === 429;
    return isPassing
      ? { kind: 'unavailable', reason: 'the authorization request could not be pushed' }
      : { kind: 'refused', reason: 'the provider did not take the pushed authorization request' };
  }
}

const refuse = (): never => {
  throw new Error('an authorization request reaches nobody before the browser');
};

/** @returns where to send the browser; a reserved name among the parameters is left out */
export async function authorizationUrl(
  endpoint: TokenEndpoint,
  request: AuthorizationRequest,
): Promise<AuthorizationUrl> {
  const { settings, metadata, auth } = endpoint;
  const parameters = parametersOf(request);
  if (wantsPush(metadata)) return push(endpoint, parameters);
  return { kind: 'url', url: buildAuthorizationUrl(createClient(settings, metadata, auth, refuse), parameters).href };
}
