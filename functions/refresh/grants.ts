/** Which refresh token is redeemed for an API: the session's, or one of its own that a further login has brought. */
import type { RedemptionGroup } from '../audience/groups.ts';
import type { ApiGrant, Holdings } from '../session/holdings.ts';
import type { RefreshRoom } from './room.ts';

type Groups = Pick<RefreshRoom, 'way' | 'loginGroup'>;

/** Only a login that extends the session brings such a group its token. */
export const needsOwnLogin = ({ way, loginGroup }: Groups, { fingerprint }: RedemptionGroup): boolean =>
  way.second === 'reauthorize' && fingerprint !== loginGroup?.fingerprint;

export function refreshTokenFor(groups: Groups, group: RedemptionGroup, holdings: Holdings): string | undefined {
  const own = holdings.apiGrants.get(group.apis[0]);
  return own?.refreshToken ?? (needsOwnLogin(groups, group) ? undefined : holdings.refreshToken);
}

/** A further login may be stronger than the first one: its refresh token counts for the API that asked for it. */
export const hasOwnGrant = ({ apiGrants }: Holdings, { apis }: RedemptionGroup): boolean => apiGrants.has(apis[0]);

/** @returns the same with another refresh token for this group; without one where `grant` is left out */
export function withApiGrant(
  { apiGrants }: Holdings,
  group: RedemptionGroup,
  grant: ApiGrant | undefined,
): ReadonlyMap<string, ApiGrant> {
  const others = new Map([...apiGrants].filter(([api]) => api !== group.apis[0]));
  return grant === undefined ? others : others.set(group.apis[0], grant);
}
