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

/** A grant that is about to be sealed. API names are keys of a map because `constructor` is one of them. */
export interface NewGrant {
  readonly refreshToken?: string;
  /** 1 at login; every refresh adds one. */
  readonly generation: number;
  /** End of each API's token, by API name. */
  readonly tokenEndsAt: ReadonlyMap<string, EpochSeconds>;
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

export function encodeGrant(grant: BoundGrant): Buffer {
  const fields = {
    session: grant.binding,
    gen: grant.generation,
    iat: grant.sealedAt,
    exp: grant.endsAt,
    check: grant.checkAfter,
    ends: Object.fromEntries(grant.tokenEndsAt),
    failed: Object.fromEntries([...grant.failures].map(([api, { code, retryAt }]) => [api, [code, retryAt]])),
  };
  const json = Buffer.from(JSON.stringify(fields));
  const token = grant.refreshToken === undefined ? [] : [packToken(grant.refreshToken)];
  return Buffer.concat([varint(json.length), json, ...token]);
}

const isProblemCode = (value: JsonValue | undefined): value is ProblemCode =>
  isText(value) && Object.hasOwn(problems, value);

function decodeEnds(ends: JsonObject): ReadonlyMap<string, EpochSeconds> | undefined {
  const times = new Map<string, EpochSeconds>();
  for (const [api, time] of Object.entries(ends)) {
    if (!isTime(time)) return undefined;
    times.set(api, time);
  }
  return times;
}

/** A code of a later release is left out: then the provider is asked again. */
function decodeFailures(failed: JsonObject): ReadonlyMap<string, Failure> | undefined {
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
  const { session, gen, iat, exp, check, ends, failed } = (json && parseObject(json)) ?? {};
  if (!isText(session) || !isWhole(gen) || !isTime(iat) || !isTime(exp) || !isTime(check)) return undefined;
  const tokenEndsAt = isObject(ends) ? decodeEnds(ends) : undefined;
  const failures = isObject(failed) ? decodeFailures(failed) : undefined;
  const refreshToken = cursor.at < plaintext.length ? unpackToken(cursor) : '';
  if (!tokenEndsAt || !failures || refreshToken === undefined) return undefined;
  return {
    ...(refreshToken !== '' && { refreshToken }),
    generation: gen,
    tokenEndsAt,
    checkAfter: check,
    failures,
    sealedAt: iat,
    binding: session,
    endsAt: exp,
  };
}
