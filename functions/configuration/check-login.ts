/** What a login may ask for. The parameters that carry the protocol are the broker's own. */
import { presetOf } from './check-provider.ts';
import type { Check, Draft, Findings } from './checks.ts';
import { known, knownMembers, type KeyPath } from './references.ts';
import { isCanonicalPath } from './values.ts';

/** RFC 6749, RFC 7636, RFC 8707, RFC 9101, RFC 9449, OpenID Connect Core, and the broker's own `returnUrl`. */
const ownParameters = new Set([
  'audience',
  'claims',
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'id_token_hint',
  'nonce',
  'redirect_uri',
  'registration',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'returnUrl',
  'scope',
  'state',
]);

/** OpenID Connect Core, sections 3.1.2.1 and 5.2. */
const usualParameters = ['acr_values', 'claims_locales', 'display', 'login_hint', 'max_age', 'prompt', 'ui_locales'];

const mostParameters = 20;

function checkNames(
  draft: Draft,
  names: readonly (readonly [KeyPath, string])[],
  { problem, warning }: Findings,
): void {
  const preset = presetOf(draft);
  const { audience } = draft.provider;
  const dialect = audience ?? preset?.audience;
  const carrier = dialect?.dialect === 'param' ? known(dialect.name) : undefined;
  const usual = preset === undefined ? undefined : new Set([...usualParameters, ...preset.loginParameters]);
  for (const [at, name] of names) {
    if (ownParameters.has(name) || name === carrier || preset?.neverSend.includes(name) === true) {
      problem(at, 'must not be here: this parameter is part of the protocol, and the broker alone sets it');
    } else if (preset !== undefined && preset.name !== 'oidc' && usual?.has(name) === false) {
      warning(at, `is not a parameter that ${preset.title} is known to take`);
    }
  }
}

function checkErrorPage({ login, appOrigins }: Draft, { problem }: Findings): void {
  const page = login.errorPage === undefined ? undefined : known(login.errorPage);
  if (page === undefined || page === '/' || isCanonicalPath(page)) return;
  const at = ['login', 'errorPage'];
  const url = URL.parse(page);
  const origins = knownMembers(appOrigins).map(([, origin]) => origin);
  if (url === null || url.hash !== '' || url.username !== '' || url.password !== '') {
    problem(at, 'must be a path such as "/login-failed", or a URL of one of appOrigins, without a fragment');
  } else if (!origins.includes(url.origin) && origins.length === known(appOrigins)?.length) {
    problem(at, 'must be a path, or a URL of one of appOrigins');
  }
}

function checkLoginApi({ login, apis }: Draft, { problem }: Findings): void {
  const at = ['login', 'api'];
  const withAudience = Object.keys(apis).filter((name) => apis[name]?.audience !== undefined);
  if (login.api === undefined) {
    if (withAudience.length === 0) return;
    problem(
      at,
      `is missing: it must name the API whose audience is asked for at login, one of ${withAudience.join(', ')}`,
    );
    return;
  }
  if (withAudience.length === 0) {
    problem(at, 'must be left out, since no API has an audience');
    return;
  }
  const api = known(login.api);
  if (api !== undefined && !withAudience.includes(api)) {
    problem(at, `must name an API that has an audience, one of ${withAudience.join(', ')}`);
  }
}

export const checkLogin: Check = (draft, findings) => {
  const fixed = Object.keys(known(draft.login.parameters) ?? {}).map(
    (name) => [['login', 'parameters', name], name] as const,
  );
  const allowed = knownMembers(draft.login.allow).map(([index, name]) => [['login', 'allow', index], name] as const);
  checkNames(draft, [...fixed, ...allowed], findings);
  if (fixed.length > mostParameters) findings.problem(['login', 'parameters'], `must hold at most ${mostParameters}`);
  if (allowed.length > mostParameters) findings.problem(['login', 'allow'], `must hold at most ${mostParameters}`);
  checkErrorPage(draft, findings);
  checkLoginApi(draft, findings);
};
