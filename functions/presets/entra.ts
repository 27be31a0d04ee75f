/** Microsoft Entra ID, v2.0 endpoints: a scope with the API's prefix is the wish, and one token request serves one API. */
import type { Preset } from './preset.ts';

export const entra: Preset = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  // Without a prefixed scope Entra assumes Microsoft Graph, at every leg.
  audience: {
    dialect: 'scope',
    template: '{audience}/{scope}',
    withoutScopes: '{audience}/.default',
    legs: ['authorize', 'code', 'refresh'],
  },
  second: 'refresh',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: true,
    // A v2 token carries the API's client id; its identifier is by default `api://<client id>`.
    guidAudience: true,
    typ: ['JWT', 'at+jwt'],
    claims: {},
    clientClaim: 'azp',
    scopeClaim: 'scp',
    opaqueJweAlgorithms: [],
  },
  issuer: {
    compare: 'template',
    template: 'https://login.microsoftonline.com/{tenantid}/v2.0',
    trailingSlash: 'absent',
    // The API's manifest, not the endpoint, decides on the version of the token; a v1 token has this issuer.
    furtherTokenIssuers: ['https://sts.windows.net/{tenantid}/'],
    unsuitable: {
      pattern: '^https://(?:sts\\.windows\\.net/|login\\.microsoftonline\\.com/[^/]+/?$)',
      why: 'It is the issuer of the v1 endpoints; the v2.0 one is https://login.microsoftonline.com/<tenant>/v2.0.',
    },
  },
  logout: [{ dialect: 'end_session', hint: 'client_id' }, { dialect: 'local' }],
  loginParameters: ['domain_hint'],
  fixedParameters: {},
  // `resource` beside `scope` fails with AADSTS901002 or AADSTS9010010.
  neverSend: ['resource', 'audience'],
  // For a client assertion Entra wants the certificate's thumbprint (`x5t#S256`) in its header.
  clientAuth: ['client_secret_post'],
  assertionAudience: 'token_endpoint',
  offlineAccess: 'needed',
  audienceRefusals: [{ error: 'invalid_target' }, { error: 'invalid_resource' }],
  definiteRefusals: [{ status: 400, error: 'interaction_required' }],
  logoutToken: { typ: ['logout+jwt'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256'],
  advice: {
    opaque_access_token:
      "Entra issues unreadable tokens for Microsoft's own APIs: let `audience` be the Application ID URI of your API, so that its scopes are asked for.",
    access_token_missing:
      'Entra and B2C issue no access token when only OpenID scopes are asked for: give the API an `audience` and `scopes`.',
    audience_mismatch:
      "Let `audience` be the API's Application ID URI; if the token carries its client id instead, which v2 tokens do, name that GUID in `expect.aud`.",
    audience_substituted:
      "Let `audience` be the API's Application ID URI; if the token carries its client id instead, which v2 tokens do, name that GUID in `expect.aud`.",
    audience_refused:
      'Check that the API exposes the scopes, that the application has been given them under "API permissions", and that somebody has consented.',
    issuer_mismatch:
      "The access token version in the API's manifest decides the issuer: set it to 2, or name the issuer that the API expects in `expect.issuer`.",
    scope_missing:
      'Give the application these scopes of the API under "API permissions" and consent to them; in `expect.scopes` they stand without the API\'s prefix.',
  },
};
