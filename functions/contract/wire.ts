/**
 * The wire contract: every path, header, cookie and claim name and every problem code that a single-page app, a browser
 * or an operator can see. Once released, none of them changes.
 */

/** Endpoints below the base path (default `/bff`). The callback's path is a deploy parameter of its own. */
export const endpoint = {
  login: '/login',
  logout: '/logout',
  logoutCallback: '/logout/callback',
  user: '/user',
  refresh: '/refresh',
  backchannel: '/backchannel',
  diagnostics: '/diagnostics',
} as const;

/** Header names, in the lower case in which events carry them, and the one CSRF value. */
export const header = {
  csrf: 'x-csrf',
  csrfValue: '1',
  error: 'bff-error',
} as const;

/** Claims that the broker adds to the answer of the user endpoint. */
export const claim = {
  logoutUrl: 'bff:logout_url',
  sessionExpiresIn: 'bff:session_expires_in',
  sessionState: 'bff:session_state',
} as const;

/** Cookie names; see docs/cookies.md for what each one holds. A login transaction's name goes on with `<start>-<hash>`. */
export const cookie = {
  session: '__Host-Http-bff',
  grant: '__Host-Http-bff-grant',
  seen: '__Host-Http-bff-seen',
  loginPrefix: '__Host-Http-bff-login-',
  logoutReturn: '__Host-Http-bff-return',
  apiTokenPrefix: '__Secure-bff-',
  idToken: '__Secure-bff-idt',
  report: '__Secure-bff-report',
} as const;

/** Every problem the broker can answer with: `code` → HTTP status and the one-line title (RFC 9457, section 3.1). */
export const problems = {
  // --- the request ---
  request_malformed: { status: 400, title: 'The request cannot be read' },
  cookies_ambiguous: { status: 400, title: 'The browser sent two cookies of one protected name' },
  path_invalid: { status: 400, title: 'The path is not acceptable' },
  return_url_invalid: { status: 400, title: 'The return URL is not allowed' },
  parameter_invalid: { status: 400, title: 'A parameter has a value that is not allowed' },
  logout_sid_mismatch: { status: 400, title: 'The logout link does not belong to this session' },
  navigation_required: { status: 403, title: 'This address must be opened by a top-level navigation' },
  csrf_rejected: { status: 403, title: 'The request does not come from this application' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'The method is not allowed at this address' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  websocket_unsupported: { status: 501, title: 'WebSocket connections are not supported' },
  prefetch_refused: { status: 503, title: 'This address is not served to a prefetch' },

  // --- the login ---
  login_state_mismatch: { status: 400, title: 'This login was not started in this browser, or it was used already' },
  login_expired: { status: 400, title: 'This login took too long' },
  login_refused: { status: 403, title: 'The provider refused the login' },
  provider_unavailable: { status: 503, title: 'The identity provider cannot be reached' },
  provider_rejected: { status: 502, title: 'The identity provider refused the token request' },
  provider_invalid: { status: 502, title: 'The identity provider sent an answer that cannot be used' },
  id_token_invalid: { status: 502, title: 'The ID token did not pass its checks' },
  session_too_large: { status: 502, title: 'The session does not fit into cookies' },

  // --- the session ---
  login_required: { status: 401, title: 'Nobody is logged in' },
  session_expired: { status: 401, title: 'The session has expired' },
  session_over: { status: 401, title: 'The session is over' },
  session_superseded: { status: 401, title: 'A newer session has taken the place of this one' },
  session_mismatch: { status: 403, title: 'Somebody else has logged in than the session belongs to' },
  audience_login_required: { status: 401, title: 'A further login is needed for this API' },
  session_unreadable: { status: 503, title: 'The session cannot be read at the moment' },

  // --- the refresh ---
  refresh_pending: { status: 503, title: 'The session is being renewed by another request' },
  refresh_failed_transient: { status: 503, title: 'The session cannot be renewed at the moment' },
  refresh_rejected: { status: 503, title: 'The identity provider rejects the renewal of the session' },
  store_unavailable: { status: 503, title: 'The session store cannot be reached' },
  logout_token_invalid: { status: 400, title: 'The logout token is not acceptable' },

  // --- the audience guarantee ---
  opaque_access_token: { status: 502, title: 'The provider issued an opaque access token' },
  encrypted_access_token: { status: 502, title: 'The provider issued an encrypted access token' },
  audience_mismatch: { status: 502, title: 'The access token is not meant for this API' },
  audience_substituted: {
    status: 502,
    title: 'The provider issued a token for another audience than the one asked for',
  },
  audience_not_exclusive: { status: 502, title: 'The access token is good for further audiences' },
  audience_refused: { status: 502, title: 'The provider refuses to issue a token for this API' },
  id_token_as_access_token: { status: 502, title: 'The provider issued an ID token in place of an access token' },
  access_token_missing: { status: 502, title: 'The provider issued no access token' },
  access_token_expired: { status: 502, title: 'The provider issued an access token that has expired' },
  access_token_malformed: { status: 502, title: 'The access token cannot be sent in a header' },
  issuer_mismatch: { status: 502, title: 'The access token was issued by somebody else' },
  token_type_mismatch: { status: 502, title: 'The access token is of another type' },
  claim_mismatch: { status: 502, title: 'The access token lacks a claim that the API expects' },
  scope_missing: { status: 502, title: 'The provider did not grant every scope that the API needs' },

  // --- upstream ---
  upstream_unreachable: { status: 502, title: 'The API cannot be reached' },
  upstream_invalid: { status: 502, title: 'The API sent an answer that cannot be passed on' },
  upstream_too_large: { status: 502, title: 'The answer of the API is too large' },
  upstream_timeout: { status: 504, title: 'The API did not answer in time' },

  // --- the broker ---
  configuration_invalid: { status: 503, title: 'The configuration is invalid' },
  configuration_unavailable: { status: 503, title: 'The configuration cannot be read at the moment' },
  internal_error: { status: 500, title: 'Something went wrong' },
} as const satisfies Readonly<Record<string, { status: number; title: string }>>;

/** A stable problem code. */
export type ProblemCode = keyof typeof problems;

/** The codes with which the audience guarantee refuses a token. */
export type AudienceCode = Extract<
  ProblemCode,
  | 'opaque_access_token'
  | 'encrypted_access_token'
  | 'audience_mismatch'
  | 'audience_substituted'
  | 'audience_not_exclusive'
  | 'audience_refused'
  | 'id_token_as_access_token'
  | 'access_token_missing'
  | 'access_token_expired'
  | 'access_token_malformed'
  | 'issuer_mismatch'
  | 'token_type_mismatch'
  | 'claim_mismatch'
  | 'scope_missing'
>;
