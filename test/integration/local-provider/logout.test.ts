/** Logging out at the local provider: both of Auth0's endpoints, and what other applications are told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { defaultClient, startProvider } from '../../../infra/local/provider/provider.ts';
import type { Provider, ProviderOptions } from '../../../infra/local/provider/provider.ts';
import { createApplication } from './application.ts';
import type { Application } from './application.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';

const after = String(defaultClient.postLogoutRedirectUris?.[0]);

let provider: Provider;
let application: Application;
let person: Person;

async function start(options: ProviderOptions = {}): Promise<void> {
  provider = await startProvider(options);
  application = await createApplication(provider);
  person = createPerson(provider.origin);
}

beforeEach(() => start());
afterEach(async () => {
  assert.deepEqual(provider.failures, []);
  await provider.close();
});

const address = (path: string, parameters: Record<string, string>) =>
  `${provider.origin}${path}?${new URLSearchParams(parameters)}`;

async function isLoggedIn(): Promise<boolean> {
  const { url } = await person.open((await application.begin({ prompt: 'none' })).url);
  return url.searchParams.has('code');
}

describe('end_session', () => {
  test('returns to the application with its state, at once and without a page', async () => {
    const { id_token: hint = '' } = await application.tokens({}, person);
    const response = await person.open(
      address('/oidc/logout', { id_token_hint: hint, post_logout_redirect_uri: after, state: 'back' }),
    );
    assert.equal(response.url.href, `${after}?state=back`);
    assert.equal(await isLoggedIn(), false);
  });

  test('knows the application by client_id as well', async () => {
    await application.tokens({}, person);
    const { url } = await person.open(
      address('/oidc/logout', { client_id: defaultClient.id, post_logout_redirect_uri: after }),
    );
    assert.equal(url.href, after);
    assert.equal(await isLoggedIn(), false);
  });

  test('returns for who is not logged in', async () => {
    const { url } = await person.open(
      address('/oidc/logout', { client_id: defaultClient.id, post_logout_redirect_uri: after }),
    );
    assert.equal(url.href, after);
  });

  test('to an address that is not registered is refused and logs nobody out', async () => {
    await application.tokens({}, person);
    const { status } = await person.open(
      address('/oidc/logout', { client_id: defaultClient.id, post_logout_redirect_uri: 'https://evil.example' }),
    );
    assert.equal(status, 400);
    assert.equal(await isLoggedIn(), true);
  });

  test('can be hidden from discovery', async () => {
    provider.tenant.hideEndSession = true;
    const metadata = (await (await fetch(`${provider.issuer}.well-known/openid-configuration`)).json()) as object;
    assert.equal('end_session_endpoint' in metadata, false);
  });
});

describe('/v2/logout', () => {
  test('returns without a state', async () => {
    await application.tokens({}, person);
    const { url } = await person.open(address('/v2/logout', { client_id: defaultClient.id, returnTo: after }));
    assert.equal(url.href, after);
    assert.equal(await isLoggedIn(), false);
  });

  test('to an address that is not registered is refused', async () => {
    await application.tokens({}, person);
    const parameters = { client_id: defaultClient.id, returnTo: 'https://evil.example' };
    assert.equal((await person.open(address('/v2/logout', parameters))).status, 400);
    assert.equal(await isLoggedIn(), true);
  });
});

describe('back-channel logout', () => {
  let receiver: Server;
  let answerWith = 200;
  let bodies: string[];

  beforeEach(async () => {
    await provider.close();
    answerWith = 200;
    bodies = [];
    receiver = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
      request.on('end', () => response.writeHead(answerWith).end());
    });
    await start({ clients: [{ ...defaultClient, backchannelLogoutUri: `${await listen(receiver)}/bff/backchannel` }] });
  });
  afterEach(() => shut(receiver));

  test('delivers a logout token with the sid of the session', async () => {
    const sid = (await application.tokens({}, person)).claims()?.['sid'];
    await person.open(`${provider.origin}/oidc/logout`);
    const token = String(new URLSearchParams(bodies[0]).get('logout_token'));
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(provider.jwksUri)), {
      issuer: provider.issuer,
      audience: defaultClient.id,
      typ: 'logout+jwt',
    });
    assert.deepEqual([payload.sub, payload['sid']], ['auth0|alice', sid]);
    assert.deepEqual(payload['events'], { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.deepEqual(provider.logoutDeliveries, [{ clientId: defaultClient.id, sid }]);
  });

  test('notes a delivery that was refused', async () => {
    answerWith = 400;
    await application.tokens({}, person);
    await person.open(`${provider.origin}/oidc/logout`);
    assert.match(provider.logoutDeliveries[0]?.error ?? '', /400/);
  });
});

test('closing ends a server that nobody talks to', async () => {
  const other = await startProvider();
  const server = createServer();
  await other.close();
  await listen(server, Number(new URL(other.origin).port));
  server.close();
  await once(server, 'close');
});
