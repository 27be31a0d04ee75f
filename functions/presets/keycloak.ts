/** Keycloak: a client scope with an audience mapper puts the API into `aud`; asking for the scope is the wish. */
import type { Preset } from './preset.ts';

export const keycloak: Preset = {
  name: 'keycloak',
  title: 'Keycloak',
  audience: { dialect: 'scope', template: '{scope}', legs: ['authorize', 'refresh'] },
  // The login asks for the scopes of all APIs; a refresh narrows them to one. Keycloak before 24 ignores the narrowing, and
  // one token then carries all audiences.
  second: 'refresh',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: true,
    guidAudience: false,
    typ: ['JWT', 'at+jwt'],
    claims: {},
    clientClaim: 'azp',
    scopeClaim: 'scope',
    opaqueJweAlgorithms: [],
  },
  issuer: { compare: 'exact', trailingSlash: 'absent', furtherTokenIssuers: [] },
  logout: [{ dialect: 'end_session', hint: 'id_token' }],
  loginParameters: ['kc_idp_hint'],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  assertionAudience: 'issuer',
  // It makes a refresh token that outlives the SSO session; there is one without it.
  offlineAccess: 'optional',
  audienceRefusals: [{ error: 'invalid_target' }, { error: 'invalid_scope' }],
  definiteRefusals: [],
  // Older versions sent `JWT`; the age is counted from `iat` where `exp` is absent.
  logoutToken: { typ: ['logout+jwt', 'JWT'], expRequired: false, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  advice: {
    audience_mismatch:
      "Make a client scope with an Audience mapper for this audience, assign it to the client, and name it in the API's `scopes`.",
    audience_refused: "Assign the client scopes that the API's `scopes` name to the client, and check their names.",
    audience_not_exclusive:
      'Remove the other Audience mappers and client roles ("Full scope allowed") from the client, or drop `expect.onlyAudience`.',
    id_token_as_access_token:
      'Keycloak before 25, and the mapper "Nonce backwards compatible" since, put `nonce` into access tokens, so that an API cannot tell them from ID tokens: upgrade, or remove the mapper.',
    issuer_mismatch:
      'Keycloak derives the issuer from the address it was asked at unless a hostname is configured: set the hostname, or name the issuer that the API expects in `expect.issuer`.',
  },
};
