/** What a person reads of each problem, in one line (RFC 9457, section 3.1.3). Only pages show it: code and detail are for programs. */
import type { ProblemCode } from './wire.ts';

export const titles: Readonly<Record<ProblemCode, string>> = {
  // --- the request ---
  request_malformed: 'The request cannot be read',
  cookies_ambiguous: 'The browser sent two cookies of one protected name',
  path_invalid: 'The path is not acceptable',
  return_url_invalid: 'The return URL is not allowed',
  parameter_invalid: 'A parameter has a value that is not allowed',
  logout_sid_mismatch: 'The logout link does not belong to this session',
  navigation_required: 'This address must be opened by a top-level navigation',
  csrf_rejected: 'The request does not come from this application',
  not_found: 'There is nothing at this address',
  method_not_allowed: 'The method is not allowed at this address',
  body_too_large: 'The request body is too large',
  headers_too_large: 'The request headers are too large',
  websocket_unsupported: 'WebSocket connections are not supported',
  prefetch_refused: 'This address is not served to a prefetch',

  // --- the login ---
  login_state_mismatch: 'This login was not started in this browser, or it was used already',
  login_expired: 'This login took too long',
  login_refused: 'The provider refused the login',
  provider_unavailable: 'The identity provider cannot be reached',
  provider_rejected: 'The identity provider refused the token request',
  provider_invalid: 'The identity provider sent an answer that cannot be used',
  id_token_invalid: 'The ID token did not pass its checks',
  session_too_large: 'The session does not fit into cookies',

  // --- the session ---
  login_required: 'Nobody is logged in',
  session_expired: 'The session has expired',
  session_over: 'The session is over',
  session_superseded: 'A newer session has taken the place of this one',
  session_mismatch: 'Somebody else has logged in than the session belongs to',
  step_up_required: 'The API asks for a stronger or a more recent login',
  step_up_failed: 'The provider did not authenticate the user as the API asked',
  audience_login_required: 'A further login is needed for this API',
  session_unreadable: 'The session cannot be read at the moment',

  // --- the refresh ---
  refresh_pending: 'The session is being renewed by another request',
  refresh_failed_transient: 'The session cannot be renewed at the moment',
  refresh_rejected: 'The identity provider rejects the renewal of the session',
  store_unavailable: 'The session store cannot be reached',
  logout_token_invalid: 'The logout token is not acceptable',

  // --- the audience guarantee ---
  opaque_access_token: 'The provider issued an opaque access token',
  encrypted_access_token: 'The provider issued an encrypted access token',
  audience_mismatch: 'The access token is not meant for this API',
  audience_substituted: 'The provider issued a token for another audience than the one asked for',
  audience_not_exclusive: 'The access token is good for further audiences',
  audience_refused: 'The provider refuses to issue a token for this API',
  id_token_as_access_token: 'The provider issued an ID token in place of an access token',
  access_token_missing: 'The provider issued no access token',
  access_token_expired: 'The provider issued an access token that has expired',
  access_token_malformed: 'The access token cannot be sent in a header',
  issuer_mismatch: 'The access token was issued by somebody else',
  token_type_mismatch: 'The access token is of another type',
  claim_mismatch: 'The access token lacks a claim that the API expects',
  scope_missing: 'The provider did not grant every scope that the API needs',

  // --- upstream ---
  upstream_unreachable: 'The API cannot be reached',
  upstream_invalid: 'The API sent an answer that cannot be passed on',
  upstream_too_large: 'The answer of the API is too large',
  upstream_timeout: 'The API did not answer in time',

  // --- the broker ---
  configuration_invalid: 'The configuration is invalid',
  configuration_unavailable: 'The configuration cannot be read at the moment',
  internal_error: 'Something went wrong',
};
