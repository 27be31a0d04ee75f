/** The logout token of a back-channel logout (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6). */
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Configuration } from '../configuration/schema.ts';
import type { LogoutTokenRule } from '../presets/preset.ts';
import { presets } from '../presets/presets.ts';

/** Whose sessions end: one session of the provider where `sid` is named, else all of the user. */
export interface LogoutOrder {
  readonly issuer: string;
  readonly jti: string;
  readonly issuedAt: number;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

export type LogoutTokenResult =
  | { readonly kind: 'verified'; readonly order: LogoutOrder }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The provider's keys could not be fetched: it may come again. */
  | { readonly kind: 'unavailable' };

type Settings = Pick<Configuration['provider'], 'issuer' | 'clientId' | 'preset' | 'idTokenAlgorithms'>;

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const toleranceSeconds = 30;
const longestText = 255;

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= longestText;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (reason: string): LogoutTokenResult => ({ kind: 'refused', reason });

/** `application/` may be left out (RFC 7515, section 4.1.9). */
function isTyp(typ: string | undefined, { typ: accepted }: LogoutTokenRule): boolean {
  if (typ === undefined) return accepted.includes(null);
  const name = typ.toLowerCase().replace(/^application\//, '');
  return accepted.some((one) => one?.toLowerCase() === name);
}

function judge(
  claims: JWTPayload,
  typ: string | undefined,
  { issuer }: Settings,
  rule: LogoutTokenRule,
): LogoutTokenResult {
  const { sub, sid, jti, iat, exp, events, nonce } = claims;
  if (!isTyp(typ, rule)) return refused('typ names another kind of token');
  if (nonce !== undefined) return refused('it has a nonce, as an ID token has');
  const event = isRecord(events) ? events[logoutEvent] : undefined;
  if (!isRecord(event)) return refused('events does not name a back-channel logout');
  if (exp === undefined && rule.expRequired) return refused('exp is missing');
  if (!isText(jti)) return refused('jti is missing');
  if (typeof iat !== 'number') return refused('iat is missing');
  if (sub !== undefined && !isText(sub)) return refused('sub is not a text');
  if (sid !== undefined && !isText(sid)) return refused('sid is not a text');
  if (sub === undefined && sid === undefined) return refused('it names neither sub nor sid');
  return { kind: 'verified', order: { issuer, jti, issuedAt: iat, subject: sub, sid } };
}

function reasonOf(error: unknown): LogoutTokenResult {
  if (error instanceof errors.JWTClaimValidationFailed) return refused(`${error.claim} is missing or wrong`);
  if (error instanceof errors.JWTExpired) return refused('exp has passed');
  const isItsFault =
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JOSENotSupported;
  return isItsFault ? refused('it is not a token that this provider signed') : { kind: 'unavailable' };
}

/**
 * @param token compact JWS as received
 * @param keys the provider's keys
 * @param now seconds since the epoch
 */
export async function verifyLogoutToken(
  token: string,
  keys: JWTVerifyGetKey,
  settings: Settings,
  now: number,
): Promise<LogoutTokenResult> {
  const preset = presets[settings.preset];
  const rule = preset.logoutToken;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: [...(settings.idTokenAlgorithms ?? preset.idTokenAlgorithms)],
      issuer: settings.issuer,
      audience: settings.clientId,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now * 1000),
      maxTokenAge: rule.maxAgeSeconds,
    });
    return judge(payload, protectedHeader.typ, settings, rule);
  } catch (error) {
    return reasonOf(error);
  }
}
