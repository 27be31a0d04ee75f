/** Answers of every endpoint, over what goes well and wrong: none holds a token, a code, a verifier, the client's secret or what a cookie seals. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { listen, shut } from '../../../infra/local/loopback.ts';
import type { Answer, Fault } from '../../../infra/local/provider/provider.ts';
import { deliver, logoutToken } from '../revocation/logout-tokens.ts';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { cookieSecrets, readableIn, textOf } from './concealed.ts';
import { newKey, ringText } from './keys.ts';
import { linkOf } from './leaving.ts';
import type { Exchange } from './own-answers.ts';
import { logIn, loggedIn } from './person.ts';
import { ask, cookiesFor, header } from './raw.ts';
import { running, usual } from './running.ts';
import { errorResponse, otherAccessToken, otherIdToken } from './tampering.ts';
import { watchAnswers } from './wire.ts';

const clock = startClock();

/** Looks different in HTML, JSON and URLs. */
const clientSecret = 'CLIENT/SECRET+"&<MARKER>=0123456789';
const cookieKey = newKey('marker');
const cookieKeys = ringText(cookieKey);

const challenge = 'Bearer error="insufficient_user_authentication", max_age="5", acr_values="urn:example:strong"';

/** An API that says nothing of what it was sent: the status that its path names. */
const api = createServer((request, response) => {
  request.resume();
  const [, status = '200', what] = (request.url ?? '').split(/[/?]/);
  if (status === 'gone') return request.socket.destroy();
  response.writeHead(Number(status), what === 'more' ? { 'www-authenticate': challenge } : {});
  return response.end('{"answer":42}');
});
const upstream = await listen(api);
after(async () => shut(api));

const configuration = {
  ...usual,
  apis: {
    orders: { ...usual.apis.orders, upstream, stream: ['/200/streamed', '/500/streamed', '/gone/streamed'] },
    profile: { ...usual.apis.profile, upstream },
  },
};

const tokensIn = ({ json = {} }: Answer): readonly string[] =>
  ['access_token', 'refresh_token', 'id_token'].flatMap((member) => {
    const token = json[member];
    return typeof token === 'string' ? [token] : [];
  });

/** What of a login or a token request nobody but the provider is to read. */
const asked = ['code', 'code_verifier', 'code_challenge', 'state', 'nonce', 'refresh_token', 'token', 'client_secret'];

/** What has to be among the answers: method and path → status, and the code where the broker has made it. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'GET /bff/login': [
    '302',
    '400 parameter_invalid',
    '400 request_malformed',
    '400 return_url_invalid',
    '403 navigation_required',
    '503 prefetch_refused',
  ],
  'GET /bff/callback': [
    '302',
    '400 login_state_mismatch',
    '403 login_refused',
    '502 audience_substituted',
    '502 id_token_as_access_token',
    '502 id_token_invalid',
    '502 opaque_access_token',
    '502 provider_invalid',
    '502 provider_rejected',
    '503 provider_unavailable',
  ],
  'GET /bff/diagnostics': ['200'],
  'GET /bff/user': ['200', '401'],
  'POST /bff/user': ['405 method_not_allowed'],
  'POST /bff/refresh': ['200', '403 csrf_rejected', '503 refresh_failed_transient'],
  'GET /bff/logout': ['200', '302', '400 logout_sid_mismatch'],
  'GET /bff/logout/callback': ['302'],
  'POST /bff/logout': ['200', '403 csrf_rejected'],
  'POST /bff/backchannel': ['200', '400 logout_token_invalid'],
  'GET /bff/nothing': ['404 not_found'],
  'GET /api/orders': [
    '200',
    '401',
    '403',
    '500',
    '400 cookies_ambiguous',
    '401 login_required',
    '401 session_over',
    '401 step_up_required',
    '403 csrf_rejected',
    '501 websocket_unsupported',
    '502 upstream_unreachable',
    '503 refresh_failed_transient',
  ],
  'GET /api/orders (streamed)': ['200', '500', '401 login_required', '502 upstream_unreachable'],
  'GET /api/x': ['400 path_invalid'],
  'OPTIONS /api/orders': ['204'],
  'POST /api/orders': ['413 body_too_large'],
};

const isCallback = ({ pathname }: URL): boolean => pathname === '/bff/callback';

describe('of all answers', () => {
  const broker = running({
    parameters: { 'client-secret': clientSecret, 'cookie-keys': cookieKeys },
    provider: { accessTokenLifetimeSeconds: 300 },
    configuration: { value: configuration },
  });
  const answers: Exchange[] = [];
  const secrets = new Set<string>([clientSecret, (cookieKey as { key: string }).key]);
  let stopWatching: (() => void) | undefined;

  const add = (values: readonly string[]): void => {
    for (const value of values) secrets.add(value);
  };

  /** Whatever the provider issues, also in an answer that another fault then changes. */
  function issue(fault?: Fault): void {
    broker.provider.faults.token = async (answer, request) => {
      add(tokensIn(answer));
      const changed = (await fault?.(answer, request)) ?? answer;
      add(tokensIn(changed));
      return changed;
    };
  }

  const noteJar = (browser: Browser): void => {
    const jar = browser.jar.filter(({ host }) => host === 'localhost');
    add(cookieSecrets({ jar }, cookieKeys));
  };

  async function failedLogin(fault: Fault | undefined, authorization?: Fault): Promise<void> {
    const browser = createBrowser();
    issue(fault);
    broker.provider.faults.authorization = authorization;
    await browser.navigate(`${broker.origin}/bff/login`, { stopAt: () => true });
    noteJar(browser);
    await logIn(browser, broker.origin);
    noteJar(browser);
    await browser.navigate(`${broker.origin}/bff/diagnostics`);
    await browser.fetch(`${broker.origin}/bff/diagnostics`);
    broker.provider.faults.authorization = undefined;
    issue();
  }

  async function nobody(): Promise<void> {
    const browser = createBrowser();
    const { origin } = broker;
    for (const path of ['/api/orders/200', '/api/orders/200/streamed', '/bff/user', '/bff/diagnostics', '/bff/nothing'])
      for (const how of ['fetch', 'navigate'] as const) await browser[how](origin + path);
    for (const query of ['?returnUrl=https%3A%2F%2Fevil.example', '?prompt=a&prompt=b', '?x=%ff'])
      await browser.navigate(`${origin}/bff/login${query}`);
    await ask(origin, '/bff/login', { headers: { 'sec-purpose': 'prefetch' } });
    await ask(origin, '/bff/login', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } });
    await ask(origin, '/api/orders/200', { method: 'OPTIONS', headers: { origin } });
    await deliver(broker, 'eyJhbGciOiJub25lIn0.e30.');
    await ask(origin, '/bff/backchannel');
    await browser.navigate(`${origin}/bff/logout`);
    await browser.navigate(`${origin}/bff/logout/callback`);
    await ask(origin, '/bff/logout?sid=0123456789', { headers: { 'sec-fetch-site': 'cross-site' } });
  }

  async function failedLogins(): Promise<void> {
    const { provider } = broker;
    // A provider that says more than it should.
    await failedLogin(async (answer, { parameters }) => {
      const said = JSON.stringify([tokensIn(answer), parameters, clientSecret]);
      const json = { error: 'invalid_grant', error_description: said, error_uri: said };
      return { status: 400, headers: { 'content-type': 'application/json' }, json };
    });
    await failedLogin((answer) => ({ status: 200, headers: {}, body: `half of ${tokensIn(answer).join()}` }));
    await failedLogin(() => ({ status: 500, headers: {}, body: clientSecret }));
    await failedLogin(otherIdToken(provider, { signer: 'foreign' }));
    await failedLogin(otherAccessToken(provider, { claims: { aud: 'https://elsewhere.example.com' } }));
    await failedLogin((answer) => ({
      ...answer,
      json: { ...answer.json, access_token: 'opaque-opaque-opaque-opaque' },
    }));
    await failedLogin((answer) => ({ ...answer, json: { ...answer.json, access_token: answer.json?.['id_token'] } }));
    await failedLogin(undefined, errorResponse('access_denied', clientSecret));
  }

  async function calls(alice: Browser): Promise<void> {
    const { origin } = broker;
    for (const path of ['200', '204', '302', '401', '403', '404', '500', 'gone', '401/more'])
      for (const name of ['orders', 'profile']) await alice.fetch(`${origin}/api/${name}/${path}`);
    for (const path of ['200', '500', 'gone']) await alice.fetch(`${origin}/api/orders/${path}/streamed`);
    const cookie = header(cookiesFor(alice, '/api/orders'));
    const csrf = { 'x-csrf': '1' };
    for (const headers of [{}, { accept: 'text/html', 'sec-fetch-mode': 'navigate' }]) {
      await ask(origin, '/api/orders/200', { cookie, headers });
      await ask(origin, '/api/orders/%2e%2e/x', { cookie, headers: { ...csrf, ...headers } });
      await ask(origin, '/api/orders/200', {
        cookie: `${cookie}; __Host-Http-bff=x`,
        headers: { ...csrf, ...headers },
      });
      await ask(origin, '/api/orders/200', { cookie, headers: { ...csrf, ...headers, upgrade: 'websocket' } });
      await ask(origin, '/bff/user', { cookie, headers, method: 'POST' });
      await ask(origin, '/bff/refresh', { cookie, headers, method: 'POST' });
      await ask(origin, '/bff/logout', { cookie, headers, method: 'POST' });
    }
    await ask(origin, '/api/orders/200', { cookie, headers: csrf, method: 'POST', body: Buffer.alloc(4_600_000) });
  }

  /** The same answer of the provider twice, while the cookie of the login is still there. */
  async function usedAgain(): Promise<void> {
    const browser = createBrowser();
    const { headers } = await logIn(browser, broker.origin, { stopAt: isCallback });
    noteJar(browser);
    for (const one of [browser.copy(), browser]) {
      const page = await one.navigate(headers.get('location') ?? '');
      assert.equal(page.status, one === browser ? 400 : 200);
    }
  }

  async function session(): Promise<void> {
    const { origin } = broker;
    const alice = createBrowser();
    const page = await logIn(alice, origin);
    assert.equal(page.status, 200);
    noteJar(alice);
    const callback = page.steps.find(({ url }) => isCallback(url));
    assert.ok(callback);
    await alice.navigate(callback.url);
    await alice.fetch(callback.url);
    for (const path of ['/bff/user', '/bff/user?slide=false', '/bff/diagnostics']) await alice.fetch(origin + path);
    await alice.navigate(`${origin}/bff/diagnostics`);
    await calls(alice);
    await alice.fetch(`${origin}/bff/refresh`, { method: 'POST' });
    clock.advance(301);
    await alice.fetch(`${origin}/bff/refresh`, { method: 'POST' });
    noteJar(alice);
    clock.advance(301);
    await calls(alice);
    noteJar(alice);

    issue(() => ({ status: 503, headers: {}, body: clientSecret }));
    clock.advance(301);
    await alice.fetch(`${origin}/api/orders/200`);
    await alice.fetch(`${origin}/bff/refresh`, { method: 'POST' });
    issue();
    await alice.fetch(`${origin}/api/orders/200`);
    await alice.navigate(`${origin}/bff/logout?sid=another`, { from: 'http://localhost:1/' });
    const link = await linkOf(alice, origin);
    const left = await alice.navigate(origin + link, { from: `${origin}/` });
    assert.equal(left.url.origin, origin);
  }

  async function endings(): Promise<void> {
    const { origin } = broker;
    const bob = await loggedIn(origin, 'bob');
    noteJar(bob);
    await bob.fetch(`${origin}/bff/logout`, { method: 'POST' });
    const carol = await loggedIn(origin);
    noteJar(carol);
    issue(() => ({ status: 400, headers: {}, json: { error: 'invalid_grant', error_description: clientSecret } }));
    clock.advance(301);
    await carol.fetch(`${origin}/api/orders/200`);
    await carol.fetch(`${origin}/bff/user`);
    issue();
    const dave = await loggedIn(origin);
    noteJar(dave);
    const token = await logoutToken(broker);
    secrets.add(token);
    assert.equal((await deliver(broker, token)).status, 200);
    assert.equal((await deliver(broker, token)).status, 400);
    await dave.fetch(`${origin}/bff/refresh`, { method: 'POST' });
  }

  before(async () => {
    stopWatching = watchAnswers((exchange) => {
      if (exchange.url.origin === broker.origin && exchange.url.pathname !== '/') answers.push(exchange);
    });
    issue();
    await nobody();
    await failedLogins();
    await usedAgain();
    await session();
    await endings();
    for (const { endpoint, parameters } of broker.provider.requests)
      if (endpoint !== 'logout') for (const name of asked) add([parameters[name] ?? []].flat());
  });
  after(() => stopWatching?.());

  it('none holds a secret, whatever encoding it is in', () => {
    assert.ok(secrets.size > 100, `only ${secrets.size} secrets occurred`);
    for (const exchange of answers) {
      const { url, method, answer } = exchange;
      const where = `${method} ${url.pathname} answered ${answer.status} ${answer.headers.get('bff-error') ?? ''}`;
      assert.deepEqual(readableIn(textOf(exchange), secrets), [], where);
    }
  });

  const seen = (): readonly string[] =>
    answers.map(({ url, method, answer }) => {
      const where = url.pathname.replace(/^(\/api\/\w+).*?(\/streamed)?$/, (_, path: string, streamed?: string) =>
        streamed === undefined ? path : `${path} (streamed)`,
      );
      return `${method} ${where} ${answer.status} ${answer.headers.get('bff-error') ?? ''}`.trim();
    });

  for (const [what, outcomes] of Object.entries(expected)) {
    it(`there are ${what} with ${outcomes.join(', ')}`, () => {
      const missing = outcomes.filter((outcome) => !seen().includes(`${what} ${outcome}`));
      assert.deepEqual(missing, []);
    });
  }
});
