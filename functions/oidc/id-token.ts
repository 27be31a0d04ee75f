/**
 * Everything an ID token must satisfy beyond what openid-client checks: the signature, which it does not verify in the
 * code flow, and the shapes that it accepts although a relying party should not.
 */
import { createHash } from 'node:crypto';
import type { Configuration } from '../configuration/schema.ts';
import { presets } from '../presets/presets.ts';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

/** What is known of a user after the checks. */
export interface VerifiedIdToken {
  readonly issuer: string;
  /** 1 to 255 ASCII characters (OIDC Core, section 2). */
  readonly subject: string;
  readonly issuedAt: number;
  readonly claims: Readonly<JWTPayload>;
}

export type IdTokenResult =
  | { readonly kind: 'verified'; readonly idToken: VerifiedIdToken }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable' };

export interface IdTokenExpectation {
  readonly settings: Pick<Configuration['provider'], 'issuer' | 'clientId' | 'preset' | 'idTokenAlgorithms'>;
  /** Absent where the provider is known to return none. */
  readonly nonce?: string;
  /** The access token that came with it, for `at_hash`. */
  readonly accessToken?: string;
  readonly now: number;
}

const toleranceSeconds = 30;
const oldestSeconds = 600;
const longestToken = 64 * 1024;
const otherKinds = new Set([
  'at+jwt',
  'application/at+jwt',
  'logout+jwt',
  'application/logout+jwt',
  'dpop+jwt',
  'token-introspection+jwt',
]);

const isSubject = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value);

/** OIDC Core, section 3.1.3.8: the left half of the hash that belongs to the signature's algorithm. */
function accessTokenHash(accessToken: string, algorithm: string): string {
  const bits = algorithm.endsWith('384')
    ? 'sha384'
    : algorithm.endsWith('512') || algorithm === 'EdDSA' || algorithm === 'Ed25519'
      ? 'sha512'
      : 'sha256';
  const digest = createHash(bits).update(accessToken, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** OIDC Core, section 3.1.3.7, items 3 to 5: further audiences are trusted only where `azp` says that the token is ours. */
function audienceFault(claims: JWTPayload, clientId: string): string | undefined {
  if (claims['azp'] !== undefined) return claims['azp'] === clientId ? undefined : 'azp names another client';
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
  return audiences.some((audience) => audience !== clientId) ? 'aud names somebody besides this client' : undefined;
}

function fault(
  claims: JWTPayload,
  header: { alg: string; typ?: string },
  expected: IdTokenExpectation,
): string | undefined {
  if (header.typ !== undefined && otherKinds.has(header.typ.toLowerCase())) return 'typ names another kind of token';
  if (claims['events'] !== undefined) return 'it is a security event, not an ID token';
  if (!isSubject(claims.sub)) return 'sub is not 1 to 255 ASCII characters';
  if (typeof claims.exp !== 'number' || claims.exp > expected.now + 366 * 86_400) return 'exp is not plausible';
  if (expected.nonce !== undefined && claims['nonce'] !== expected.nonce) return 'nonce is not the one that was sent';
  const hash = claims['at_hash'];
  if (
    hash !== undefined &&
    expected.accessToken !== undefined &&
    hash !== accessTokenHash(expected.accessToken, header.alg)
  ) {
    return 'at_hash does not belong to the access token';
  }
  return audienceFault(claims, expected.settings.clientId);
}

function reasonOf(error: unknown): IdTokenResult {
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return { kind: 'refused', reason: 'the signature does not verify' };
  if (error instanceof errors.JWKSNoMatchingKey)
    return { kind: 'refused', reason: 'the provider publishes no key for it' };
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return { kind: 'refused', reason: 'it names no key and several fit' };
  if (error instanceof errors.JOSEAlgNotAllowed)
    return { kind: 'refused', reason: 'its signature algorithm is not allowed' };
  if (error instanceof errors.JWTExpired) return { kind: 'refused', reason: 'exp has passed' };
  if (error instanceof errors.JWTClaimValidationFailed)
    return { kind: 'refused', reason: `${error.claim} is missing or wrong` };
  if (
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return { kind: 'refused', reason: 'it is not a signed JWT' };
  }
  return { kind: 'unavailable' };
}

/**
 * @param idToken compact JWS as received
 * @param keys the provider's keys
 * @returns `unavailable` when the provider's keys could not be fetched
 */
export async function verifyIdToken(
  idToken: string,
  keys: JWTVerifyGetKey,
  expected: IdTokenExpectation,
): Promise<IdTokenResult> {
  const { issuer, clientId, preset, idTokenAlgorithms } = expected.settings;
  if (idToken.length > longestToken) return { kind: 'refused', reason: 'it is larger than 64 KB' };
  try {
    const { payload, protectedHeader } = await jwtVerify(idToken, keys, {
      algorithms: [...(idTokenAlgorithms ?? presets[preset].idTokenAlgorithms)],
      issuer,
      audience: clientId,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(expected.now * 1000),
      maxTokenAge: oldestSeconds,
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    const reason = fault(payload, protectedHeader, expected);
    if (reason !== undefined) return { kind: 'refused', reason };
    const { iss, sub, iat } = payload;
    if (iss === undefined || sub === undefined || iat === undefined)
      return { kind: 'refused', reason: 'a claim is missing' };
    return { kind: 'verified', idToken: { issuer: iss, subject: sub, issuedAt: iat, claims: payload } };
  } catch (error) {
    return reasonOf(error);
  }
}
