/**
 * The ID token that may come with a refresh must be about the same user (OIDC Core, section 12.2). It came from the token
 * endpoint over TLS, so that its claims are read without its signature (section 3.1.3.7, item 6).
 */

/** Who the session belongs to. */
export interface SessionSubject {
  readonly issuer: string;
  readonly subject: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function claimsOf(idToken: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** @returns false for one of another user, issuer or client, and for one that cannot be read */
export function isOfSession(idToken: string, { issuer, subject }: SessionSubject, clientId: string): boolean {
  const { iss, sub, aud } = claimsOf(idToken) ?? {};
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return iss === issuer && sub === subject && audiences.includes(clientId);
}
