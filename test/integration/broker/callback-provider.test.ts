/** The callback while the provider's endpoints fail: the right code, no session, and the next login works. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProblemCode } from '../../../functions/contract/wire.ts';
import type { Answer, Fault } from '../../../infra/local/provider/provider.ts';
import { createBrowser } from './browser.ts';
import { assertLoggedIn, assertRefused, transactions } from './outcome.ts';
import { loggedIn, logIn } from './person.ts';
import { running } from './running.ts';
import { askForLogin } from './starting.ts';

const broker = running();

const json = { 'content-type': 'application/json' };
const answered = (status: number, body: string, headers: Answer['headers'] = json): Fault => {
  const answer = { status, headers, body };
  return () => answer;
};

const [away, invalid, rejected] = ['provider_unavailable', 'provider_invalid', 'provider_rejected'] as const;

const failures: Readonly<Record<string, [Fault, ProblemCode]>> = {
  '500': [answered(500, ''), away],
  '503 with a page': [answered(503, '<h1>maintenance</h1>', { 'content-type': 'text/html' }), away],
  '429': [answered(429, '{"error":"too_many_requests"}'), away],
  '408': [answered(408, ''), away],
  'a redirect': [answered(302, '', { location: 'https://evil.example/token' }), away],
  'a redirect that keeps the method': [answered(307, '', { location: 'https://evil.example/token' }), away],
  'a reset connection': [() => ({ status: 200, headers: {}, reset: true }), away],
  'no answer in time': [(answer) => ({ ...answer, delayMs: 30_000 }), away],
  '30 MB': [(answer) => ({ ...answer, json: { ...answer.json, padding: 'x'.repeat(30_000_000) } }), away],
  'a page': [answered(200, '<html>Sign in</html>', { 'content-type': 'text/html' }), invalid],
  'broken JSON': [answered(200, '{"access_token":"x",'), invalid],
  'a list': [answered(200, '[{"access_token":"x"}]'), invalid],
  null: [answered(200, 'null'), invalid],
  'a number': [answered(200, '1'), invalid],
  nothing: [answered(200, ''), invalid],
  'lists 200,000 deep': [answered(200, '['.repeat(200_000) + ']'.repeat(200_000)), invalid],
  'an empty object': [answered(200, '{}'), 'id_token_invalid'],
  'no ID token': [(answer) => ({ ...answer, json: { ...answer.json, id_token: undefined } }), 'id_token_invalid'],
  'an ID token that is no text': [
    (answer) => ({ ...answer, json: { ...answer.json, id_token: { sub: 'alice' } } }),
    'id_token_invalid',
  ],
  'an ID token of 100 KB': [
    (answer) => ({ ...answer, json: { ...answer.json, id_token: `e30.${'x'.repeat(100_000)}.x` } }),
    'id_token_invalid',
  ],
  invalid_grant: [answered(400, '{"error":"invalid_grant"}'), rejected],
  invalid_client: [answered(401, '{"error":"invalid_client"}'), rejected],
  'a challenge in a header alone': [
    answered(401, '', { 'www-authenticate': 'Basic realm="x", error="invalid_client"' }),
    rejected,
  ],
  'an error that is a script': [answered(400, '{"error":"<script>alert(1)</script>"}'), rejected],
  '403 with a page': [answered(403, '<h1>blocked</h1>', { 'content-type': 'text/html' }), rejected],
};

describe('the token endpoint answers with', () => {
  for (const [what, [fault, code]] of Object.entries(failures)) {
    test(`${what}: ${code}, no session, and the next login works`, async () => {
      broker.provider.faults.token = fault;
      const browser = createBrowser();
      const page = await logIn(browser, broker.origin);
      await assertRefused(broker, browser, page, { code });
      assert.equal(page.headers.has('retry-after'), page.status === 503);
      assert.doesNotMatch(page.text, /<script|maintenance|blocked/);
      delete broker.provider.faults.token;
      await logIn(browser, broker.origin);
      await assertLoggedIn(broker, browser);
    });
  }

  test('an ID token that is fine but whose keys cannot be fetched: provider_unavailable', async () => {
    await broker.forgetInstances();
    broker.provider.faults.jwks = answered(500, '');
    const browser = createBrowser();
    await assertRefused(broker, browser, await logIn(browser, broker.origin), { code: away });
    delete broker.provider.faults.jwks;
    await assertLoggedIn(broker, await loggedIn(broker.origin));
  });
});

const metadata =
  (changed: Readonly<Record<string, unknown>>): Fault =>
  (answer) => ({ ...answer, json: { ...answer.json, ...changed } });

const discoveries: Readonly<Record<string, [() => Fault, ProblemCode]>> = {
  'names another issuer': [() => metadata({ issuer: `${broker.provider.issuer}INVALID` }), invalid],
  'names the issuer without its slash': [() => metadata({ issuer: broker.provider.origin }), invalid],
  'names no issuer': [() => metadata({ issuer: undefined }), invalid],
  'has a script for an authorization endpoint': [
    () => metadata({ authorization_endpoint: 'javascript:alert(1)' }),
    invalid,
  ],
  'sends people elsewhere without TLS': [
    () => metadata({ authorization_endpoint: 'http://evil.example/authorize' }),
    invalid,
  ],
  'has no address for an endpoint': [() => metadata({ authorization_endpoint: 7 }), invalid],
  'has no authorization endpoint': [() => metadata({ authorization_endpoint: undefined }), invalid],
  'has no token endpoint': [() => metadata({ token_endpoint: undefined }), invalid],
  'has a token endpoint without TLS': [() => metadata({ token_endpoint: 'http://evil.example/token' }), invalid],
  'has no keys': [() => metadata({ jwks_uri: undefined }), invalid],
  'is a page': [() => answered(200, '<html>', { 'content-type': 'text/html' }), invalid],
  'is broken': [() => answered(200, '{"issuer":'), invalid],
  'is a list': [() => answered(200, '[]'), invalid],
  'is not there': [() => answered(404, ''), invalid],
  'leads elsewhere': [() => answered(302, '', { location: 'https://evil.example/' }), invalid],
  'fails with 500': [() => answered(500, ''), away],
  'is lost with the connection': [() => () => ({ status: 200, headers: {}, reset: true }), away],
  'is endless': [() => metadata({ padding: 'x'.repeat(2_000_000) }), away],
};

describe('the discovery document', () => {
  for (const [what, [fault, code]] of Object.entries(discoveries)) {
    test(`${what}: ${code}, and nobody is sent anywhere`, async () => {
      await broker.forgetInstances();
      broker.provider.faults.discovery = fault();
      const browser = createBrowser();
      const page = await askForLogin(broker, browser);
      assert.deepEqual([page.headers.get('bff-error'), page.headers.get('location')], [code, null]);
      assert.equal(page.headers.has('retry-after'), page.status === 503);
      assert.deepEqual(transactions(browser), []);
    });
  }

  test('may fail later: an instance that knows it goes on', async () => {
    await broker.forgetInstances();
    await loggedIn(broker.origin);
    broker.provider.faults.discovery = answered(500, '');
    await assertLoggedIn(broker, await loggedIn(broker.origin));
  });

  test('is asked for once in five seconds while it fails, however many want to log in', async () => {
    await broker.forgetInstances();
    broker.provider.faults.discovery = answered(500, '');
    const before = broker.provider.requestsTo('discovery').length;
    for (let count = 0; count < 20; count += 1) await askForLogin(broker, createBrowser());
    assert.ok(broker.provider.requestsTo('discovery').length - before <= 2);
  });
});
