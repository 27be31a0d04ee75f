/** Who is logged in: what the session cookie holds from login to logout. */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { EpochSeconds } from '../contract/units.ts';
import { isId, isObject, isOptionalText, isText, isTime, parseObject } from './fields.ts';
import type { JsonObject } from './fields.ts';
import type { RandomBytes } from './sealing.ts';

/** A session's name, and the secret that opens what the table keeps for it; 16 random bytes each, as base64url. */
export interface SessionKeys {
  readonly sessionId: string;
  readonly tableSecret: string;
}

/** A completed login. */
export interface Identity extends SessionKeys {
  /** `iss` and `sub` of the ID token. */
  readonly issuer: string;
  readonly subject: string;
  /** `sid` of the ID token, by which the provider names its own session. */
  readonly providerSid?: string;
  /** `iat` of the ID token. */
  readonly loginAt: EpochSeconds;
  /** The session ends here, whatever happens. */
  readonly endsAt: EpochSeconds;
  /** OpenID Connect Session Management 1.0, section 2. */
  readonly sessionState?: string;
  /** The allow-listed claims of the ID token. */
  readonly claims: JsonObject;
}

const idBytes = 16;
const bindingBytes = 8;

/** A new session's id and secret. */
export const newSessionKeys = (random: RandomBytes): SessionKeys => ({
  sessionId: random(idBytes).toString('base64url'),
  tableSecret: random(idBytes).toString('base64url'),
});

/**
 * What a grant, token or seen cookie carries of the session it belongs to: the first 8 bytes of the id, as base64url. It
 * only ever lies inside a sealed value.
 */
export const bindingOf = ({ sessionId }: SessionKeys): string =>
  Buffer.from(sessionId, 'base64url').toString('base64url', 0, bindingBytes);

/** The `sid` of the logout link. It names the session and does not give its id away. */
export const logoutSid = ({ sessionId }: SessionKeys): string =>
  // A key object made of the same bytes takes Node a third of the time.
  createHmac('sha256', createSecretKey(sessionId, 'base64url'))
    .update('token-broker logout sid')
    .digest()
    .toString('base64url', 0, idBytes);

/** @param given what a request presents as `sid`; compared in constant time */
export function equalSid(given: string, session: SessionKeys): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(logoutSid(session))];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** An identity in the short names under which it is sealed. */
export const identityFields = (identity: Identity) => ({
  id: identity.sessionId,
  key: identity.tableSecret,
  iss: identity.issuer,
  sub: identity.subject,
  sid: identity.providerSid,
  iat: identity.loginAt,
  exp: identity.endsAt,
  state: identity.sessionState,
  claims: identity.claims,
});

export const encodeIdentity = (identity: Identity): Buffer => Buffer.from(JSON.stringify(identityFields(identity)));

/** @returns undefined where a field is missing or has another shape */
export function readIdentity(fields: JsonObject): Identity | undefined {
  const { id, key, iss, sub, sid, iat, exp, state, claims } = fields;
  if (!isId(id) || !isId(key) || !isText(iss) || !isText(sub) || !isObject(claims)) return undefined;
  if (!isTime(iat) || !isTime(exp) || !isOptionalText(sid) || !isOptionalText(state)) return undefined;
  return {
    sessionId: id,
    tableSecret: key,
    issuer: iss,
    subject: sub,
    ...(sid !== undefined && { providerSid: sid }),
    loginAt: iat,
    endsAt: exp,
    ...(state !== undefined && { sessionState: state }),
    claims,
  };
}

export const decodeIdentity = (plaintext: Buffer): Identity | undefined => readIdentity(parseObject(plaintext) ?? {});
