/** Duende IdentityServer: resource indicators (RFC 8707), all of them at /authorize, one per token request. */
import type { Preset } from './preset.ts';

export const duende: Preset = {
  name: 'duende',
  title: 'Duende IdentityServer',
  audience: { dialect: 'param', name: 'resource', legs: ['authorize', 'code', 'refresh'], several: 'repeat' },
  second: 'refresh',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: true,
    guidAudience: false,
    typ: ['at+jwt'],
    claims: {},
    clientClaim: 'client_id',
    scopeClaim: 'scope',
    opaqueJweAlgorithms: [],
  },
  issuer: { compare: 'exact', trailingSlash: 'either', furtherTokenIssuers: [] },
  logout: [{ dialect: 'end_session', hint: 'id_token' }],
  loginParameters: [],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  assertionAudience: 'issuer',
  offlineAccess: 'needed',
  audienceRefusals: [{ error: 'invalid_target' }],
  definiteRefusals: [],
  logoutToken: { typ: ['logout+jwt'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256', 'PS256', 'ES256'],
  advice: {
    opaque_access_token:
      'The client is set to reference tokens: set its AccessTokenType to Jwt, or `expect.format` to "opaque" if the API introspects.',
    audience_mismatch:
      'Define an API resource whose name is this audience and give it the scopes that are asked for; scopes without a resource put nothing into `aud`.',
    audience_substituted:
      'Define an API resource whose name is this audience; resource indicators need the Standard edition or above.',
    audience_refused: 'Define an API resource whose name is this audience and allow the client one of its scopes.',
    token_type_mismatch:
      'IdentityServer issues the type in its AccessTokenJwtType option, by default "at+jwt": set it back, or name the other type in `expect.typ`.',
  },
};
