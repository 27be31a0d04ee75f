/** Which refresh token is redeemed for an API: the session's, or one of its own where each audience has a login of its own. */
import type { RedemptionGroup } from '../audience/groups.ts';
import type { ApiGrant, Holdings } from '../session/holdings.ts';
import type { RefreshRoom } from './room.ts';

type Groups = Pick<RefreshRoom, 'way' | 'loginGroup'>;

/** The token of such a group comes from a login that extends the session, and never from the login's refresh token. */
export const isApart = ({ way, loginGroup }: Groups, { fingerprint }: RedemptionGroup): boolean =>
  way.second === 'reauthorize' && fingerprint !== loginGroup?.fingerprint;

export function refreshTokenFor(groups: Groups, group: RedemptionGroup, holdings: Holdings): string | undefined {
  const own = holdings.apiGrants.get(group.apis[0]);
  return isApart(groups, group) ? own?.refreshToken : holdings.refreshToken;
}

/** @returns the same with another refresh token for this group; without one where `grant` is left out */
export function withApiGrant(
  { apiGrants }: Holdings,
  group: RedemptionGroup,
  grant: ApiGrant | undefined,
): ReadonlyMap<string, ApiGrant> {
  const others = new Map([...apiGrants].filter(([api]) => api !== group.apis[0]));
  return grant === undefined ? others : others.set(group.apis[0], grant);
}
