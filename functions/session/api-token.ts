/** One API's access token: what its own cookie holds, in few bytes because it travels with every call. */
import { createHash } from 'node:crypto';
import { epochSeconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { packToken, readBase64url, readBytes, readVarint, unpackToken, varint } from './packing.ts';

/** An access token that passed the audience guarantee. */
export interface ApiToken {
  readonly token: string;
  readonly expiresAt: EpochSeconds;
  /** The generation of the grant that it came with. */
  readonly generation: number;
  /** What was asked when it was issued; see `fingerprintOf`. */
  readonly fingerprint: string;
}

/** A token with what ties it to its session. */
export interface BoundApiToken extends ApiToken {
  readonly binding: string;
}

const timeBytes = 4;
const latestTime = 0xffff_ffff;
const bindingBytes = 8;
const fingerprintBytes = 6;

/**
 * A short stand-in for what was asked of the provider. A token asked for under another configuration has another one and
 * counts as missing.
 *
 * @param parts for example issuer, client id, audience, scopes and expectation, in a fixed order
 * @returns 6 bytes as base64url
 */
export const fingerprintOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest().toString('base64url', 0, fingerprintBytes);

export function encodeApiToken({ token, expiresAt, generation, fingerprint, binding }: BoundApiToken): Buffer {
  const end = Buffer.alloc(timeBytes);
  end.writeUInt32BE(Math.min(expiresAt, latestTime));
  return Buffer.concat([
    end,
    Buffer.from(binding, 'base64url'),
    Buffer.from(fingerprint, 'base64url'),
    varint(generation),
    packToken(token),
  ]);
}

export function decodeApiToken(plaintext: Buffer): BoundApiToken | undefined {
  const cursor = { bytes: plaintext, at: 0 };
  const end = readBytes(cursor, timeBytes);
  const binding = readBase64url(cursor, bindingBytes);
  const fingerprint = readBase64url(cursor, fingerprintBytes);
  const generation = readVarint(cursor);
  if (!end || binding === undefined || fingerprint === undefined || generation === undefined) return undefined;
  const token = unpackToken(cursor);
  if (token === undefined) return undefined;
  return {
    token,
    expiresAt: epochSeconds(end.readUInt32BE()),
    generation,
    fingerprint,
    binding,
  };
}
