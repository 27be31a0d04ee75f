/** `GET /bff/login`: what the provider is asked, and what a link to it can and cannot change about that. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createBrowser } from './browser.ts';
import { assertLoggedIn, transactions } from './outcome.ts';
import { loggedIn, logIn } from './person.ts';
import { events, running, usual } from './running.ts';
import { askForLogin, parametersOf, startLogin } from './starting.ts';
import { send } from './wire.ts';

const broker = running();

const fresh = ['state', 'nonce', 'code_challenge'] as const;
const scope = 'openid profile email offline_access read:orders read:profile';

describe('the authorization request', () => {
  test('has exactly the parameters of the code flow with PKCE, and the audience', async () => {
    const { request } = await startLogin(broker, createBrowser());
    const parameters = parametersOf(request);
    assert.deepEqual(
      { ...parameters, state: [], nonce: [], code_challenge: [] },
      {
        audience: [usual.apis.orders.audience],
        client_id: ['token-broker'],
        code_challenge: [],
        code_challenge_method: ['S256'],
        nonce: [],
        redirect_uri: [`${broker.origin}/bff/callback`],
        response_type: ['code'],
        scope: [scope],
        state: [],
      },
    );
    for (const name of fresh) assert.equal(parameters[name]?.length, 1);
  });

  test('has a state, a nonce and a challenge of at least 128 bits, never the same', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      const { request } = await startLogin(broker, createBrowser());
      for (const name of fresh) {
        const value = request.searchParams.get(name) ?? '';
        assert.match(value, /^[\w-]{22,}$/, name);
        seen.add(value);
      }
    }
    assert.equal(seen.size, 20 * fresh.length);
  });

  test('is answered by a code that is redeemed once, with the verifier, the same redirect URI and client authentication', async () => {
    const before = broker.provider.requestsTo('token').length;
    const browser = createBrowser();
    const page = await logIn(browser, broker.origin);
    const asked = page.steps.find(({ url }) => url.pathname === '/authorize')?.url.searchParams;
    const [redeemed] = broker.provider.requestsTo('token').slice(before);
    const verifier = String(redeemed?.parameters['code_verifier']);
    assert.match(verifier, /^[\w-]{43,128}$/);
    assert.equal(createHash('sha256').update(verifier).digest('base64url'), asked?.get('code_challenge'));
    assert.equal(redeemed?.parameters['redirect_uri'], asked?.get('redirect_uri'));
    assert.deepEqual([redeemed?.method, redeemed?.path, redeemed?.clientAuth], ['POST', '/oauth/token', 'basic']);
    const codes = broker.provider
      .requestsTo('token')
      .slice(before)
      .filter(({ parameters }) => parameters['grant_type'] === 'authorization_code');
    assert.equal(codes.length, 1);
  });

  test('names a redirect URI that no header of the request can change', async () => {
    const url = new URL('/bff/login', broker.origin);
    for (const headers of [
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      { forwarded: 'host=evil.example;proto=https' },
      { 'x-original-host': 'evil.example', 'x-forwarded-port': '444' },
    ]) {
      const answer = await send(url, { method: 'GET', headers: { 'sec-fetch-mode': 'navigate', ...headers } });
      const { searchParams } = new URL(answer.headers.get('location') ?? '');
      assert.equal(searchParams.get('redirect_uri'), `${broker.origin}/bff/callback`);
    }
  });

  test('is a redirect that nobody keeps and that tells no referrer', async () => {
    const { page } = await startLogin(broker, createBrowser());
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  });

  test('is remembered in one cookie of ten minutes that a redirect from elsewhere brings back', async () => {
    const { page } = await startLogin(broker, createBrowser());
    assert.equal(page.setCookies.length, 1);
    const [pair = '', ...attributes] = (page.setCookies[0] ?? '').split('; ');
    assert.match(pair, /^__Host-Http-bff-login-[0-9a-z]+-[\w-]+=/);
    assert.deepEqual(attributes.map((one) => one.toLowerCase()).toSorted(), [
      'httponly',
      'max-age=600',
      'path=/',
      'samesite=lax',
      'secure',
    ]);
  });
});

describe('a link to the login', () => {
  const protocol = {
    client_id: 'evil',
    redirect_uri: 'https://evil.example/',
    response_type: 'token',
    response_mode: 'fragment',
    scope: 'admin',
    state: 'chosen',
    nonce: 'chosen',
    code_challenge: 'chosen',
    code_challenge_method: 'plain',
    audience: 'https://evil.example',
    resource: 'https://evil.example',
    request: 'e30.e30.',
    request_uri: 'https://evil.example/request',
    claims: '{"userinfo":{"secret":null}}',
    id_token_hint: 'x',
    acr_values: 'chosen',
    max_age: '0',
    screen_hint: 'signup',
    organization: 'org_evil',
  };

  test('cannot set or repeat a parameter that is not on the allow-list', async () => {
    const usualNames = Object.keys(parametersOf((await startLogin(broker, createBrowser())).request));
    const { request } = await startLogin(broker, createBrowser(), `?${new URLSearchParams(protocol).toString()}`);
    const parameters = parametersOf(request);
    assert.deepEqual(Object.keys(parameters), usualNames);
    for (const [name, values] of Object.entries(parameters)) {
      assert.equal(values.length, 1, name);
      assert.notEqual(values[0], protocol[name as keyof typeof protocol], name);
    }
  });

  test('cannot smuggle one in through the name or the value of another', async () => {
    const query = '?a%26scope=z&returnUrl=/x%26scope=admin&login_hint=a%26audience%3Devil%23&ui_locales%00=de';
    const { request } = await startLogin(broker, createBrowser(), query);
    const parameters = parametersOf(request);
    assert.deepEqual(parameters['scope'], [scope]);
    assert.deepEqual(parameters['audience'], [usual.apis.orders.audience]);
    assert.deepEqual(parameters['login_hint'], ['a&audience=evil#']);
    assert.equal(request.hash, '');
    assert.ok(!Object.keys(parameters).some((name) => name.startsWith('a') && name !== 'audience'));
  });

  test('can set one on the allow-list, in any script', async () => {
    const query = `?login_hint=${encodeURIComponent('zoë+1@example.com')}&ui_locales=de%20fr`;
    const { request } = await startLogin(broker, createBrowser(), query);
    assert.equal(request.searchParams.get('login_hint'), 'zoë+1@example.com');
    assert.equal(request.searchParams.get('ui_locales'), 'de fr');
  });

  for (const prompt of ['none', 'login', 'consent', 'select_account', 'login consent']) {
    test(`can ask for the prompt "${prompt}", whatever discovery says about prompts`, async () => {
      const { request } = await startLogin(broker, createBrowser(), `?prompt=${encodeURIComponent(prompt)}`);
      assert.deepEqual(request.searchParams.getAll('prompt'), [prompt]);
    });
  }

  const refused: Readonly<Record<string, [query: string, code: string]>> = {
    'an unknown prompt': ['?prompt=evil', 'parameter_invalid'],
    'a prompt with something behind it': ['?prompt=none%0d%0aX', 'parameter_invalid'],
    'two prompts': ['?prompt=none&prompt=login', 'parameter_invalid'],
    'two hints': ['?login_hint=a&login_hint=b', 'parameter_invalid'],
    // A REST API decodes the query itself, in its own way.
    ...(events !== 'rest' && { 'half a percent sign': ['?login_hint=%e', 'request_malformed'] }),
    'bytes that are no text': ['?login_hint=%ff%fe', 'request_malformed'],
    'a hundred and one parameters': [`?${'a=1&'.repeat(101)}`, 'request_malformed'],
  };
  for (const [what, [query, code]] of Object.entries(refused)) {
    test(`is refused without a redirect for ${what}`, async () => {
      const browser = createBrowser();
      const page = await askForLogin(broker, browser, query);
      assert.deepEqual([page.status, page.headers.get('bff-error')], [400, code]);
      assert.deepEqual(transactions(browser), []);
    });
  }
});

describe('the login starts by a top-level navigation only:', () => {
  const refused: Readonly<Record<string, [headers: Record<string, string>, status: number, code: string]>> = {
    'a frame': [{ 'sec-fetch-dest': 'iframe' }, 403, 'navigation_required'],
    'an image': [{ 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }, 403, 'navigation_required'],
    'a script': [{ 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' }, 403, 'navigation_required'],
    'a fetch': [{ 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }, 403, 'navigation_required'],
    'a prefetch': [{ 'sec-purpose': 'prefetch' }, 503, 'prefetch_refused'],
    'a prerendering': [{ 'sec-purpose': 'prefetch;prerender' }, 503, 'prefetch_refused'],
    'a prefetch of older browsers': [{ purpose: 'prefetch' }, 503, 'prefetch_refused'],
  };
  for (const [what, [headers, status, code]] of Object.entries(refused)) {
    test(`${what} gets ${status}, and the session that there is stays`, async () => {
      const browser = await loggedIn(broker.origin);
      const before = browser.jar;
      const page = await askForLogin(broker, browser, '', { headers });
      assert.deepEqual([page.status, page.headers.get('bff-error')], [status, code]);
      assert.deepEqual(browser.jar, before);
      await assertLoggedIn(broker, browser);
    });
  }

  for (const method of ['POST', 'PUT', 'HEAD']) {
    test(`${method} gets 405 and is told what is allowed`, async () => {
      const answer = await send(new URL('/bff/login', broker.origin), { method, headers: {} });
      assert.deepEqual(
        [answer.status, answer.headers.get('allow'), answer.headers.get('set-cookie')],
        [405, 'GET', null],
      );
    });
  }

  test('a client that states no request metadata may log in', async () => {
    const answer = await send(new URL('/bff/login', broker.origin), { method: 'GET', headers: {} });
    assert.equal(answer.status, 302);
  });
});
