/** What the session may still ask of the provider: what the grant cookie holds, rewritten by every refresh. */
import { problems } from '../contract/wire.ts';
import type { ProblemCode } from '../contract/wire.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { isObject, isText, isTime, isWhole, parseObject } from './fields.ts';
import type { JsonObject, JsonValue } from './fields.ts';
import { packToken, readBytes, readVarint, unpackToken, varint } from './packing.ts';

/** Why an API has no token. */
export interface Failure {
  readonly code: ProblemCode;
  /** Nothing is asked of the provider before this time. */
  readonly retryAt: EpochSeconds;
}

/** When an API's token ends, and from when on another one is asked for. */
export interface TokenTimes {
  readonly endsAt: EpochSeconds;
  readonly refreshAt: EpochSeconds;
}

/** A grant that is about to be sealed. API names are keys of a map because `constructor` is one of them. */
export interface NewGrant {
  readonly refreshToken?: string;
  /** 1 at login; every refresh adds one. */
  readonly generation: number;
  /** It is too large for the jar and lies in the store alone. */
  readonly refreshTokenInStore?: true;
  /** First APIs of groups that have a refresh token of their own, in the store alone; left out where there are none. */
  readonly ownGrants?: readonly string[];
  /** When the refresh token ends, where the provider said so. */
  readonly refreshEndsAt?: EpochSeconds;
  /** By API name. */
  readonly tokens: ReadonlyMap<string, TokenTimes>;
  /** Until this time nobody asks whether the session has been revoked. */
  readonly checkAfter: EpochSeconds;
  /** By API name. */
  readonly failures: ReadonlyMap<string, Failure>;
}

/** A grant as it was sealed. */
export interface Grant extends NewGrant {
  readonly sealedAt: EpochSeconds;
}

/** A grant with what ties it to its session. */
export interface BoundGrant extends Grant {
  readonly binding: string;
  readonly endsAt: EpochSeconds;
}

export const encodeFailures = (failures: ReadonlyMap<string, Failure>): JsonObject =>
  Object.fromEntries([...failures].map(([api, { code, retryAt }]) => [api, [code, retryAt]]));

export function encodeGrant(grant: BoundGrant): Buffer {
  const fields = {
    session: grant.binding,
    gen: grant.generation,
    iat: grant.sealedAt,
    exp: grant.endsAt,
    check: grant.checkAfter,
    until: grant.refreshEndsAt,
    kept: grant.refreshTokenInStore,
    own: grant.ownGrants,
    ends: Object.fromEntries([...grant.tokens].map(([api, { endsAt, refreshAt }]) => [api, [endsAt, refreshAt]])),
    failed: encodeFailures(grant.failures),
  };
  const json = Buffer.from(JSON.stringify(fields));
  const token = grant.refreshToken === undefined ? [] : [packToken(grant.refreshToken)];
  return Buffer.concat([varint(json.length), json, ...token]);
}

const isTexts = (value: JsonValue | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((item: JsonValue) => isText(item));

const isProblemCode = (value: JsonValue | undefined): value is ProblemCode =>
  isText(value) && Object.hasOwn(problems, value);

function decodeTokens(ends: JsonObject): ReadonlyMap<string, TokenTimes> | undefined {
  const tokens = new Map<string, TokenTimes>();
  for (const [api, times] of Object.entries(ends)) {
    if (!Array.isArray(times)) return undefined;
    const [endsAt, refreshAt] = times as readonly JsonValue[];
    if (!isTime(endsAt) || !isTime(refreshAt)) return undefined;
    tokens.set(api, { endsAt, refreshAt });
  }
  return tokens;
}

/** A code of a later release is left out: then the provider is asked again. */
export function decodeFailures(failed: JsonObject): ReadonlyMap<string, Failure> | undefined {
  const failures = new Map<string, Failure>();
  for (const [api, failure] of Object.entries(failed)) {
    if (!Array.isArray(failure)) return undefined;
    const [code, retryAt] = failure as readonly JsonValue[];
    if (!isTime(retryAt)) return undefined;
    if (isProblemCode(code)) failures.set(api, { code, retryAt });
  }
  return failures;
}

export function decodeGrant(plaintext: Buffer): BoundGrant | undefined {
  const cursor = { bytes: plaintext, at: 0 };
  const length = readVarint(cursor);
  const json = length === undefined ? undefined : readBytes(cursor, length);
  const { session, gen, iat, exp, check, until, kept, own, ends, failed } = (json && parseObject(json)) ?? {};
  if (!isText(session) || !isWhole(gen) || !isTime(iat) || !isTime(exp) || !isTime(check)) return undefined;
  const tokens = isObject(ends) ? decodeTokens(ends) : undefined;
  const failures = isObject(failed) ? decodeFailures(failed) : undefined;
  const refreshToken = cursor.at < plaintext.length ? unpackToken(cursor) : '';
  if (!tokens || !failures || refreshToken === undefined || (until !== undefined && !isTime(until))) return undefined;
  return {
    ...(refreshToken !== '' && { refreshToken }),
    generation: gen,
    ...(until !== undefined && { refreshEndsAt: until }),
    ...(kept === true && { refreshTokenInStore: true }),
    ...(isTexts(own) && { ownGrants: own }),
    tokens,
    checkAfter: check,
    failures,
    sealedAt: iat,
    binding: session,
    endsAt: exp,
  };
}
