/** A token endpoint's answer as it came, and what its failure means, decided on status and body alone (RFC 6749, section 5). */
import { isPassing, type RawAnswer } from './fetch.ts';

/** The members of a token answer that the broker uses; whatever else came is dropped. */
export interface TokenAnswer {
  readonly accessToken?: string;
  readonly tokenType?: string;
  /** As received: providers send numbers, strings and worse. */
  readonly expiresIn?: unknown;
  readonly scope?: string;
  readonly refreshToken?: string;
  /** Seconds that the refresh token lasts, where the provider says so; no standard names this member. */
  readonly refreshExpiresIn?: number;
  readonly idToken?: string;
}

/** Why there are no tokens. */
export type TokenFailure =
  /** Nothing, or nothing readable, came: whether the grant was spent is not known. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly status?: number }
  /** The provider refused this broker's own credentials. */
  | { readonly kind: 'client_refused' }
  /** The provider said no; `error` is its code, or `other`. */
  | { readonly kind: 'refused'; readonly error: string; readonly status: number }
  /** A 2xx answer that does not hold what it should. */
  | { readonly kind: 'invalid'; readonly reason: string; readonly refreshToken?: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Drops members of the wrong type, so that no library stumbles over what the broker judges itself. */
export function readTokenAnswer(body: string): TokenAnswer | undefined {
  const json = parse(body);
  if (json === undefined) return undefined;
  const accessToken = text(json['access_token']);
  const tokenType = text(json['token_type']);
  const scope = text(json['scope']);
  const refreshToken = text(json['refresh_token']);
  const refreshLife = json['refresh_expires_in'] ?? json['refresh_token_expires_in'];
  const idToken = text(json['id_token']);
  return {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(tokenType === undefined ? {} : { tokenType }),
    ...(json['expires_in'] === undefined ? {} : { expiresIn: json['expires_in'] }),
    ...(scope === undefined ? {} : { scope }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(typeof refreshLife === 'number' && refreshLife > 0 ? { refreshExpiresIn: refreshLife } : {}),
    ...(idToken === undefined ? {} : { idToken }),
  };
}

/**
 * What openid-client is shown. The access token's presence, type and life are left to the audience guarantee, and the ID
 * token to checks of our own, which go further and say what is wrong.
 */
export function canonicalBody(answer: TokenAnswer): string {
  return JSON.stringify({
    access_token: 'withheld',
    token_type: 'bearer',
    refresh_token: answer.refreshToken,
    scope: answer.scope,
  });
}

/** The code as it may be logged: providers put anything into `error`. */
const errorCode = (value: unknown): string =>
  typeof value === 'string' && /^[a-z_]{1,40}$/.test(value) ? value : 'other';

/** @param raw any answer that is not 2xx */
export function readFailure(raw: RawAnswer): TokenFailure {
  if (isPassing(raw.status)) return { kind: 'unknown', reason: 'provider_error', status: raw.status };
  if (raw.status < 400) return { kind: 'unknown', reason: 'unexpected_status', status: raw.status };
  const json = parse(raw.body);
  const error = errorCode(json?.['error']);
  // A challenge without a body names its error in the header (RFC 6750, section 3).
  const challenged = /\berror="?invalid_client\b/.test(raw.headers.get('www-authenticate') ?? '');
  if (error === 'invalid_client' || challenged || (raw.status === 401 && error === 'other'))
    return { kind: 'client_refused' };
  return { kind: 'refused', error, status: raw.status };
}
