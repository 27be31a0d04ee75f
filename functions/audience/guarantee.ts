/**
 * The audience guarantee. Every token answer is held against what was wanted, and an access token that was not is neither
 * stored nor forwarded. Claims are read, not signature-checked: the token came from the token endpoint over TLS, and the
 * API verifies it again.
 */
import type { AudienceCode } from '../contract/wire.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { adviceOn } from './advice.ts';
import {
  audienceOf,
  checkEnd,
  checkScopes,
  checkTyp,
  claimChecks,
  grantedScopes,
  type Circumstances,
  type Finding,
} from './checks.ts';
import type { Expected } from './expectation.ts';
import { endOf } from './expiry.ts';
import { classify, isSendable, longestToken, type AccessToken, type Members } from './token.ts';

/** A token endpoint's answer, as far as it is judged here; members are as received. */
export interface TokenAnswer {
  readonly accessToken?: unknown;
  readonly tokenType?: unknown;
  readonly expiresIn?: unknown;
  readonly scope?: unknown;
  readonly idToken?: unknown;
}

/** What came back. For the development report alone: a log and an answer say no more than `cause`. */
export interface Observed {
  readonly format: 'jwt' | 'encrypted' | 'opaque' | 'none';
  readonly typ?: string;
  readonly aud?: readonly string[];
  readonly iss?: string;
  readonly scope?: string;
  readonly expiresAt?: EpochSeconds;
}

export interface Satisfied {
  readonly kind: 'satisfied';
  readonly token: string;
  readonly expiresAt: EpochSeconds;
  /** What was granted, space-separated; `undefined` where nobody said. */
  readonly scope: string | undefined;
  /** False for a token that could not be read and that `expect.format` accepts all the same. */
  readonly verified: boolean;
  readonly observed: Observed;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: AudienceCode;
  /** One sentence on what came back, without a value of the token's. */
  readonly cause: string;
  /** One sentence on what to do. */
  readonly fix: string;
  readonly observed: Observed;
}

export type Verdict = Satisfied | Refused;

const refuse = ({ code, cause }: Finding, { preset }: Expected, observed: Observed): Refused => ({
  kind: 'refused',
  code,
  cause,
  fix: adviceOn(code, preset),
  observed,
});

/** A token that the provider encrypted to itself is an opaque one, whatever it looks like. */
function formatOf(token: AccessToken, { preset }: Expected): Exclude<Observed['format'], 'none'> {
  if (token.kind !== 'jwe') return token.kind;
  return preset.shape.opaqueJweAlgorithms.some((alg) => alg === token.header['alg']) ? 'opaque' : 'encrypted';
}

function observe(
  token: AccessToken,
  format: Observed['format'],
  granted: readonly string[] | undefined,
  end: EpochSeconds,
): Observed {
  const header: Members = token.kind === 'opaque' ? {} : token.header;
  const claims: Members = token.kind === 'jwt' ? token.claims : {};
  const { typ } = header;
  const { iss } = claims;
  return {
    format,
    ...(typeof typ === 'string' ? { typ } : {}),
    ...(token.kind === 'jwt' ? { aud: audienceOf(claims) } : {}),
    ...(typeof iss === 'string' ? { iss } : {}),
    ...(granted === undefined ? {} : { scope: granted.join(' ') }),
    ...(end === 0 ? {} : { expiresAt: end }),
  };
}

/** What can be said before the token is looked into. */
function checkAnswer(answer: TokenAnswer, token: string, { idToken }: Circumstances): Finding | undefined {
  if (typeof answer.tokenType !== 'string' || answer.tokenType.toLowerCase() !== 'bearer') {
    return { code: 'token_type_mismatch', cause: 'The token answer does not call the access token a bearer token.' };
  }
  if (!isSendable(token)) {
    const cause =
      token.length > longestToken
        ? `The access token is longer than ${longestToken} characters.`
        : 'The access token has characters that cannot stand in a header.';
    return { code: 'access_token_malformed', cause };
  }
  return token === answer.idToken || token === idToken
    ? { code: 'id_token_as_access_token', cause: 'The access token is the ID token itself.' }
    : undefined;
}

/** A token that can be read is checked in full, even where another format is accepted. */
function checkFormat(format: Observed['format'], { format: accepted }: Expected): Finding | undefined {
  if (format === 'jwt' || format === accepted) return undefined;
  return format === 'encrypted'
    ? { code: 'encrypted_access_token', cause: 'The access token is encrypted.' }
    : { code: 'opaque_access_token', cause: 'The access token is opaque: no JWT that the API could verify by itself.' };
}

function checkClaims(
  { header, claims }: Extract<AccessToken, { kind: 'jwt' }>,
  expected: Expected,
  circumstances: Circumstances,
): Finding | undefined {
  for (const check of claimChecks) {
    const found = check(claims, expected, circumstances);
    if (found !== undefined) return found;
  }
  return checkTyp(header, expected);
}

/**
 * Holds one token answer against one API's expectation. Never throws, whatever the provider sent.
 *
 * @param answer of the code or the refresh grant
 * @param expected of the API that the grant was made for, or of one that shares its token
 */
export function hold(answer: TokenAnswer, expected: Expected, circumstances: Circumstances): Verdict {
  const token = answer.accessToken;
  if (typeof token !== 'string' || token === '') {
    const cause = 'The token answer holds no access token.';
    return refuse({ code: 'access_token_missing', cause }, expected, { format: 'none' });
  }
  const classified = classify(token);
  const claims = classified.kind === 'jwt' ? classified.claims : undefined;
  const format = formatOf(classified, expected);
  const granted = grantedScopes(claims, answer.scope, expected, circumstances);
  const end = endOf(claims, answer.expiresIn, circumstances.now);
  const observed = observe(classified, format, granted, end);

  const found =
    checkAnswer(answer, token, circumstances) ??
    checkFormat(format, expected) ??
    (classified.kind === 'jwt' ? checkClaims(classified, expected, circumstances) : undefined) ??
    checkScopes(granted, expected) ??
    checkEnd(end, circumstances);
  if (found !== undefined) return refuse(found, expected, observed);
  return {
    kind: 'satisfied',
    token,
    expiresAt: end,
    scope: granted?.join(' '),
    verified: classified.kind === 'jwt',
    observed,
  };
}

/** The provider said no to the request itself: `invalid_target`, `invalid_scope`, or `access_denied` for an unknown audience. */
export function refusedByProvider(expected: Expected): Refused {
  const cause = 'The provider refused to issue a token for this API.';
  return refuse({ code: 'audience_refused', cause }, expected, { format: 'none' });
}

/**
 * The same where the provider says it to the browser, in place of a code (RFC 6749, section 4.1.2.1).
 *
 * @param description `error_description`, or an empty string
 * @returns `undefined` when the error is about something else
 */
export function refusedAtLogin(expected: Expected, error: string, description: string): Refused | undefined {
  const isAudience = expected.preset.audienceRefusals.some(
    (one) => one.error === error && description.startsWith(one.description ?? ''),
  );
  return isAudience ? refusedByProvider(expected) : undefined;
}
