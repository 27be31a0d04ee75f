/**
 * The tokens of a new session: the one that came with the code, and one for each further audience. Each is held against
 * its API's expectation; only the failure of `login.api` refuses the login.
 */
import { spell } from '../../audience/dialects.ts';
import { expectedOf } from '../../audience/expectation.ts';
import { wishFor, type RedemptionGroup } from '../../audience/groups.ts';
import { hold, refusedByProvider, type Refused, type TokenAnswer, type Verdict } from '../../audience/guarantee.ts';
import { epochSeconds, type EpochSeconds } from '../../contract/units.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import { redeemRefreshToken, type TokenEndpoint } from '../../oidc/token-request.ts';
import type { AuthContext } from './room.ts';

/** What one group of APIs got. `pending`: nothing yet, and asking again may help. */
export type GroupOutcome = Verdict | { readonly kind: 'pending' };

export interface Collected {
  readonly outcomes: ReadonlyMap<RedemptionGroup, GroupOutcome>;
  /** The newest refresh token. */
  readonly refreshToken: string | undefined;
  /** When it ends, where the provider says so. */
  readonly refreshEndsAt: EpochSeconds | undefined;
}

export interface CodeAnswer {
  readonly answer: TokenAnswer & { readonly refreshToken?: string; readonly refreshExpiresIn?: number };
  /** `iss` and `sub` of the verified ID token. */
  readonly issuer: string;
  readonly subject: string;
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

/** Holds an answer against what one group expects. */
export function judge(
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

/** The refresh token with which the next redemption is made. */
interface HeldRefreshToken {
  readonly token: string;
  readonly endsAt: EpochSeconds | undefined;
}

/** A refresh token that an answer does not replace stays in use (RFC 6749, section 6). */
function newest(
  answer: CodeAnswer['answer'],
  held: HeldRefreshToken | undefined,
  now: EpochSeconds,
): HeldRefreshToken | undefined {
  const { refreshToken, refreshExpiresIn } = answer;
  if (refreshToken === undefined) return held;
  return {
    token: refreshToken,
    endsAt: refreshExpiresIn === undefined ? undefined : epochSeconds(now + refreshExpiresIn),
  };
}

interface Redeemed {
  readonly outcome: GroupOutcome;
  readonly refresh: HeldRefreshToken | undefined;
}

async function redeem(
  context: AuthContext,
  group: RedemptionGroup,
  from: CodeAnswer,
  refresh: HeldRefreshToken,
): Promise<Redeemed> {
  const { broker, log, now } = context;
  const { provider, scopes } = broker.configuration;
  const spelled = spell(broker.way, 'refresh', wishFor(broker.groups, group.apis[0], scopes));
  const scope: [string, string][] = spelled.scope === undefined ? [] : [['scope', spelled.scope]];
  const result = await redeemRefreshToken(from.endpoint, refresh.token, from, [...scope, ...spelled.parameters]);
  if (result.kind === 'granted') {
    const outcome = judge(context, group, 'refresh', from, result.answer);
    return { outcome, refresh: newest(result.answer, refresh, now) };
  }
  log('warn', 'provider_failed', { during: 'refresh', apis: group.apis, reason: result.kind });
  const isRefused = result.kind === 'mismatch' || (result.kind === 'refused' && definite.has(result.error));
  const outcome: GroupOutcome = isRefused
    ? refusedByProvider(expectedOf(provider, apiOf(context, group)))
    : { kind: 'pending' };
  const rescued =
    result.kind === 'invalid' && result.refreshToken !== undefined
      ? { token: result.refreshToken, endsAt: undefined }
      : refresh;
  return { outcome, refresh: rescued };
}

const hasTime = ({ request }: AuthContext): boolean => request.deadlineAtMs - Date.now() >= leastTimeMs;

/** What one further group gets: out of the first answer, by a redemption, or nothing yet. */
async function furtherOutcome(
  context: AuthContext,
  group: RedemptionGroup,
  from: CodeAnswer,
  refresh: HeldRefreshToken | undefined,
): Promise<Redeemed> {
  const { way } = context.broker;
  if (way.second === 'merged') return { outcome: judge(context, group, 'code', from, from.answer), refresh };
  if (way.second !== 'refresh') return { outcome: { kind: 'pending' }, refresh };
  if (refresh === undefined)
    return { outcome: { kind: 'refused', ...notRefreshable, observed: { format: 'none' } }, refresh };
  return hasTime(context) ? redeem(context, group, from, refresh) : { outcome: { kind: 'pending' }, refresh };
}

/** One after another, because every redemption may spend the refresh token that the next one needs. */
export async function collectTokens(context: AuthContext, from: CodeAnswer): Promise<Collected> {
  const { groups, configuration } = context.broker;
  const { api } = configuration.login;
  const outcomes = new Map<RedemptionGroup, GroupOutcome>();
  let refresh = newest(from.answer, undefined, context.now);
  const first = groups.find(({ apis }) => api !== undefined && apis.includes(api));
  if (first !== undefined) {
    const verdict = judge(context, first, 'code', from, from.answer);
    outcomes.set(first, verdict);
    const further = verdict.kind === 'refused' ? [] : groups.filter((group) => group !== first);
    for (const group of further) {
      const redeemed = await furtherOutcome(context, group, from, refresh);
      outcomes.set(group, redeemed.outcome);
      refresh = redeemed.refresh;
    }
  }
  return { outcomes, refreshToken: refresh?.token, refreshEndsAt: refresh?.endsAt };
}

/** When a failed API may be asked for again. */
export const retryAt = (now: EpochSeconds): EpochSeconds => (now + 60) as EpochSeconds;
