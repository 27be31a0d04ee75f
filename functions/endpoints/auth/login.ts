/** `GET /bff/login`: sends the browser to the provider with the audience, and remembers the login in a cookie of its own. */
import { spell, withParameters, type Parameter } from '../../audience/dialects.ts';
import { wishFor } from '../../audience/groups.ts';
import { redirect } from '../../http/answers.ts';
import type { HttpResponse } from '../../http/message.ts';
import { checkNavigation } from '../../http/navigation.ts';
import { problem } from '../../http/problems.ts';
import { parseParameters, single, type Parameters } from '../../http/query.ts';
import { frontPage, parseReturnUrl } from '../../http/return-url.ts';
import { authorizationUrl } from '../../oidc/authorization-request.ts';
import type { ServerMetadata } from '../../oidc/metadata.ts';
import { fingerprintOf } from '../../session/api-token.ts';
import type { SessionKeys } from '../../session/identity.ts';
import { openStepUp, type StepUp } from '../../session/step-up.ts';
import { startLogin, type LoginRequest } from '../../session/transactions.ts';
import { redirectUri, sealerOf, type Broker } from '../context.ts';
import { currentSession } from '../current-session.ts';
import { loginFailed, type AuthContext } from './room.ts';

/** OIDC Core, section 3.1.2.1. A provider that publishes fewer refuses the others itself. */
const prompts = new Set(['none', 'login', 'consent', 'select_account']);

interface Wanted {
  readonly returnUrl: string;
  /** Whose token is wanted in addition to what the session has. */
  readonly api: string | undefined;
  /** What an API wants of the authentication. */
  readonly stepUp: StepUp | undefined;
  /** Allow-listed parameters of the query. */
  readonly parameters: readonly Parameter[];
}

type Refusal = {
  readonly code: 'return_url_invalid' | 'parameter_invalid' | 'request_malformed';
  readonly detail: string;
};

/** Stands for what a login must end under: the same issuer, client and redirect URI. */
export const loginFingerprint = (broker: Broker): string => {
  const { issuer, clientId } = broker.configuration.provider;
  return fingerprintOf([issuer, clientId, redirectUri(broker)]);
};

function refuse(code: Refusal['code'], detail: string): Refusal {
  return { code, detail };
}

function readReturnUrl(query: Parameters, broker: Broker): string | Refusal {
  const given = single(query, 'returnUrl');
  if (given.kind === 'absent') return frontPage(broker.configuration);
  const url = given.kind === 'value' ? parseReturnUrl(given.value, broker.configuration) : undefined;
  return (
    url ?? refuse('return_url_invalid', 'returnUrl must be one address of this application, at most 512 bytes long.')
  );
}

/** @returns the parameters that the configuration allows a page to choose */
function readParameters(query: Parameters, allowed: readonly string[]): readonly Parameter[] | Refusal {
  const chosen: Parameter[] = [];
  for (const name of allowed) {
    const given = single(query, name);
    if (given.kind === 'duplicated') return refuse('parameter_invalid', `${name} must not occur more than once.`);
    if (given.kind === 'absent') continue;
    if (name === 'prompt' && !given.value.split(' ').every((one) => prompts.has(one))) {
      return refuse('parameter_invalid', 'prompt must be none, login, consent or select_account.');
    }
    chosen.push([name, given.value]);
  }
  return chosen;
}

/** Only where each audience has a login of its own, and everybody knows of it, is another API asked for. */
function readApi(query: Parameters, { broker }: Pick<AuthContext, 'broker'>): string | undefined | Refusal {
  const given = single(query, 'api');
  if (given.kind === 'absent') return undefined;
  const isKnown = given.kind === 'value' && broker.groups.some(({ apis }) => apis.includes(given.value));
  if (!isKnown) return refuse('parameter_invalid', 'api must be the name of one API that has an audience.');
  return broker.way.second === 'reauthorize' && broker.hasTable ? given.value : undefined;
}

const isRefusal = (value: object): value is Refusal => 'code' in value;

/** Only what an API has asked for, by way of a link that this broker made. */
function readStepUp(query: Parameters, { broker, now }: AuthContext): StepUp | undefined | Refusal {
  const given = single(query, 'step_up');
  if (given.kind === 'absent') return undefined;
  const rules = { ring: broker.ring, now, unknownKey: 'absent' } as const;
  const stepUp = given.kind === 'value' ? openStepUp(given.value, rules) : undefined;
  return stepUp ?? refuse('parameter_invalid', 'step_up is not one of this broker, or older than ten minutes.');
}

function readQuery(context: AuthContext): Wanted | Refusal {
  const { request, broker } = context;
  const query = parseParameters(request.query);
  if (query === undefined) return refuse('request_malformed', 'The query is not well-formed.');
  const returnUrl = readReturnUrl(query, broker);
  if (typeof returnUrl !== 'string') return returnUrl;
  const api = readApi(query, { broker });
  if (typeof api === 'object') return api;
  const stepUp = readStepUp(query, context);
  if (stepUp !== undefined && isRefusal(stepUp)) return stepUp;
  const { allow } = broker.configuration.login;
  // A link of ours asks for another API's token without showing anything; `prompt` is its own then.
  const parameters = readParameters(
    query,
    api === undefined || allow.includes('prompt') ? allow : [...allow, 'prompt'],
  );
  return isRefusal(parameters) ? parameters : { returnUrl, api, stepUp, parameters };
}

/** The session that this login may take the place of. A navigation from another site shows none, and that is all right. */
async function seenSession(context: AuthContext): Promise<SessionKeys | undefined> {
  const { session } = await currentSession(context);
  if (session.kind !== 'live' && session.kind !== 'grantless') return undefined;
  const { sessionId, tableSecret } = session.identity;
  return { sessionId, tableSecret };
}

/** RFC 9470, section 4. */
const stepUpParameters = ({ acrValues, maxAge }: Partial<StepUp> = {}): readonly Parameter[] => [
  ...(acrValues === undefined ? [] : [['acr_values', acrValues] as const]),
  ...(maxAge === undefined ? [] : [['max_age', String(maxAge)] as const]),
];

/** Sends the browser to the provider for one login. */
export async function sendToProvider(
  context: AuthContext,
  metadata: ServerMetadata,
  asked: LoginRequest,
  chosen: readonly Parameter[],
): Promise<HttpResponse> {
  const { broker, request, log } = context;
  const { login: settings, scopes } = broker.configuration;
  const { transaction, cookies } = startLogin(asked, request.cookies, sealerOf(context));
  const wish = wishFor(broker.groups, transaction.api, scopes);
  const added = [...stepUpParameters(asked.stepUp), ...Object.entries(settings.parameters), ...chosen];
  const spelled = withParameters(broker.way, spell(broker.way, 'authorize', wish), added);
  const { state, nonce, codeVerifier } = transaction;
  const result = await authorizationUrl(await broker.provider.tokenEndpoint(metadata), {
    redirectUri: redirectUri(broker),
    scope: spelled.scope ?? scopes.join(' '),
    parameters: spelled.parameters,
    state,
    nonce,
    codeVerifier,
  });
  if (result.kind !== 'url') {
    const code = result.kind === 'refused' ? 'provider_rejected' : 'provider_unavailable';
    return loginFailed(context, { code, reason: result.reason });
  }
  log('info', 'login_started', { api: asked.api, mode: asked.mode });
  return redirect(result.url, cookies);
}

/** A provider that publishes what it knows is not asked for anything else; most publish nothing. */
function unpublishedPrompt(
  { prompt_values_supported: published }: ServerMetadata,
  { parameters }: Wanted,
): Refusal | undefined {
  const [, prompt] = parameters.find(([name]) => name === 'prompt') ?? [];
  if (prompt === undefined || !Array.isArray(published)) return undefined;
  const isPublished = prompt.split(' ').every((one) => published.some((value) => value === one));
  return isPublished ? undefined : refuse('parameter_invalid', 'The provider does not know this prompt.');
}

/** A further login extends the session that is there; without one, or without a table, it is a login like any other. */
function requestOf({ broker }: AuthContext, wanted: Wanted, seen: SessionKeys | undefined): LoginRequest {
  const { stepUp } = wanted;
  const further = stepUp?.api ?? wanted.api;
  const extendsSession = further !== undefined && seen !== undefined && broker.hasTable;
  const api = extendsSession ? further : broker.configuration.login.api;
  const isSilent = wanted.parameters.some(([name, value]) => name === 'prompt' && value === 'none');
  return {
    returnUrl: wanted.returnUrl,
    mode: extendsSession ? 'extend' : 'new',
    fingerprint: loginFingerprint(broker),
    ...(api === undefined ? {} : { api }),
    ...(extendsSession && isSilent ? { silent: true } : {}),
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(seen === undefined ? {} : { seenSession: seen }),
  };
}

export async function login(context: AuthContext): Promise<HttpResponse> {
  const { request, broker, now } = context;
  const ref = request.requestId;
  const navigation = checkNavigation(request);
  if (navigation.kind === 'refused') return problem(navigation.code, { ref });
  const wanted = readQuery(context);
  if (isRefusal(wanted)) return problem(wanted.code, { ref, detail: wanted.detail });
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') {
    const code = found.kind === 'invalid' ? 'provider_invalid' : 'provider_unavailable';
    return loginFailed(context, { code, reason: found.reason });
  }
  const unpublished = unpublishedPrompt(found.metadata, wanted);
  if (unpublished !== undefined) return problem(unpublished.code, { ref, detail: unpublished.detail });
  const asked = requestOf(context, wanted, await seenSession(context));
  return sendToProvider(context, found.metadata, asked, wanted.parameters);
}
