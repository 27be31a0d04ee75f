/** Google, for login only: its access tokens are opaque and serve Google's own APIs. */
import type { Preset } from './preset.ts';

export const google: Preset = {
  name: 'google',
  title: 'Google',
  audience: { dialect: 'registration' },
  second: 'merged',
  shape: {
    // Not `opaque`: no API of one's own is to get such a token unless its `expect.format` says so.
    format: 'jwt',
    audienceWithoutAsking: false,
    guidAudience: false,
    typ: ['JWT', 'at+jwt'],
    claims: {},
    clientClaim: 'azp',
    scopeClaim: 'scope',
    opaqueJweAlgorithms: [],
  },
  issuer: { compare: 'exact', trailingSlash: 'absent', furtherTokenIssuers: [] },
  logout: [{ dialect: 'local' }],
  loginParameters: ['hd'],
  // A refresh token comes at a consent only.
  fixedParameters: { access_type: 'offline', prompt: 'consent' },
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post'],
  assertionAudience: 'token_endpoint',
  offlineAccess: 'refused',
  audienceRefusals: [{ error: 'invalid_target' }],
  definiteRefusals: [],
  logoutToken: { typ: ['logout+jwt'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256'],
  advice: {
    opaque_access_token:
      'Google issues access tokens for its own APIs only: use Google for the login alone and give no API an `audience`.',
  },
};
