/** Any other OpenID provider: how an audience is asked for has no default, and the configuration must say it. */
import type { Preset } from './preset.ts';

export const oidc: Preset = {
  name: 'oidc',
  title: 'the provider',
  second: 'refresh',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: true,
    guidAudience: false,
    typ: ['JWT', 'at+jwt', null],
    claims: {},
    clientClaim: 'client_id',
    scopeClaim: 'scope',
    opaqueJweAlgorithms: [],
  },
  issuer: { compare: 'exact', trailingSlash: 'either', furtherTokenIssuers: [] },
  logout: [{ dialect: 'end_session', hint: 'id_token' }, { dialect: 'local' }],
  loginParameters: [],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  assertionAudience: 'issuer',
  offlineAccess: 'optional',
  audienceRefusals: [{ error: 'invalid_target' }],
  definiteRefusals: [],
  // Conforming senders differ: some set no `typ` (it is recommended, not required), some no `exp` (earlier drafts had none).
  // The age counted from `iat` bounds both, and `events` tells a logout token from any other.
  logoutToken: { typ: ['logout+jwt', 'JWT', null], expRequired: false, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  advice: {},
};
