/** Auth0: the API's identifier goes into `audience`; without it the access token is opaque and good for /userinfo only. */
import type { Preset } from './preset.ts';

export const auth0: Preset = {
  name: 'auth0',
  title: 'Auth0',
  // At the code nothing is sent: the code is bound to the audience it was asked with. A refresh names its audience, which
  // needs the API in the application's multi-resource refresh token (MRRT) policies for any but the first.
  audience: { dialect: 'param', name: 'audience', legs: ['authorize', 'refresh'], several: 'one' },
  second: 'refresh',
  shape: {
    format: 'jwt',
    // A tenant with a default audience issues JWTs for it unasked.
    audienceWithoutAsking: true,
    guidAudience: false,
    typ: ['JWT', 'at+jwt'],
    claims: {},
    clientClaim: 'azp',
    scopeClaim: 'scope',
    // The token for /userinfo can look like a JWE, encrypted directly with a key of Auth0's own. One for an API that has
    // encryption switched on is encrypted to the API's public key.
    opaqueJweAlgorithms: ['dir'],
  },
  issuer: { compare: 'exact', trailingSlash: 'required', furtherTokenIssuers: [] },
  // Tenants made before 14 November 2023 hide the end-session endpoint unless told otherwise.
  logout: [{ dialect: 'end_session', hint: 'client_id+sid' }, { dialect: 'auth0-v2' }],
  loginParameters: ['organization', 'invitation', 'connection', 'screen_hint'],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  assertionAudience: 'issuer',
  offlineAccess: 'needed',
  audienceRefusals: [{ error: 'invalid_target' }, { error: 'access_denied', description: 'Service not found' }],
  definiteRefusals: [{ status: 403, error: 'mfa_required' }],
  logoutToken: { typ: ['logout+jwt', 'JWT'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256', 'PS256'],
  advice: {
    opaque_access_token:
      "Auth0 issues an opaque token when no audience reaches it: let the API's `audience` be the identifier of an API in the Auth0 dashboard, or set a default audience in the tenant's settings.",
    encrypted_access_token:
      'Switch token encryption off for this API in the Auth0 dashboard, or set `expect.format` to "encrypted" if the API decrypts.',
    audience_mismatch:
      "Nothing was asked for, so Auth0 took the tenant's default audience: make that this API's identifier, or leave `provider.audience` out so that the broker asks for it.",
    audience_substituted:
      "Add this API and its scopes to the application's multi-resource refresh token (MRRT) policies: Auth0 answers a refresh for any other API with a token for the first audience; at a login, check that nothing on the way drops `audience`.",
    audience_refused:
      'Check in the Auth0 dashboard that an API with exactly this identifier exists and that the application may use it.',
    issuer_mismatch:
      "Auth0 issues tokens in the name of the domain that was asked: configure the custom domain or the tenant's own, the one that the API expects, with a slash at its end.",
    scope_missing:
      'Auth0 leaves out scopes that the API does not define and, with RBAC switched on, permissions that the user does not have.',
  },
};
