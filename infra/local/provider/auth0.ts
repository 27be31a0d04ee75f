/** oidc-provider, configured to behave as an Auth0 tenant does. */
import type { Adapter, Client, Context, Grant, Model } from 'oidc-provider';
import { errors, Provider } from 'oidc-provider';
import { accountOf } from './accounts.ts';
import { audienceOf, offlineParameter, resourceOf } from './audience.ts';
import type { SigningKeys } from './keys.ts';
import { errorPage, loggedOutPage } from './pages.ts';
import type { ProviderApi, ProviderClient, ProviderOptions, Tenant } from './provider.ts';

/** Where oidc-provider's own userinfo endpoint is moved to; the one of `routes.ts` stands in front of it. */
export const opaqueUserinfoPath = '/local/userinfo';

const hour = 3600;
const fortnight = 14 * 24 * hour;

export interface Auth0Options {
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly cookieKeys: readonly string[];
  readonly adapter: (model: string) => Adapter;
  readonly tenant: Tenant;
  readonly clients: readonly ProviderClient[];
  readonly apis: readonly ProviderApi[];
  readonly par: NonNullable<ProviderOptions['par']>;
}

function clientMetadata(client: ProviderClient): Record<string, unknown> {
  const byKey = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: client.publicKeys } };
  const bySecret = { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.secret };
  const backchannel = {
    backchannel_logout_uri: client.backchannelLogoutUri,
    backchannel_logout_session_required: true,
  };
  return {
    client_id: client.id,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris ?? [],
    ...(client.publicKeys === undefined ? bySecret : byKey),
    ...(client.backchannelLogoutUri === undefined ? {} : backchannel),
  };
}

/** What an access token of this API is like; an API nobody registered is refused as Auth0 does. */
function resourceServer(resource: string, apis: readonly ProviderApi[], lifetimeSeconds: number) {
  const audience = audienceOf(resource);
  const api = apis.find((each) => each.audience === audience);
  if (api === undefined) throw new errors.CustomOIDCProviderError('access_denied', `Service not found: ${audience}`);
  return {
    audience,
    scope: (api.scopes ?? []).join(' '),
    accessTokenTTL: lifetimeSeconds,
    accessTokenFormat: api.format ?? 'jwt',
    jwt: { sign: { alg: 'RS256' } },
  };
}

/** The scopes of OpenID Connect that the code or refresh token behind this access token was granted. */
function oidcScopes({ entities }: Context['oidc']): string[] {
  const granted = (entities.RefreshToken ?? entities.AuthorizationCode)?.scopes ?? new Set<string>();
  return ['openid', 'profile', 'email'].filter((scope) => granted.has(scope));
}

interface UnsignedToken {
  header: Record<string, unknown> | undefined;
  payload: Record<string, unknown>;
}

/** Auth0's default token profile: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles */
function toAuth0Profile(context: Context, token: UnsignedToken, issuer: string, offline: boolean): void {
  const { client_id: azp, jti: _, aud, scope, ...claims } = token.payload;
  const scopes = oidcScopes(context.oidc);
  const all = [
    ...scopes,
    ...(typeof scope === 'string' ? scope.split(' ') : []),
    ...(offline ? ['offline_access'] : []),
  ];
  token.header = { typ: 'JWT' };
  token.payload = {
    ...claims,
    aud: scopes.includes('openid') ? [aud, `${issuer}userinfo`] : aud,
    scope: all.join(' ') || undefined,
    azp,
  };
}

/** @returns a provider that reads `tenant` at each request */
export function createAuth0(options: Auth0Options): Provider {
  const { issuer, keys, tenant, apis } = options;
  /** Grants whose login asked for `offline_access`, until their code is redeemed. */
  const offlineGrants = new Set<string>();

  /** Every login has a grant of its own: reuse of one login's refresh token leaves the others alone. */
  async function loadExistingGrant({ oidc }: Context): Promise<Grant> {
    const grant = new oidc.provider.Grant({ accountId: oidc.account.accountId, clientId: oidc.client.clientId });
    grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '));
    for (const [resource, server] of Object.entries(oidc.resourceServers)) {
      grant.addResourceScope(resource, server.scope);
    }
    const id = await grant.save();
    if (oidc.params[offlineParameter] === 'yes') offlineGrants.add(id);
    return grant;
  }

  const isOffline = (source: Model | undefined) => offlineGrants.has(source?.grantId ?? '');

  return new Provider(issuer, {
    adapter: options.adapter,
    clients: options.clients.map(clientMetadata),
    jwks: { keys: keys.all },
    cookies: { keys: options.cookieKeys },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    clientBasedCORS: () => false,
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'sid'], profile: ['name', 'nickname'], email: ['email', 'email_verified'] },
    extraParams: ['audience', 'organization', 'connection', 'screen_hint', 'invitation', offlineParameter],
    expiresWithSession: () => false,
    // Loopback addresses are refused by the dispatcher that comes with the options.
    fetch: (url: string, init: RequestInit) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
    findAccount: (_context: Context, sub: string) => {
      const account = accountOf(sub);
      return account === undefined ? undefined : { accountId: sub, claims: () => account.claims };
    },
    interactions: { url: (_context: Context, { uid }: { readonly uid: string }) => `/u/login?state=${uid}` },
    issueRefreshToken: (_context: Context, _client: unknown, source: Model) => isOffline(source),
    loadExistingGrant,
    pkce: { required: () => true },
    renderError(context: Context, out: { error: string; error_description?: string }) {
      const isPage = context.accepts('json', 'html') === 'html';
      context.type = isPage ? 'html' : 'json';
      context.body = isPage ? errorPage(out.error, out.error_description) : out;
    },
    responseTypes: ['code'],
    rotateRefreshToken: () => tenant.rotation,
    routes: {
      authorization: '/authorize',
      end_session: '/oidc/logout',
      jwks: '/.well-known/jwks.json',
      pushed_authorization_request: '/oauth/par',
      revocation: '/oauth/revoke',
      token: '/oauth/token',
      userinfo: opaqueUserinfoPath,
    },
    ttl: {
      AccessToken: () => tenant.accessTokenLifetimeSeconds,
      AuthorizationCode: 60,
      Grant: fortnight,
      IdToken: 10 * hour,
      Interaction: hour,
      RefreshToken: fortnight,
      Session: fortnight,
    },
    formats: {
      customizers: {
        jwt(context: Context, _token: unknown, jwt: UnsignedToken) {
          const api = apis.find((each) => each.audience === jwt.payload['aud']);
          const { RefreshToken, AuthorizationCode } = context.oidc.entities;
          const offline = RefreshToken !== undefined || isOffline(AuthorizationCode);
          if (!api?.rfc9068) toAuth0Profile(context, jwt, issuer, offline);
        },
      },
    },
    features: {
      backchannelLogout: { enabled: true },
      dPoP: { enabled: false },
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: {
        enabled: options.par !== 'off',
        requirePushedAuthorizationRequests: options.par === 'required',
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, client: Client, token: Model) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: Context, form: string) => {
          context.body = form;
        },
        postLogoutSuccessSource: (context: Context) => {
          context.body = loggedOutPage();
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context: Context, _client: unknown, oneOf?: readonly string[]) => {
          if (oneOf !== undefined) return oneOf[0];
          return tenant.defaultAudience === undefined ? undefined : resourceOf(tenant.defaultAudience);
        },
        getResourceServerInfo: (_context: Context, resource: string) =>
          resourceServer(resource, apis, tenant.accessTokenLifetimeSeconds),
        useGrantedResource: () => true,
      },
    },
  });
}
