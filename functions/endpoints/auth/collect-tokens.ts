/**
 * The tokens of a new session: the one that came with the code, and one for each further audience. Each is held against
 * its API's expectation; only the failure of `login.api` refuses the login.
 */
import { spell } from '../../audience/dialects.ts';
import { expectedOf } from '../../audience/expectation.ts';
import { wishFor, type RedemptionGroup } from '../../audience/groups.ts';
import { hold, refusedByProvider, type Refused, type TokenAnswer, type Verdict } from '../../audience/guarantee.ts';
import type { EpochSeconds } from '../../contract/units.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import { redeemRefreshToken, type TokenEndpoint } from '../../oidc/token-request.ts';
import type { AuthContext } from './room.ts';

/** What one group of APIs got. `pending`: nothing yet, and asking again may help. */
export type GroupOutcome = Verdict | { readonly kind: 'pending' };

export interface Collected {
  readonly outcomes: ReadonlyMap<RedemptionGroup, GroupOutcome>;
  /** The newest refresh token. */
  readonly refreshToken: string | undefined;
}

export interface CodeAnswer {
  readonly answer: TokenAnswer & { readonly refreshToken?: string };
  /** `iss` of the verified ID token. */
  readonly issuer: string;
  readonly metadata: ServerMetadata;
  readonly endpoint: TokenEndpoint;
}

/** A redemption may take 8 s, so none begins later than this before the answer is due. */
const leastTimeMs = 8000;

const definite = new Set(['invalid_target', 'invalid_scope', 'access_denied', 'unauthorized_client']);

function apiOf({ broker }: AuthContext, group: RedemptionGroup) {
  const api = broker.configuration.apis[group.apis[0]];
  if (api === undefined) throw new Error('a group names an API that is not configured');
  return api;
}

function judge(
  context: AuthContext,
  group: RedemptionGroup,
  leg: 'code' | 'refresh',
  from: CodeAnswer,
  answer: TokenAnswer,
): Verdict {
  const { broker, now } = context;
  const { provider, scopes } = broker.configuration;
  const { userinfo_endpoint: userinfoEndpoint } = from.metadata;
  const { idToken } = from.answer;
  return hold(answer, expectedOf(provider, apiOf(context, group)), {
    now,
    spelled: spell(broker.way, leg, wishFor(broker.groups, group.apis[0], scopes)),
    issuer: from.issuer,
    ...(userinfoEndpoint === undefined ? {} : { userinfoEndpoint }),
    ...(typeof idToken === 'string' ? { idToken } : {}),
  });
}

const notRefreshable: Pick<Refused, 'code' | 'cause' | 'fix'> = {
  code: 'access_token_missing',
  cause: 'A token for a further API is had with the refresh token, and the provider issued none.',
  fix: 'Add "offline_access" to `scopes`, and let the application at the provider use the refresh token grant.',
};

/** Redeems once. @returns the outcome and the refresh token to go on with */
async function redeem(
  context: AuthContext,
  group: RedemptionGroup,
  from: CodeAnswer,
  refreshToken: string,
): Promise<[GroupOutcome, string]> {
  const { broker, log } = context;
  const { provider, scopes } = broker.configuration;
  const spelled = spell(broker.way, 'refresh', wishFor(broker.groups, group.apis[0], scopes));
  const scope: [string, string][] = spelled.scope === undefined ? [] : [['scope', spelled.scope]];
  const result = await redeemRefreshToken(from.endpoint, refreshToken, [...scope, ...spelled.parameters]);
  if (result.kind === 'granted') {
    return [judge(context, group, 'refresh', from, result.answer), result.answer.refreshToken ?? refreshToken];
  }
  log('warn', 'provider_failed', { during: 'refresh', apis: group.apis, reason: result.kind });
  if (result.kind === 'refused' && definite.has(result.error)) {
    return [refusedByProvider(expectedOf(provider, apiOf(context, group))), refreshToken];
  }
  return [{ kind: 'pending' }, result.kind === 'invalid' ? (result.refreshToken ?? refreshToken) : refreshToken];
}

const hasTime = ({ request }: AuthContext, nowMs: number): boolean => request.deadlineAtMs - nowMs >= leastTimeMs;

/** One after another, because every redemption may spend the refresh token that the next one needs. */
export async function collectTokens(context: AuthContext, from: CodeAnswer): Promise<Collected> {
  const { way, groups, configuration } = context.broker;
  const { api } = configuration.login;
  const outcomes = new Map<RedemptionGroup, GroupOutcome>();
  let refreshToken = from.answer.refreshToken;
  const first = groups.find(({ apis }) => api !== undefined && apis.includes(api));
  if (first === undefined) return { outcomes, refreshToken };
  const verdict = judge(context, first, 'code', from, from.answer);
  outcomes.set(first, verdict);
  if (verdict.kind === 'refused') return { outcomes, refreshToken };
  for (const group of groups) {
    if (group === first) continue;
    if (way.second === 'merged') {
      outcomes.set(group, judge(context, group, 'code', from, from.answer));
    } else if (way.second === 'refresh' && refreshToken !== undefined && hasTime(context, Date.now())) {
      const [outcome, newest] = await redeem(context, group, from, refreshToken);
      outcomes.set(group, outcome);
      refreshToken = newest;
    } else {
      const isHopeless = way.second === 'refresh' && refreshToken === undefined;
      outcomes.set(
        group,
        isHopeless ? { kind: 'refused', ...notRefreshable, observed: { format: 'none' } } : { kind: 'pending' },
      );
    }
  }
  return { outcomes, refreshToken };
}

/** When a failed API may be asked for again. */
export const retryAt = (now: EpochSeconds): EpochSeconds => (now + 60) as EpochSeconds;
