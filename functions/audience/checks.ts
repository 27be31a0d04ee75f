/** The checks that a token's claims must pass, each one on its own: `undefined` when it holds, else what came back. */
import type { AudienceCode } from '../contract/wire.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Spelled } from './dialects.ts';
import type { Expected } from './expectation.ts';
import type { Members } from './token.ts';

/** What a token answer came back to. */
export interface Circumstances {
  readonly now: EpochSeconds;
  /** The request that was answered. */
  readonly spelled: Spelled;
  /** `iss` of the session's verified ID token. */
  readonly issuer: string;
  /** As the provider publishes it. */
  readonly userinfoEndpoint?: string;
  /** The session's ID token, where one is at hand besides the one in the answer. */
  readonly idToken?: string;
}

export interface Finding {
  readonly code: AudienceCode;
  /** One sentence on what came back, without any value that came with it. */
  readonly cause: string;
}

type Check = (claims: Members, expected: Expected, circumstances: Circumstances) => Finding | undefined;

const finding = (code: AudienceCode, cause: string): Finding => ({ code, cause });

// --- reading claims ---

/** A claim as it stands; names such as `constructor` are no claims. */
const claimOf = (claims: Members, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/** `aud` is a string or an array of strings (RFC 7519, section 4.1.3); anything else names nobody. */
export function audienceOf(claims: Members): readonly string[] {
  const aud = claimOf(claims, 'aud');
  if (typeof aud === 'string') return [aud];
  return isStrings(aud) ? aud : [];
}

const words = (value: unknown): readonly string[] | undefined => {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  return isStrings(value) ? value : undefined;
};

/**
 * What was granted: the token's own claim, for the API reads no other; else the token answer's `scope`. An answer without
 * it to a token that cannot be read grants what was asked (RFC 6749, section 5.1).
 */
export function grantedScopes(
  claims: Members | undefined,
  answered: unknown,
  { preset }: Expected,
  { spelled }: Circumstances,
): readonly string[] | undefined {
  const claimed = claims === undefined ? undefined : words(claimOf(claims, preset.shape.scopeClaim));
  return claimed ?? words(answered) ?? (claims === undefined ? words(spelled.scope) : undefined);
}

// --- the checks ---

const idTokenMarks = ['nonce', 'at_hash', 'c_hash'];

const noIdToken: Check = (claims) => {
  const mark = idTokenMarks.find((name) => Object.hasOwn(claims, name));
  return mark === undefined
    ? undefined
    : finding('id_token_as_access_token', `The access token carries \`${mark}\`, a claim of ID tokens.`);
};

/** The media type without its prefix, in lower case (RFC 7515, section 4.1.9). */
const mediaType = (typ: string): string => typ.toLowerCase().replace(/^application\//, '');

/** @param header of any token that has one */
export function checkTyp(header: Members, { typ: accepted }: Expected): Finding | undefined {
  const typ = claimOf(header, 'typ') ?? null;
  const holds =
    typ === null
      ? accepted.includes(null)
      : typeof typ === 'string' && accepted.some((one) => one !== null && mediaType(one) === mediaType(typ));
  if (holds) return undefined;
  return finding(
    'token_type_mismatch',
    typ === null
      ? 'The header of the access token names no type (`typ`).'
      : 'The header of the access token names another type (`typ`) than an access token of this provider has.',
  );
}

/** Where every provider but Auth0 publishes it, and where Auth0's tokens name it. */
const userinfoAudiences = ({ issuer, userinfoEndpoint }: Circumstances): readonly (string | undefined)[] => [
  userinfoEndpoint,
  `${issuer.replace(/\/$/, '')}/userinfo`,
];

const wantedAudience: Check = (claims, { audiences, scopes }, circumstances) => {
  if (audiences.length === 0) {
    return scopes.length > 0
      ? undefined
      : finding(
          'audience_mismatch',
          'Neither an audience nor a scope is checked, so nothing says whose token this is.',
        );
  }
  const actual = audienceOf(claims);
  if (actual.some((one) => audiences.includes(one))) return undefined;
  if (actual.length === 0) return finding('audience_mismatch', 'The access token names no audience.');
  const code = circumstances.spelled.namesAudience ? 'audience_substituted' : 'audience_mismatch';
  const userinfo = userinfoAudiences(circumstances);
  return finding(
    code,
    actual.every((one) => userinfo.includes(one))
      ? "The access token is good for the provider's userinfo endpoint only."
      : "The access token names another audience than this API's.",
  );
};

/** The userinfo endpoint is no API: it tells its caller what the ID token says already, and Auth0 adds it to every login. */
const noFurtherAudience: Check = (claims, { audiences, onlyAudience }, circumstances) => {
  if (!onlyAudience) return undefined;
  const allowed = new Set([...audiences, ...userinfoAudiences(circumstances)]);
  return audienceOf(claims).every((one) => allowed.has(one))
    ? undefined
    : finding('audience_not_exclusive', 'The access token names further audiences besides this API.');
};

const placeholder = '{tenantid}';

/** What stands in the issuer where its template has the placeholder: one path segment, the tenant. */
function tenantOf(issuer: string, template: string | undefined): string | undefined {
  const [before, after] = template?.split(placeholder) ?? [];
  if (before === undefined || after === undefined) return undefined;
  if (!issuer.startsWith(before) || !issuer.endsWith(after)) return undefined;
  const tenant = issuer.slice(before.length, issuer.length - after.length);
  return /^[\w.-]+$/.test(tenant) ? tenant : undefined;
}

/** The session's issuer, and those in whose name the same tenant issues access tokens. */
function usualIssuers({ preset }: Expected, { issuer }: Circumstances): readonly string[] {
  const tenant = tenantOf(issuer, preset.issuer.template);
  const further = tenant === undefined ? [] : preset.issuer.furtherTokenIssuers;
  return [issuer, ...further.map((one) => one.replace(placeholder, () => tenant ?? ''))];
}

const rightIssuer: Check = (claims, expected, circumstances) => {
  const iss = claimOf(claims, 'iss');
  const accepted = expected.issuers ?? usualIssuers(expected, circumstances);
  if (typeof iss === 'string' && accepted.includes(iss)) return undefined;
  return finding(
    'issuer_mismatch',
    typeof iss === 'string' ? 'The access token names another issuer.' : 'The access token names no issuer.',
  );
};

const exactClaims: Check = (claims, expected) => {
  const wrong = Object.entries(expected.claims).find(([name, value]) => claimOf(claims, name) !== value);
  if (wrong === undefined) return undefined;
  const [name] = wrong;
  return finding(
    'claim_mismatch',
    Object.hasOwn(claims, name)
      ? `The claim \`${name}\` of the access token has another value.`
      : `The access token has no claim \`${name}\`.`,
  );
};

/** @param granted as `grantedScopes` found them */
export function checkScopes(granted: readonly string[] | undefined, { scopes }: Expected): Finding | undefined {
  const missing = scopes.filter((scope) => granted?.includes(scope) !== true).length;
  if (missing === 0) return undefined;
  return finding(
    'scope_missing',
    granted === undefined
      ? 'Neither the access token nor the token answer says which scopes were granted.'
      : `${missing} of the ${scopes.length} scopes that the API expects ${missing === 1 ? 'was' : 'were'} not granted.`,
  );
}

/** @param end as `endOf` found it */
export function checkEnd(end: EpochSeconds, { now }: Circumstances): Finding | undefined {
  if (end > now) return undefined;
  return finding(
    'access_token_expired',
    end > 0 ? 'The access token has ended already.' : 'The access token does not say when it ends (`exp`).',
  );
}

/** In the order in which they are reported: the first one says most about what to do. */
export const claimChecks: readonly Check[] = [noIdToken, wantedAudience, noFurtherAudience, rightIssuer, exactClaims];
