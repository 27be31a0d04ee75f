/** One-way stand-ins by which rows are found: who reads the table learns no session id, no user and no `state`. */
import { createHash } from 'node:crypto';
import type { SessionRef } from './store.ts';

/** What makes a session known. */
export interface SessionNames {
  readonly sessionId: string;
  readonly issuer: string;
  readonly subject: string;
  /** The provider's `sid`, where it gave one. */
  readonly providerSid?: string | undefined;
}

/** SHA-256 over a JSON array: no two kinds, and no two ways of splitting the parts, give the same text. */
const hashOf = (kind: string, ...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, ...parts]))
    .digest('base64url');

/** `sub` is unique within its issuer only (OpenID Connect Core 1.0, section 2). */
export const subjectHash = (issuer: string, subject: string): string => hashOf('subject', issuer, subject);

/** @param sid the provider's session id (OpenID Connect Back-Channel Logout 1.0, section 2.1) */
export const sidHash = (issuer: string, sid: string): string => hashOf('sid', issuer, sid);

/** @param jti of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4) */
export const jtiHash = (issuer: string, jti: string): string => hashOf('jti', issuer, jti);

/** @param state of a login transaction */
export const loginHash = (state: string): string => hashOf('login', state);

export const sessionRefOf = ({ sessionId, issuer, subject, providerSid }: SessionNames): SessionRef => ({
  session: hashOf('session', sessionId),
  subject: subjectHash(issuer, subject),
  ...(providerSid !== undefined && { sid: sidHash(issuer, providerSid) }),
});
