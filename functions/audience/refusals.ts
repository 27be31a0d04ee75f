/** What it means that the provider refuses to redeem a refresh token (RFC 6749, section 5.2). */
import type { Provider } from '../configuration/schema.ts';
import { presets } from '../presets/presets.ts';

/**
 * `over`: the refresh token is good for nothing any more. `audience`: this API cannot be had with it, others may.
 * `other`: neither the session's nor the API's fault.
 */
export type RefusalMeaning = 'over' | 'audience' | 'other';

/** RFC 8707, section 2, and RFC 6749, section 5.2. */
const audienceErrors = new Set(['invalid_target', 'invalid_scope']);

/** @param error the provider's code, or `other` where it gave none */
export function meaningOf({ preset }: Pick<Provider, 'preset'>, status: number, error: string): RefusalMeaning {
  if (error === 'invalid_grant') return 'over';
  if (audienceErrors.has(error)) return 'audience';
  const isListed = presets[preset].definiteRefusals.some(
    (shape) => shape.status === status && (shape.error ?? 'other') === error,
  );
  return isListed ? 'over' : 'other';
}
