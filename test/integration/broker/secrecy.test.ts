/** Logs of the whole stack, over all that goes well and wrong: every line an event, the events that operators need, no secret. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Answer } from '../../../infra/local/provider/provider.ts';
import type { Stack } from '../../../infra/local/stack.ts';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { newKey, ringText } from './keys.ts';
import { leave } from './leaving.ts';
import { assertEvents, gatherSecrets, leaks } from './logs.ts';
import { logIn, loggedIn } from './person.ts';
import { ask, cookiesFor, header } from './raw.ts';
import { running, usual } from './running.ts';
import { otherAccessToken, otherIdToken } from './tampering.ts';

const clock = startClock();

const clientSecret = 'CLIENT-SECRET-MARKER-0123456789';
const cookieKey = newKey('marker');

const tokensIn = ({ json = {} }: Answer): readonly string[] =>
  ['access_token', 'refresh_token', 'id_token'].flatMap((member) => {
    const token = json[member];
    return typeof token === 'string' ? [token] : [];
  });

describe('after everything that can happen', () => {
  const broker = running({
    parameters: { 'client-secret': clientSecret, 'cookie-keys': ringText(cookieKey) },
    provider: { accessTokenLifetimeSeconds: 300 },
    configuration: {
      value: { ...usual, provider: { ...usual.provider, logout: { dialect: 'end_session', hint: 'id_token' } } },
    },
  });
  const secrets = gatherSecrets();
  let stack: Stack;

  /** Takes down every token that the provider issues, also in answers that another fault has changed. */
  function noteTokens(): void {
    const fault = broker.provider.faults.token;
    broker.provider.faults.token = async (answer, request) => {
      secrets.add(...tokensIn(answer));
      const changed = (await fault?.(answer, request)) ?? answer;
      secrets.add(...tokensIn(changed));
      return changed;
    };
  }

  const failLogin = async (prepare: () => void): Promise<void> => {
    prepare();
    noteTokens();
    const page = await logIn(createBrowser(), broker.origin);
    assert.notEqual(page.status, 200);
    broker.provider.faults.token = undefined;
    broker.provider.faults.authorization = undefined;
    noteTokens();
  };

  const noteJar = ({ jar }: Browser): void => secrets.add(...jar.map(({ value }) => value));

  before(async () => {
    const { origin, provider } = broker;
    ({ stack } = broker);
    secrets.add(clientSecret, (cookieKey as { key: string }).key);
    noteTokens();

    const alice = await loggedIn(origin);
    noteJar(alice);
    for (const path of ['/api/orders', '/api/profile', '/bff/user']) await alice.fetch(origin + path);

    clock.advance(301);
    await alice.fetch(`${origin}/api/orders`);
    await alice.fetch(`${origin}/bff/refresh`, { method: 'POST' });
    noteJar(alice);

    await failLogin(
      () => (provider.faults.token = () => ({ status: 500, headers: {}, body: 'MARKER-OF-THE-PROVIDER' })),
    );
    await failLogin(
      () =>
        (provider.faults.token = () => ({
          status: 200,
          headers: {},
          body: '{"access_token":"MARKER-OF-HALF-AN-ANSWER',
        })),
    );
    await failLogin(
      () =>
        (provider.faults.token = () => ({
          status: 400,
          headers: { 'content-type': 'application/json' },
          json: { error: 'invalid_grant', error_description: 'MARKER-OF-A-DESCRIPTION' },
        })),
    );
    await failLogin(() => (provider.faults.token = otherIdToken(provider, { signer: 'foreign' })));
    await failLogin(() => (provider.faults.token = otherIdToken(provider, { claims: { nonce: 'MARKER-OF-A-NONCE' } })));
    await failLogin(
      () => (provider.faults.token = otherAccessToken(provider, { claims: { aud: 'https://MARKER-OF-AN-AUDIENCE' } })),
    );
    await failLogin(
      () =>
        (provider.faults.authorization = (answer) => {
          const url = new URL(answer.headers['location'] ?? '');
          url.searchParams.delete('code');
          url.searchParams.set('error', 'access_denied');
          url.searchParams.set('error_description', 'MARKER-OF-A-REFUSAL\r\n{"level":"error"}');
          return { ...answer, headers: { ...answer.headers, location: url.href } };
        }),
    );
    secrets.add(
      'MARKER-OF-THE-PROVIDER',
      'MARKER-OF-HALF-AN-ANSWER',
      'MARKER-OF-A-DESCRIPTION',
      'MARKER-OF-A-NONCE',
      'MARKER-OF-AN-AUDIENCE',
      'MARKER-OF-A-REFUSAL',
    );

    const cookie = header(cookiesFor(alice, '/api/orders'));
    const forged = {
      'user-agent': 'MARKER-OF-AN-AGENT\t{"event":"forged"}',
      authorization: 'Bearer MARKER-OF-A-CLIENT',
    };
    await ask(origin, '/api/orders', { cookie, headers: forged });
    await ask(origin, '/api/orders/%1b%5b31m/..%2f', { cookie, headers: { 'x-csrf': '1', ...forged } });
    await ask(origin, '/api/orders/MARKER-OF-A-PATH?q=MARKER-OF-A-QUERY', { headers: { 'x-csrf': '1' } });
    await ask(origin, '/bff/callback?code=MARKER-OF-A-CODE&state=MARKER-OF-A-STATE&iss=x');
    await ask(origin, '/bff/logout?sid=MARKER-OF-A-SID', { cookie: header(cookiesFor(alice, '/bff/logout')) });
    await ask(origin, '/bff/user', {
      cookie: `${cookie}; __Host-Http-bff=MARKER-OF-A-COOKIE`,
      headers: { 'x-csrf': '1' },
    });
    await ask(origin, '/bff/backchannel', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'logout_token=MARKER-OF-A-LOGOUT-TOKEN',
    });
    await stack.lambda.invoke('token-broker-local-api', { version: '2.0', rawPath: 'MARKER-OF-AN-EVENT' });
    secrets.add(
      'MARKER-OF-AN-AGENT',
      'MARKER-OF-A-CLIENT',
      'MARKER-OF-A-PATH',
      'MARKER-OF-A-QUERY',
      'MARKER-OF-A-CODE',
      'MARKER-OF-A-STATE',
      'MARKER-OF-A-SID',
      'MARKER-OF-A-COOKIE',
      'MARKER-OF-A-LOGOUT-TOKEN',
      'MARKER-OF-AN-EVENT',
    );

    provider.faults.revoke = () => ({ status: 503, headers: {}, body: '' });
    secrets.add((await leave(alice, broker)).searchParams.get('id_token_hint'));

    const bob = await loggedIn(origin, 'bob');
    noteJar(bob);
    provider.faults.token = () => ({
      status: 400,
      headers: { 'content-type': 'application/json' },
      json: { error: 'invalid_grant' },
    });
    clock.advance(301);
    await bob.fetch(`${origin}/api/orders`);
    provider.faults.token = undefined;

    stack.ssm.mode = 'fail';
    clock.advance(1000);
    await bob.fetch(`${origin}/bff/user`);
    await broker.forgetInstances();
    stack.ssm.mode = 'normal';
    secrets.noteRequests(stack);
  });

  it('every line is one event', () => {
    assertEvents(stack.lines);
    assert.ok(stack.lines.length > 15);
  });

  it('no secret was logged', () => {
    assert.ok(secrets.values.size > 60, `only ${secrets.values.size} secrets occurred`);
    assert.deepEqual(leaks(stack.lines, secrets.values), []);
    assert.ok(!broker.lines().some(({ event }) => event === 'forged'));
  });

  it('a secret would have been found', () => {
    const line = { functionName: 'x', pid: 1, stream: 'stdout', text: `{"reason":"${clientSecret}"}` } as const;
    assert.equal(leaks([line], secrets.values).length, 1);
  });

  for (const event of [
    'login_started',
    'login_succeeded',
    'login_failed',
    'audience_refused',
    'logout',
    'revocation_failed',
    'session_ended',
    'csrf_rejected',
    'cookie_rejected',
    'proxy_denied',
    'request_malformed',
    'configuration_stale',
  ]) {
    it(`the operator finds ${event}, with the time and the request`, () => {
      const line = broker.lines().find((one) => one.event === event);
      assert.ok(line, `${event} was not logged`);
      assert.match(line.ref, /^[\w-]{36}$/);
    });
  }

  it('lines of one person and one session can be told together, without saying who', () => {
    const login = broker.lines().find(({ event }) => event === 'login_succeeded');
    assert.match(String(login?.['subject']), /^[\w-]{12}$/);
    assert.match(String(login?.['session']), /^[\w-]{12}$/);
    assert.equal(broker.lines().find(({ event }) => event === 'logout')?.['session'], login?.['session']);
  });
});
