/**
 * Everything that a session has of the provider: what the store keeps of it, sealed under a key that also needs the
 * secret in the browser's session cookie. The grant and the token cookies are extracts of it.
 */
import { epochSeconds, type EpochSeconds } from '../contract/units.ts';
import type { ApiToken } from './api-token.ts';
import { isObject, isText, isTime, isWhole, parseObject } from './fields.ts';
import type { JsonObject, JsonValue } from './fields.ts';
import { decodeFailures, encodeFailures, type Failure, type Grant, type NewGrant } from './grant.ts';
import { identityFields, readIdentity, type Identity, type SessionKeys } from './identity.ts';
import { valueOf } from './reading.ts';
import type { ReadingRules, Value } from './reading.ts';
import { open, seal } from './sealing.ts';
import type { Sealer } from './sealing.ts';

/** One API's token with what its cookie and the grant say of it. */
export interface HeldToken extends ApiToken {
  readonly refreshAt: EpochSeconds;
}

/** A refresh token of one API's own, where each audience has a login of its own. */
export interface ApiGrant {
  readonly refreshToken: string;
  readonly refreshEndsAt?: EpochSeconds;
}

export interface Holdings {
  /** Whose they are. The callback of a later login sees no other trace of it: browsers withhold the session there. */
  readonly identity: Identity;
  readonly generation: number;
  readonly refreshToken?: string;
  readonly refreshEndsAt?: EpochSeconds;
  /** By the first API of the group that it is for. */
  readonly apiGrants: ReadonlyMap<string, ApiGrant>;
  /** By API name. */
  readonly tokens: ReadonlyMap<string, HeldToken>;
  readonly failures: ReadonlyMap<string, Failure>;
  readonly checkAfter: EpochSeconds;
  readonly heldSince: EpochSeconds;
}

/** Where there is no API token to end, a revocation is looked for this often. */
const checkEverySeconds = 300;

/** Until the newest token ends nobody asks whether the session has been revoked. */
export const checkAfterOf = (tokens: ReadonlyMap<string, HeldToken>, now: EpochSeconds): EpochSeconds =>
  epochSeconds(
    tokens.size === 0 ? now + checkEverySeconds : Math.max(...[...tokens.values()].map((one) => one.expiresAt)),
  );

/** The name under which rows are sealed. */
const rowName = 'tokens#';

const encodeToken = ({ token, expiresAt, refreshAt, generation, fingerprint }: HeldToken): JsonValue => [
  token,
  expiresAt,
  refreshAt,
  generation,
  fingerprint,
];

function decodeToken(value: JsonValue): HeldToken | undefined {
  if (!Array.isArray(value)) return undefined;
  const [token, expiresAt, refreshAt, generation, fingerprint] = value as readonly JsonValue[];
  if (!isText(token) || !isTime(expiresAt) || !isTime(refreshAt)) return undefined;
  if (!isWhole(generation) || !isText(fingerprint)) return undefined;
  return { token, expiresAt, refreshAt, generation, fingerprint };
}

function decodeTokens(value: JsonObject): ReadonlyMap<string, HeldToken> | undefined {
  const tokens = new Map<string, HeldToken>();
  for (const [api, encoded] of Object.entries(value)) {
    const token = decodeToken(encoded);
    if (token === undefined) return undefined;
    tokens.set(api, token);
  }
  return tokens;
}

const encodeApiGrants = (grants: ReadonlyMap<string, ApiGrant>): JsonObject =>
  Object.fromEntries(
    [...grants].map(([api, { refreshToken, refreshEndsAt }]) => [
      api,
      refreshEndsAt === undefined ? [refreshToken] : [refreshToken, refreshEndsAt],
    ]),
  );

function decodeApiGrants(value: JsonObject): ReadonlyMap<string, ApiGrant> | undefined {
  const grants = new Map<string, ApiGrant>();
  for (const [api, encoded] of Object.entries(value)) {
    if (!Array.isArray(encoded)) return undefined;
    const [refreshToken, refreshEndsAt] = encoded as readonly JsonValue[];
    if (!isText(refreshToken) || (refreshEndsAt !== undefined && !isTime(refreshEndsAt))) return undefined;
    grants.set(api, { refreshToken, ...(refreshEndsAt !== undefined && { refreshEndsAt }) });
  }
  return grants;
}

function encode(holdings: Holdings): Buffer {
  const { identity, generation, refreshToken, refreshEndsAt, apiGrants, tokens, failures, checkAfter, heldSince } =
    holdings;
  return Buffer.from(
    JSON.stringify({
      who: identityFields(identity),
      gen: generation,
      rt: refreshToken,
      until: refreshEndsAt,
      own: encodeApiGrants(apiGrants),
      at: Object.fromEntries([...tokens].map(([api, token]) => [api, encodeToken(token)])),
      failed: encodeFailures(failures),
      check: checkAfter,
      iat: heldSince,
    }),
  );
}

const decoderOf =
  ({ sessionId }: SessionKeys) =>
  (plaintext: Buffer): Holdings | undefined => {
    const { who, gen, rt, until, own, at, failed, check, iat } = parseObject(plaintext) ?? {};
    const identity = isObject(who) ? readIdentity(who) : undefined;
    if (identity?.sessionId !== sessionId || !isWhole(gen) || !isTime(check) || !isTime(iat)) return undefined;
    if ((rt !== undefined && !isText(rt)) || (until !== undefined && !isTime(until))) return undefined;
    const tokens = isObject(at) ? decodeTokens(at) : undefined;
    const failures = isObject(failed) ? decodeFailures(failed) : undefined;
    const apiGrants = isObject(own) ? decodeApiGrants(own) : undefined;
    if (!tokens || !failures || !apiGrants) return undefined;
    return {
      identity,
      generation: gen,
      ...(rt !== undefined && { refreshToken: rt }),
      ...(until !== undefined && { refreshEndsAt: until }),
      apiGrants,
      tokens,
      failures,
      checkAfter: check,
      heldSince: iat,
    };
  };

const secretOf = ({ tableSecret }: SessionKeys): Buffer => Buffer.from(tableSecret, 'base64url');

/** @returns what a row holds; without the session cookie nobody can open it */
export const sealHoldings = (holdings: Holdings, sealer: Sealer): string =>
  seal(
    { purpose: 'tokens', name: rowName, plaintext: encode(holdings), secret: secretOf(holdings.identity) },
    1,
    sealer,
  );

export const openHoldings = (sealed: string, session: SessionKeys, rules: ReadingRules): Value<Holdings> =>
  valueOf(open(sealed, 'tokens', rowName, rules.ring, secretOf(session)), decoderOf(session), rules);

/** What the grant cookie holds of it. */
export function grantOf(holdings: Holdings): NewGrant {
  const { generation, refreshToken, refreshEndsAt, apiGrants, tokens, failures, checkAfter } = holdings;
  return {
    generation,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshEndsAt !== undefined && { refreshEndsAt }),
    ...(apiGrants.size > 0 && { ownGrants: [...apiGrants.keys()] }),
    tokens: new Map([...tokens].map(([api, { expiresAt, refreshAt }]) => [api, { endsAt: expiresAt, refreshAt }])),
    checkAfter,
    failures,
  };
}

/** The grant as if its cookie had been sealed when the tokens came. */
export const storedGrantOf = (holdings: Holdings): Grant => ({ ...grantOf(holdings), sealedAt: holdings.heldSince });
