/**
 * The provider's signing keys. A key that is not in the copy at hand is looked for once at the provider, so a rotation
 * is seen at once; a flood of unknown key ids costs one look-up a minute.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { ProviderFetch } from './fetch.ts';

const freshMs = 600_000;
const searchEveryMs = 60_000;
const searchAfterFailureMs = 5_000;

/**
 * @param jwksUri address of the JSON Web Key Set (RFC 7517)
 * @param nowMs the wall clock in milliseconds, since timers do not run while an instance is frozen
 */
export function createKeySet(jwksUri: string, fetch: ProviderFetch, nowMs: () => number = Date.now): JWTVerifyGetKey {
  const set = createRemoteJWKSet(new URL(jwksUri), {
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
    [customFetch]: fetch,
  });
  let readAtMs = 0;
  let searchedAtMs = 0;

  const read = async (): Promise<void> => {
    await set.reload();
    readAtMs = nowMs();
  };

  return async (header, token) => {
    if (readAtMs === 0) await read();
    else if (nowMs() - readAtMs > freshMs && nowMs() - searchedAtMs > searchAfterFailureMs) {
      searchedAtMs = nowMs();
      // An old copy is better than none: the provider may be away.
      await read().catch(() => undefined);
    }
    try {
      return await set(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || nowMs() - searchedAtMs <= searchEveryMs) throw error;
      searchedAtMs = nowMs();
      await read();
      return set(header, token);
    }
  };
}
