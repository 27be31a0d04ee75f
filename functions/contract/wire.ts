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

/** Every problem the broker can answer with: `code` → HTTP status (RFC 9457, section 3.1.2). */
export const problems = {
  // --- the request ---
  request_malformed: 400,
  cookies_ambiguous: 400,
  path_invalid: 400,
  return_url_invalid: 400,
  parameter_invalid: 400,
  logout_sid_mismatch: 400,
  navigation_required: 403,
  csrf_rejected: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  headers_too_large: 431,
  websocket_unsupported: 501,
  prefetch_refused: 503,

  // --- the login ---
  login_state_mismatch: 400,
  login_expired: 400,
  login_refused: 403,
  provider_unavailable: 503,
  provider_rejected: 502,
  provider_invalid: 502,
  id_token_invalid: 502,
  session_too_large: 502,

  // --- the session ---
  login_required: 401,
  session_expired: 401,
  session_over: 401,
  session_superseded: 401,
  session_mismatch: 403,
  audience_login_required: 401,
  step_up_required: 401,
  step_up_failed: 403,
  session_unreadable: 503,

  // --- the refresh ---
  refresh_pending: 503,
  refresh_failed_transient: 503,
  refresh_rejected: 503,
  store_unavailable: 503,
  logout_token_invalid: 400,

  // --- the audience guarantee ---
  opaque_access_token: 502,
  encrypted_access_token: 502,
  audience_mismatch: 502,
  audience_substituted: 502,
  audience_not_exclusive: 502,
  audience_refused: 502,
  id_token_as_access_token: 502,
  access_token_missing: 502,
  access_token_expired: 502,
  access_token_malformed: 502,
  issuer_mismatch: 502,
  token_type_mismatch: 502,
  claim_mismatch: 502,
  scope_missing: 502,

  // --- upstream ---
  upstream_unreachable: 502,
  upstream_invalid: 502,
  upstream_too_large: 502,
  upstream_timeout: 504,

  // --- the broker ---
  configuration_invalid: 503,
  configuration_unavailable: 503,
  internal_error: 500,
} as const satisfies Readonly<Record<string, number>>;

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
