/** What tests can do to the local provider: rewrite answers, forge tokens, rotate keys, start it again. */
import assert from 'node:assert/strict';
import { mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { refreshTokenGrant } from 'openid-client';
import { startProvider } from '../../../infra/local/provider/provider.ts';
import type { Answer, Provider, ProviderOptions } from '../../../infra/local/provider/provider.ts';
import { createApplication, offlineScope } from './application.ts';
import type { Application } from './application.ts';
import { createPerson } from './person.ts';

let provider: Provider;
let application: Application;

async function start(options: ProviderOptions = {}): Promise<void> {
  provider = await startProvider({ apis: [{ audience: 'https://orders.example.com' }], ...options });
  application = await createApplication(provider);
}

beforeEach(() => start());
afterEach(() => provider.close());

const verified = (token: string) => jwtVerify(token, createRemoteJWKSet(new URL(provider.jwksUri)));
const tokenRequest = () => fetch(`${provider.origin}/oauth/token`, { method: 'POST', body: new URLSearchParams() });

describe('an answer of the token endpoint', () => {
  test('can be rewritten with what the provider gave', async () => {
    provider.faults.token = (answer) => ({ ...answer, json: { ...answer.json, access_token: 'opaque' } });
    const { access_token: token, id_token: idToken } = await application.tokens({
      audience: 'https://orders.example.com',
    });
    assert.deepEqual([token, typeof idToken], ['opaque', 'string']);
  });

  test('can depend on the request', async () => {
    provider.faults.token = (answer, { parameters }) =>
      parameters['grant_type'] === 'refresh_token' ? { status: 503, headers: { 'retry-after': '7' } } : answer;
    const { refresh_token: token } = await application.tokens({ scope: offlineScope });
    await assert.rejects(refreshTokenGrant(application.configuration, String(token)));
    assert.equal(provider.requestsTo('token').at(-1)?.status, 503);
  });

  const replacements: [what: string, answer: Answer, status: number, type: string | null, body: string][] = [
    ['another status', { status: 500, headers: {} }, 500, null, ''],
    [
      'text that is no JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '<html>' },
      200,
      'application/json',
      '<html>',
    ],
    [
      'JSON of its own',
      { status: 400, headers: { 'content-type': 'application/problem+json' }, json: { error: 'x' } },
      400,
      'application/problem+json',
      '{"error":"x"}',
    ],
  ];
  for (const [what, answer, status, type, body] of replacements) {
    test(`can be replaced by ${what}`, async () => {
      provider.faults.token = () => answer;
      const response = await tokenRequest();
      const seen = [response.status, await response.text()];
      assert.deepEqual(seen, [status, body]);
      if (type !== null) assert.equal(response.headers.get('content-type'), type);
    });
  }

  test('can be lost: the token is spent, the connection reset', async () => {
    const { refresh_token: token } = await application.tokens({ scope: offlineScope });
    provider.faults.token = (answer) => ({ ...answer, reset: true });
    await assert.rejects(refreshTokenGrant(application.configuration, String(token)));
    delete provider.faults.token;
    await assert.rejects(refreshTokenGrant(application.configuration, String(token)), { error: 'invalid_grant' });
  });

  test('can be lost before the provider sees the request: the token is not spent', async () => {
    const { refresh_token: token } = await application.tokens({ scope: offlineScope });
    provider.faults.before = ({ endpoint }) =>
      endpoint === 'token' ? { status: 500, headers: {}, reset: true } : undefined;
    await assert.rejects(refreshTokenGrant(application.configuration, String(token)));
    delete provider.faults.before;
    assert.equal(typeof (await refreshTokenGrant(application.configuration, String(token))).access_token, 'string');
  });

  test('can be held back, at most until the provider is closed', async () => {
    provider.faults.token = (answer) => ({ ...answer, delayMs: 5 });
    const before = performance.now();
    await tokenRequest();
    assert.ok(performance.now() - before >= 4);
    provider.faults.token = (answer) => ({ ...answer, delayMs: 600_000 });
    const pending = assert.rejects(tokenRequest());
    while (provider.requestsTo('token').length < 2) await new Promise((resolve) => setImmediate(resolve));
    await provider.close();
    await pending;
  });
});

describe('another answer can be rewritten:', () => {
  test('the redirect to the application', async () => {
    provider.faults.authorization = (answer) => {
      const location = new URL(String(answer.headers['location']));
      location.searchParams.set('iss', 'https://evil.example/');
      return { ...answer, headers: { ...answer.headers, location: location.href } };
    };
    const { url } = await createPerson(provider.origin).logIn((await application.begin()).url);
    assert.equal(url.searchParams.get('iss'), 'https://evil.example/');
    assert.ok(url.searchParams.has('code'));
  });

  test('the redirect becomes an error', async () => {
    const { url } = await application.begin();
    provider.faults.authorization = (answer) => ({
      ...answer,
      headers: { location: 'http://localhost:3000/bff/callback?error=temporarily_unavailable' },
    });
    const landing = await createPerson(provider.origin).logIn(url);
    assert.equal(landing.url.searchParams.get('error'), 'temporarily_unavailable');
  });

  test('the way to the login page is no redirect to the application', async () => {
    provider.faults.authorization = () => ({ status: 500, headers: {} });
    const { html } = await createPerson(provider.origin).open((await application.begin()).url);
    assert.match(html, /name="password"/);
  });

  test('discovery', async () => {
    provider.faults.discovery = (answer) => ({ ...answer, json: { ...answer.json, issuer: 'https://evil.example/' } });
    await assert.rejects(createApplication(provider));
  });

  test('the key set', async () => {
    provider.faults.jwks = (answer) => ({ ...answer, json: { keys: [] } });
    assert.deepEqual(await (await fetch(provider.jwksUri)).json(), { keys: [] });
  });

  test('revocation', async () => {
    provider.faults.revoke = () => ({ status: 503, headers: {} });
    const response = await fetch(`${provider.origin}/oauth/revoke`, { method: 'POST', body: new URLSearchParams() });
    assert.equal(response.status, 503);
  });
});

describe('a token that is minted', () => {
  test('is signed by the provider, with iss, iat and exp filled in', async () => {
    const { payload } = await verified(await provider.sign({ aud: 'x', sub: 'y' }));
    assert.deepEqual(
      [payload.iss, payload.aud, Number(payload.exp) - Number(payload.iat)],
      [provider.issuer, 'x', 300],
    );
  });

  test('leaves out a claim that is undefined', async () => {
    const { payload } = await verified(await provider.sign({ exp: undefined }));
    assert.equal('exp' in payload, false);
  });

  test('has the header it is given', async () => {
    assert.equal(decodeProtectedHeader(await provider.sign({}, { typ: 'logout+jwt' })).typ, 'logout+jwt');
  });

  test('by a foreign key names the published one, and fails', async () => {
    const token = await provider.sign({}, {}, 'foreign');
    await assert.rejects(verified(token), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });

  test('by nothing says alg none and has no signature', async () => {
    const token = await provider.sign({}, {}, 'none');
    assert.deepEqual([decodeProtectedHeader(token).alg, token.split('.')[2]], ['none', '']);
  });

  test('by a secret verifies with that secret', async () => {
    const secret = 'x'.repeat(32);
    const token = await provider.sign({ sub: 'y' }, {}, { secret });
    const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(secret));
    assert.deepEqual([payload.sub, protectedHeader.alg], ['y', 'HS256']);
  });
});

describe('rotating keys', () => {
  test('signs with the new key and keeps the old one published', async () => {
    const { id_token: old = '' } = await application.tokens();
    const kid = await provider.rotateKeys();
    const { id_token: fresh = '' } = await application.tokens();
    const keySet = createRemoteJWKSet(new URL(provider.jwksUri));
    assert.equal(decodeProtectedHeader(fresh).kid, kid);
    assert.notEqual(decodeProtectedHeader(old).kid, kid);
    await jwtVerify(old, keySet);
    await jwtVerify(fresh, keySet);
  });

  test('disturbs neither sessions nor refresh tokens', async () => {
    const person = createPerson(provider.origin);
    const { refresh_token: token } = await application.tokens({ scope: offlineScope }, person);
    await provider.rotateKeys();
    await refreshTokenGrant(application.configuration, String(token));
    const { url } = await person.open((await application.begin({ prompt: 'none' })).url);
    assert.ok(url.searchParams.has('code'));
  });
});

describe('started again', () => {
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'provider-'));
    await provider.close();
    await start({ stateFile: join(folder, 'below', 'provider.json') });
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function restart(): Promise<void> {
    const port = Number(new URL(provider.origin).port);
    await provider.close();
    await start({ port, stateFile: join(folder, 'below', 'provider.json') });
  }

  test('with its state file, keys, sessions and refresh tokens are the same', async () => {
    const person = createPerson(provider.origin);
    const { refresh_token: token, id_token: idToken = '' } = await application.tokens({ scope: offlineScope }, person);
    await restart();
    await jwtVerify(idToken, createRemoteJWKSet(new URL(provider.jwksUri)));
    await refreshTokenGrant(application.configuration, String(token));
    const { url } = await person.open((await application.begin({ prompt: 'none' })).url);
    assert.ok(url.searchParams.has('code'));
  });

  test('a spent refresh token is still spent', async () => {
    const { refresh_token: token } = await application.tokens({ scope: offlineScope });
    await refreshTokenGrant(application.configuration, String(token));
    await restart();
    await assert.rejects(refreshTokenGrant(application.configuration, String(token)), { error: 'invalid_grant' });
  });

  test('only the owner may read the file', () => {
    assert.equal(statSync(join(folder, 'below', 'provider.json')).mode & 0o777, 0o600);
  });
});
