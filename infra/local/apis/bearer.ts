/** What an API does with `Authorization: Bearer`: verify signature, issuer, audience and time, or say why not (RFC 6750). */
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';

/** What may be shown of a token that arrived; never the token. */
export interface SeenToken {
  readonly scheme: string;
  readonly typ?: string;
  readonly alg?: string;
}

export type Verdict =
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly why: string }
  | { readonly kind: 'valid'; readonly claims: JWTPayload };

export type Verifier = (authorization: string | undefined) => Promise<Verdict>;

export function seenToken(authorization: string | undefined): SeenToken | undefined {
  if (authorization === undefined) return undefined;
  const [scheme = '', token = ''] = authorization.split(' ');
  try {
    const { typ, alg } = decodeProtectedHeader(token);
    return { scheme, ...(typ === undefined ? {} : { typ }), ...(alg === undefined ? {} : { alg }) };
  } catch {
    return { scheme };
  }
}

function reason(error: unknown, audience: string): string {
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
    const seen = [error.payload.aud ?? 'nobody'].flat().join(' and ');
    return `the token is for ${seen}, this API is ${audience}`;
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') {
    return `the token was issued by ${error.payload.iss ?? 'nobody'}`;
  }
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is wrong';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'the token is signed with a key that the issuer does not publish';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'the token is not a JWT';
  return error instanceof Error ? error.message : 'the token cannot be verified';
}

export function createVerifier(issuer: string, jwksUri: string, audience: string): Verifier {
  const keySet = createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: 0 });
  return async (authorization) => {
    if (authorization === undefined) return { kind: 'missing' };
    const token = /^Bearer (?<token>\S+)$/i.exec(authorization)?.groups?.['token'];
    if (token === undefined) return { kind: 'invalid', why: 'the Authorization header holds no bearer token' };
    if (token.split('.').length !== 3) return { kind: 'invalid', why: 'the token is not a JWT' };
    try {
      const options = { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp', 'sub'] };
      return { kind: 'valid', claims: (await jwtVerify(token, keySet, options)).payload };
    } catch (error) {
      return { kind: 'invalid', why: reason(error, audience) };
    }
  };
}
