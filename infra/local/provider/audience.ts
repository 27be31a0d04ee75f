/**
 * Auth0 knows `audience`, oidc-provider knows `resource` (RFC 8707). The parameters of a request are rewritten from the
 * one to the other before oidc-provider sees them.
 */
import type { ProviderApi, Tenant } from './provider.ts';

/** The private parameter by which the wish for a refresh token survives; oidc-provider would want `prompt=consent`. */
export const offlineParameter = 'local_offline_access';

const madeUp = 'urn:local:audience:';

/** An identifier of an API may be any string at Auth0, but must be an absolute URI without fragment in RFC 8707. */
export const resourceOf = (audience: string): string =>
  URL.canParse(audience) && !audience.includes('#') ? audience : `${madeUp}${encodeURIComponent(audience)}`;

export const audienceOf = (resource: string): string =>
  resource.startsWith(madeUp) ? decodeURIComponent(resource.slice(madeUp.length)) : resource;

/** Every registered API, the one that was asked for first: the policy of multi-resource refresh tokens. */
const policyOf = (asked: string, apis: readonly ProviderApi[]): string[] => [
  ...new Set([asked, ...apis.map((api) => resourceOf(api.audience))]),
];

/** The scopes of the policy's other APIs, which a refresh for one of them is granted without asking at the login. */
function furtherScopes(asked: string, apis: readonly ProviderApi[]): string[] {
  const own = apis.find((api) => resourceOf(api.audience) === asked)?.scopes ?? [];
  return apis.flatMap((api) => api.scopes ?? []).filter((scope) => !own.includes(scope));
}

/** Rewrites the parameters of an authorization request, pushed or not. */
export function rewriteAuthorization(parameters: URLSearchParams, tenant: Tenant, apis: readonly ProviderApi[]): void {
  parameters.delete('resource');
  parameters.delete(offlineParameter);
  const scopes = parameters.get('scope')?.split(' ') ?? [];
  if (scopes.includes('offline_access')) parameters.set(offlineParameter, 'yes');

  const audience = parameters.get('audience') ?? tenant.defaultAudience;
  if (audience === undefined) return;
  const resource = resourceOf(audience);
  if (!tenant.mrrt) {
    parameters.set('resource', resource);
    return;
  }
  for (const each of policyOf(resource, apis)) parameters.append('resource', each);
  parameters.set('scope', [...new Set([...scopes, ...furtherScopes(resource, apis)])].join(' '));
}

/** Rewrites the parameters of a token request: a code has its audience already, a refresh may name one of the policy. */
export function rewriteToken(parameters: URLSearchParams, tenant: Tenant, apis: readonly ProviderApi[]): void {
  parameters.delete('resource');
  if (parameters.get('grant_type') !== 'refresh_token') return;
  // Auth0 ignores scopes that were not granted; oidc-provider would refuse them.
  parameters.delete('scope');
  const audience = parameters.get('audience');
  const isInPolicy = tenant.mrrt && apis.some((api) => api.audience === audience);
  if (audience !== null && isInPolicy) parameters.set('resource', resourceOf(audience));
}
