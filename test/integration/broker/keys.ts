/** Rings of cookie keys as the parameter `cookie-keys` holds them. */
import { randomBytes } from 'node:crypto';

/** One key. Old enough to be known everywhere unless told otherwise. */
export const newKey = (kid: string, ageSeconds = 7200): object => ({
  kid,
  key: randomBytes(32).toString('base64url'),
  createdAt: Math.floor(Date.now() / 1000) - ageSeconds,
});

/** @param keys oldest first */
export const ringText = (...keys: readonly object[]): string => JSON.stringify({ keys });
