/** Says why a login ends without a session, where the provider or the audience guarantee has refused it. */
import { expectedOf } from '../../audience/expectation.ts';
import { refusedAtLogin, type Refused } from '../../audience/guarantee.ts';
import type { ProviderError } from './authorization-response.ts';
import type { Collected } from './collect-tokens.ts';
import { reportCookies } from './report.ts';
import type { AuthContext, LoginFailure } from './room.ts';

/** The one outcome that refuses the login: that of the API whose audience it asked for. */
export function refusedLoginApi({ broker }: AuthContext, { outcomes }: Collected): Refused | undefined {
  const { api } = broker.configuration.login;
  for (const [group, outcome] of outcomes) {
    if (api !== undefined && group.apis.includes(api) && outcome.kind === 'refused') return outcome;
  }
  return undefined;
}

export function logOutcomes({ log }: AuthContext, { outcomes }: Collected): void {
  for (const [group, outcome] of outcomes) {
    if (outcome.kind !== 'refused') continue;
    log('error', 'audience_refused', { apis: group.apis, code: outcome.code, cause: outcome.cause, fix: outcome.fix });
  }
}

const refusedLogin: ReadonlyMap<string, string> = new Map([
  ['access_denied', 'The provider did not let this user in, or the user declined.'],
  ['login_required', 'The provider would have had to ask for a login, which this request did not allow.'],
  ['interaction_required', 'The provider would have had to ask something, which this request did not allow.'],
  ['consent_required', 'The provider would have had to ask for consent, which this request did not allow.'],
  ['invalid_scope', 'The provider does not know one of the scopes, or does not allow it for this application.'],
  ['temporarily_unavailable', 'The provider is too busy; try again in a moment.'],
]);

/** What came back and what to do about it. */
export const sentence = ({ cause, fix }: Pick<Refused, 'cause' | 'fix'>): string => `${cause} ${fix}`;

/** The provider knows no such audience, or issues no token for it, and says so in place of a code. */
function refusedAudience({ broker }: AuthContext, { error, description }: ProviderError): Collected | undefined {
  const { configuration, groups } = broker;
  const { api } = configuration.login;
  const group = groups.find(({ apis }) => api !== undefined && apis.includes(api));
  const settings = group && configuration.apis[group.apis[0]];
  const refused = settings && refusedAtLogin(expectedOf(configuration.provider, settings), error, description);
  return (
    group && refused && { outcomes: new Map([[group, refused]]), refreshToken: undefined, refreshEndsAt: undefined }
  );
}

/** Why the provider sent the browser back with an error; nothing it wrote into the query is shown or logged. */
function refusal(error: string): LoginFailure {
  if (error === 'temporarily_unavailable' || error === 'server_error')
    return { code: 'provider_unavailable', reason: error };
  const known = refusedLogin.get(error);
  return {
    code: 'login_refused',
    detail: known ?? 'The provider gave a reason that is not known here.',
    reason: known === undefined ? 'other' : error,
  };
}

/** @param response in place of a code; nothing that it says is shown or logged as it stands */
export function refuse(context: AuthContext, response: ProviderError): LoginFailure {
  const collected = refusedAudience(context, response);
  const refused = collected && refusedLoginApi(context, collected);
  if (collected === undefined || refused === undefined) return refusal(response.error);
  logOutcomes(context, collected);
  return { code: refused.code, detail: sentence(refused), cookies: reportCookies(context, collected) };
}
