/** Amazon Cognito: `resource` binds `aud` where the pool's plan has it; otherwise tokens have no audience, and scopes tell APIs apart. */
import type { Preset } from './preset.ts';

export const cognito: Preset = {
  name: 'cognito',
  title: 'Amazon Cognito',
  audience: { dialect: 'param', name: 'resource', legs: ['authorize'], several: 'one' },
  // Nothing is documented on having a second audience; unbound, one token carries the scopes of all APIs.
  second: 'merged',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: false,
    guidAudience: false,
    typ: ['JWT', 'at+jwt', null],
    claims: { token_use: 'access' },
    clientClaim: 'client_id',
    scopeClaim: 'scope',
    opaqueJweAlgorithms: [],
  },
  issuer: { compare: 'exact', trailingSlash: 'absent', furtherTokenIssuers: [] },
  // The published end-session endpoint wants these parameters, not those of the specification.
  logout: [{ dialect: 'cognito' }],
  loginParameters: ['identity_provider', 'idp_identifier', 'lang'],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post'],
  assertionAudience: 'token_endpoint',
  // Refresh tokens come without it, and a scope that the app client does not list is an error.
  offlineAccess: 'refused',
  audienceRefusals: [{ error: 'invalid_target' }],
  definiteRefusals: [],
  logoutToken: { typ: ['logout+jwt'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256'],
  advice: {
    audience_mismatch:
      'Resource binding needs Managed Login and the Essentials or Plus plan, and `audience` must be a URL; without it set `provider.audience` to { "dialect": "registration" } and name the API\'s scopes in `expect.scopes`.',
    audience_substituted:
      'Cognito binds a session\'s tokens to the one resource named at login: serve the second API without binding, by { "dialect": "registration" } and `expect.scopes`.',
    scope_missing:
      "Add the custom scopes, in the form `identifier/name`, to the app client, and name them in the API's `scopes`.",
  },
};
