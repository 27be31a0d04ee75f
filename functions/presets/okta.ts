/** Okta: the audience is a setting of the custom authorization server that the issuer names; nothing is sent. */
import type { Preset } from './preset.ts';

export const okta: Preset = {
  name: 'okta',
  title: 'Okta',
  audience: { dialect: 'registration' },
  // One authorization server has one audience, so one token serves every API that shares it.
  second: 'merged',
  shape: {
    format: 'jwt',
    audienceWithoutAsking: true,
    guidAudience: false,
    typ: ['JWT', 'at+jwt', null],
    claims: {},
    clientClaim: 'cid',
    scopeClaim: 'scp',
    opaqueJweAlgorithms: [],
  },
  issuer: {
    compare: 'exact',
    trailingSlash: 'absent',
    furtherTokenIssuers: [],
    unsuitable: {
      pattern: '^https://[^/]+/?$',
      why: "It is the organization's authorization server, whose access tokens only Okta can validate; use a custom one, https://<org>/oauth2/<id>.",
    },
  },
  logout: [{ dialect: 'end_session', hint: 'id_token' }],
  loginParameters: ['idp'],
  fixedParameters: {},
  neverSend: [],
  clientAuth: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  assertionAudience: 'token_endpoint',
  offlineAccess: 'needed',
  audienceRefusals: [{ error: 'invalid_target' }, { error: 'access_denied', description: 'Policy evaluation failed' }],
  definiteRefusals: [],
  logoutToken: { typ: ['logout+jwt'], expRequired: true, maxAgeSeconds: 120 },
  idTokenAlgorithms: ['RS256'],
  advice: {
    audience_mismatch:
      'At Okta the audience is a setting of the authorization server: let the issuer be the custom authorization server, https://<org>/oauth2/<id>, whose Audience is this one.',
    token_type_mismatch:
      "Tokens of the organization's own authorization server are for Okta alone: let the issuer be a custom authorization server, https://<org>/oauth2/<id>.",
    audience_refused: 'Check that the authorization server has an access policy for this application and these scopes.',
    scope_missing:
      'Add the scopes to the authorization server and allow them in an access policy for this application.',
  },
};
