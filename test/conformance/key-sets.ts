/** Key sets as providers publish them, and what becomes of a signature on the way. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { Fault } from '../../infra/local/provider/provider.ts';

const jwkOf = ({ publicKey }: { readonly publicKey: KeyObject }): JWK => publicKey.export({ format: 'jwk' });

/** Three keys of each kind, none with a name. */
export const namelessKeys = (): readonly JWK[] =>
  [1, 2, 3].flatMap(() => [
    jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
    jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
    jwkOf(generateKeyPairSync('ed25519')),
  ]);

/** Publishes other keys than the provider would. */
export const publish =
  (change: (keys: readonly JWK[]) => readonly JWK[]): Fault =>
  (answer) => ({ ...answer, json: { ...answer.json, keys: change((answer.json?.['keys'] ?? []) as readonly JWK[]) } });

export const withoutNames = (keys: readonly JWK[]): readonly JWK[] =>
  keys.map((key) => Object.fromEntries(Object.entries(key).filter(([name]) => name !== 'kid')) as unknown as JWK);

/** The same token with each byte of its signature turned over. */
export function breakSignature(token: unknown): string {
  const [header, payload, signature = ''] = String(token).split('.');
  const bytes = Buffer.from(signature, 'base64url').map((byte) => byte ^ 0x5a);
  return [header, payload, Buffer.from(bytes).toString('base64url')].join('.');
}

/** OpenID Connect Core, section 3.1.3.6, for a token signed with SHA-256. */
export const accessTokenHash = (token: unknown): string =>
  createHash('sha256').update(String(token)).digest().subarray(0, 16).toString('base64url');
