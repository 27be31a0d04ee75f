/**
 * A provider with rotating refresh tokens and reuse detection (RFC 9700, section 4.14.2): a spent refresh token that comes
 * back after its overlap ends the grant. Everything happens at once here; what is lost on the way is up to others.
 */
import type { Redemption } from '../../functions/refresh/room.ts';
import { audiences, issuer, type ApiName } from './settings.ts';

export interface ProviderSettings {
  /** `strict` has no overlap, `overlap` takes a spent token for another 60 s, `none` keeps the one it has issued. */
  readonly rotation: 'strict' | 'overlap' | 'none';
  readonly issuesRefreshTokens: boolean;
  /** What becomes of a redemption for the API that was not asked for at login. */
  readonly further: 'granted' | 'substituted' | 'invalid_target' | 'invalid_grant';
  readonly tokenSeconds: number;
}

/** What one login has been granted, with every refresh token that came of it. */
export interface Grant {
  readonly name: string;
  readonly user: string;
  readonly sid: string;
  ended: 'reuse' | 'revoked' | undefined;
}

export interface RefreshToken {
  readonly value: string;
  readonly grant: Grant;
  spentAtMs: number | undefined;
  successors: RefreshToken[];
}

export interface AccessToken {
  readonly value: string;
  readonly grant: Grant;
  readonly api: ApiName;
  readonly expiresAtMs: number;
  readonly issuedAt: number;
  /** When the generation that holds it was written. */
  writtenAt: number | undefined;
}

export interface Provider {
  readonly refreshTokens: ReadonlyMap<string, RefreshToken>;
  readonly accessTokens: ReadonlyMap<string, AccessToken>;
  logIn(user: string): { readonly grant: Grant; readonly refreshToken: RefreshToken | undefined };
  issue(grant: Grant, api: ApiName): AccessToken;
  redeem(refreshToken: string, audience: string): Redemption;
  revoke(refreshToken: string): void;
}

const overlapMs = 60_000;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenHeader = encode({ alg: 'RS256', typ: 'at+jwt' });

const refused = (error: string): Redemption => ({ kind: 'refused', status: 400, error });

export const apiOf = (audience: string): ApiName => (audience === audiences.profile ? 'profile' : 'orders');

export function createProvider(settings: ProviderSettings, nowMs: () => number, moment: () => number): Provider {
  const refreshTokens = new Map<string, RefreshToken>();
  const accessTokens = new Map<string, AccessToken>();
  let grants = 0;
  let issued = 0;

  function issue(grant: Grant, api: ApiName): AccessToken {
    issued += 1;
    const iat = Math.floor(nowMs() / 1000);
    const exp = iat + settings.tokenSeconds;
    const claims = { iss: issuer, sub: grant.user, aud: audiences[api], iat, exp, jti: `t${issued}` };
    const value = `${tokenHeader}.${encode(claims)}.${encode(`signature ${issued}`)}`;
    const token = { value, grant, api, expiresAtMs: exp * 1000, issuedAt: moment(), writtenAt: undefined };
    accessTokens.set(value, token);
    return token;
  }

  function issueRefreshToken(grant: Grant): RefreshToken {
    issued += 1;
    const value = `refresh-${grant.name}-${issued}`;
    const token = { value, grant, spentAtMs: undefined, successors: [] };
    refreshTokens.set(value, token);
    return token;
  }

  function rotate(token: RefreshToken): RefreshToken | undefined {
    if (settings.rotation === 'none') return undefined;
    const successor = issueRefreshToken(token.grant);
    token.spentAtMs ??= nowMs();
    token.successors.push(successor);
    return successor;
  }

  function redeem(value: string, audience: string): Redemption {
    const token = refreshTokens.get(value);
    if (token === undefined || token.grant.ended !== undefined) return refused('invalid_grant');
    const { grant, spentAtMs } = token;
    const isOver = spentAtMs !== undefined && (settings.rotation === 'strict' || nowMs() - spentAtMs > overlapMs);
    if (isOver) {
      grant.ended = 'reuse';
      return refused('invalid_grant');
    }
    const isFurther = audience !== audiences.orders;
    if (isFurther && (settings.further === 'invalid_target' || settings.further === 'invalid_grant')) {
      return refused(settings.further);
    }
    const api = isFurther && settings.further === 'substituted' ? 'orders' : apiOf(audience);
    const successor = rotate(token);
    return {
      kind: 'granted',
      answer: {
        accessToken: issue(grant, api).value,
        tokenType: 'Bearer',
        expiresIn: settings.tokenSeconds,
        ...(successor === undefined ? {} : { refreshToken: successor.value }),
      },
    };
  }

  return {
    refreshTokens,
    accessTokens,
    logIn(user) {
      grants += 1;
      const grant: Grant = { name: `G${grants}`, user, sid: `sid-${grants}`, ended: undefined };
      return { grant, refreshToken: settings.issuesRefreshTokens ? issueRefreshToken(grant) : undefined };
    },
    issue,
    redeem,
    revoke(value) {
      const token = refreshTokens.get(value);
      if (token !== undefined) token.grant.ended ??= 'revoked';
    },
  };
}
