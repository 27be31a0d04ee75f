/** Where Auth0 answers otherwise than oidc-provider: the login page, both logouts, userinfo, discovery, the token's scope. */
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { Context, Middleware, Provider } from 'oidc-provider';
import { accountOf, authenticated } from './accounts.ts';
import { opaqueUserinfoPath } from './auth0.ts';
import type { SigningKeys } from './keys.ts';
import { errorPage, loginPage } from './pages.ts';
import type { Tenant } from './provider.ts';
import type { RecordedRequest } from './requests.ts';

/** What the routes need to know of the provider they stand in front of. */
export interface Routes {
  readonly origin: string;
  readonly issuer: string;
  readonly keys: SigningKeys;
  readonly tenant: Tenant;
  readonly requestOf: (context: Context) => RecordedRequest | undefined;
}

const parameter = (request: RecordedRequest | undefined, name: string): string => {
  const value = request?.parameters[name];
  return typeof value === 'string' ? value : '';
};

function refuse(context: Context, status: number, error: string, description: string): void {
  context.status = status;
  context.type = 'html';
  context.body = errorPage(error, description);
}

// --- login ---

async function login(provider: Provider, context: Context, request: RecordedRequest | undefined): Promise<void> {
  const state = parameter(request, 'state');
  const interaction = await provider.Interaction.find(state);
  if (interaction === undefined) {
    refuse(context, 400, 'invalid_request', 'This login has expired. Go back to the application and start again.');
    return;
  }
  const finish = async (result: object) => {
    interaction.result = { ...interaction.lastSubmission, ...result };
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
    context.redirect(interaction.returnTo);
  };
  // First-party applications need no consent, even where they ask for it.
  if (interaction.prompt.name === 'consent') return finish({ consent: {} });

  const username = parameter(request, 'username');
  const account = authenticated(username, parameter(request, 'password'));
  if (context.method === 'POST' && account !== undefined) {
    return finish({ login: { accountId: account.claims.sub, amr: ['pwd'] } });
  }
  const wrong = context.method === 'POST';
  const hint = interaction.params['login_hint'];
  context.status = wrong ? 400 : 200;
  context.type = 'html';
  context.set('cache-control', 'no-store');
  context.body = loginPage({
    application: String(interaction.params['client_id']),
    action: `/u/login?state=${encodeURIComponent(state)}`,
    username: wrong || typeof hint !== 'string' ? username : hint,
    wrong,
  });
}

// --- logout ---

/** `/v2/logout`, which knows neither a state nor an ID token, and tells no other application. */
async function logoutV2(provider: Provider, context: Context, request: RecordedRequest | undefined): Promise<void> {
  const returnTo = parameter(request, 'returnTo');
  const client = await provider.Client.find(parameter(request, 'client_id'));
  if (!client?.postLogoutRedirectUris?.includes(returnTo)) {
    refuse(context, 400, 'invalid_request', 'The returnTo parameter is not among the allowed logout URLs.');
    return;
  }
  const session = await provider.Session.get(context);
  await session.destroy();
  context.cookies.set('_session', null);
  context.redirect(returnTo);
}

function cookiesAfter(context: Context): string {
  const jar = new Map<string, string>();
  const set = [context.response.headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';', 1)[0]);
  for (const pair of [...context.get('cookie').split('; '), ...set]) {
    const [name = '', ...value] = String(pair).split('=');
    jar.set(name, value.join('='));
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** oidc-provider asks for a click, or a script, before it logs anybody out. Auth0 does not: the form is posted here. */
async function confirmLogout(context: Context, origin: string): Promise<void> {
  const { body } = context;
  if (typeof body !== 'string' || !body.includes(`action="${origin}/oidc/logout/confirm"`)) return;
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(body)?.[1] ?? '';
  const answer = await fetch(`${origin}/oidc/logout/confirm`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookiesAfter(context) },
    body: new URLSearchParams({ xsrf, logout: 'yes' }),
  });
  context.body = await answer.text();
  context.status = answer.status;
  context.set('set-cookie', answer.headers.getSetCookie());
  context.set('location', answer.headers.get('location') ?? '');
}

// --- userinfo ---

/** A JWT for an API opens userinfo too, if it was granted `openid`; oidc-provider's own endpoint takes opaque ones only. */
async function userinfo(context: Context, { keys, issuer }: Routes): Promise<boolean> {
  const token = context.get('authorization').replace(/^Bearer /i, '');
  if (token.split('.').length !== 3) return false;
  try {
    const keySet = createLocalJWKSet({ keys: keys.published() });
    const { payload } = await jwtVerify(token, keySet, { issuer, audience: `${issuer}userinfo` });
    context.body = accountOf(String(payload.sub))?.claims;
  } catch {
    context.status = 401;
    context.set('www-authenticate', 'Bearer error="invalid_token"');
    context.body = { error: 'invalid_token' };
  }
  return true;
}

// --- what is said otherwise ---

/** Auth0 reports the scopes of OpenID Connect beside the API's; oidc-provider the API's alone. */
function reportScope(context: Context): void {
  const { body } = context;
  if (typeof body !== 'object' || body === null || !('access_token' in body)) return;
  const token = String(body.access_token);
  if (token.split('.').length !== 3) return;
  context.body = { ...body, scope: decodeJwt(token)['scope'] };
}

function describe(context: Context, { issuer, tenant }: Routes): void {
  const { end_session_endpoint: endSession, ...metadata } = context.body as Record<string, unknown>;
  context.body = {
    ...metadata,
    userinfo_endpoint: `${issuer}userinfo`,
    ...(tenant.hideEndSession ? {} : { end_session_endpoint: endSession }),
  };
}

/** @returns the middleware that runs before oidc-provider's own routes */
export function auth0Routes(provider: Provider, routes: Routes): Middleware {
  return async (context, next) => {
    const request = routes.requestOf(context);
    if (context.path === '/u/login') return login(provider, context, request);
    if (context.path === '/v2/logout') return logoutV2(provider, context, request);
    if (context.path === '/userinfo') {
      if (await userinfo(context, routes)) return;
      context.path = opaqueUserinfoPath;
    }
    await next();
    if (request?.endpoint === 'token') reportScope(context);
    if (request?.endpoint === 'discovery') describe(context, routes);
    await confirmLogout(context, routes.origin);
  };
}
