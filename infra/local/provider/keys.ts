/** The provider's signing keys, and tokens signed with them, or deliberately with something else. */
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { JWK } from 'jose';

/** By what a token is signed: the provider's key, one it never published, nothing (`alg: none`), a secret (HS256). */
export type Signer = 'current' | 'foreign' | 'none' | { readonly secret: string };

export interface SigningKeys {
  /** Private keys, the one that signs first. */
  readonly all: readonly JWK[];
  /** Public keys, as published. */
  published(): JWK[];
  /** Adds a key that signs from now on. Returns its `kid`. */
  rotate(): Promise<string>;
  sign(
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>>,
    signer: Signer,
  ): Promise<string>;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = randomBytes(9).toString('base64url');
  return { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };
}

/** @param kept keys of an earlier run, the one that signs first; one is made where there is none */
export async function openKeys(kept: readonly JWK[] = []): Promise<SigningKeys> {
  const all: JWK[] = kept.length > 0 ? [...kept] : [await createKey()];

  async function keyOf(signer: 'current' | 'foreign' | { readonly secret: string }) {
    if (typeof signer === 'object') return new TextEncoder().encode(signer.secret);
    return importJWK(signer === 'current' ? (all[0] as JWK) : await createKey(), 'RS256');
  }

  return {
    all,
    published: () => all.map(({ kty, n, e, kid, use, alg }) => ({ kty, n, e, kid, use, alg }) as JWK),
    async rotate() {
      const key = await createKey();
      all.unshift(key);
      return String(key.kid);
    },
    async sign(claims, header, signer) {
      // A foreign key goes by the published `kid`, so that verifiers find a key and fail at the signature.
      const common = { typ: 'JWT', kid: String(all[0]?.kid), ...header };
      if (signer === 'none') return `${encoded({ ...common, alg: 'none' })}.${encoded(claims)}.`;
      const alg = typeof signer === 'object' ? 'HS256' : 'RS256';
      return new SignJWT({ ...claims }).setProtectedHeader({ ...common, alg }).sign(await keyOf(signer));
    },
  };
}
