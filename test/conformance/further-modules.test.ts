/** Modules of the full RP plan (`oidcc-client-test-plan`) and of FAPI2's that concern a code flow, and what they forbid. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { running } from '../integration/broker/running.ts';
import { onGrant, otherIdToken, type Claims, type Members } from '../integration/broker/tampering.ts';
import { attempt, replay, type Behaviour } from './module.ts';

const broker = running();

/** A refresh brings an ID token of the same user and this client, with these claims changed. */
const refreshedIdToken = (changed: Claims) => {
  const { provider } = broker;
  provider.faults.token = onGrant('refresh_token', async (json) => ({
    ...json,
    id_token: await provider.sign({ sub: 'auth0|alice', aud: 'token-broker', ...changed }),
  }));
};

const answer =
  (changed: Members | ((json: Members) => Members)): Behaviour =>
  ({ provider }) => {
    provider.faults.token = onGrant('authorization_code', (json) => ({
      ...json,
      ...(typeof changed === 'function' ? changed(json) : changed),
    }));
  };

const invert = (text: unknown): string =>
  String(text).replaceAll(/[a-z]/gi, (one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()));

describe('oidcc-client-test-plan', () => {
  test('oidcc-client-test-refresh-token', async () => {
    refreshedIdToken({});
    const { browser } = await attempt(broker, 'accept');
    assert.equal((await browser.fetch(`${broker.origin}/api/profile/1`)).status, 200);
  });

  for (const [name, changed] of Object.entries({
    'oidcc-client-test-refresh-token-invalid-issuer': { iss: 'https://evil.example/' },
    'oidcc-client-test-refresh-token-invalid-sub': { sub: 'auth0|bob' },
  })) {
    test(name, async () => {
      refreshedIdToken(changed);
      const { browser } = await attempt(broker, 'accept');
      const before = broker.apis.profile.requests.length;
      assert.ok((await browser.fetch(`${broker.origin}/api/profile/1`)).status >= 400);
      assert.equal(broker.apis.profile.requests.length, before, 'the new access token was used');
    });
  }

  test('oidcc-client-test-aggregated-claims, -distributed-claims', async () => {
    let visits = 0;
    const source = createServer((_, response) => {
      visits += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      source.listen(0, '127.0.0.1', resolve);
    });
    const endpoint = `http://127.0.0.1:${String((source.address() as AddressInfo).port)}/claims`;
    broker.provider.faults.token = otherIdToken(broker.provider, {
      claims: {
        _claim_names: { address: 'far', email: 'near' },
        _claim_sources: { far: { endpoint, access_token: 'x' }, near: { JWT: 'e30.e30.' } },
      },
    });
    await attempt(broker, 'accept');
    source.close();
    assert.equal(visits, 0);
  });
});

describe('fapi2-security-profile-final-client-test-plan, as far as it holds for any code flow', () => {
  replay(broker, {
    'token-endpoint-response-without-expires_in': [answer({ expires_in: undefined }), 'accept'],
    'token-type-case-insensitivity': [answer(({ token_type: type }) => ({ token_type: invert(type) })), 'accept'],
  });
});
