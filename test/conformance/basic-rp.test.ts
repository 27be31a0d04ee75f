/** The Basic RP plan (`oidcc-client-basic-certification-test-plan`): code flow, client_secret_basic. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { running } from '../integration/broker/running.ts';
import { onGrant, otherIdToken, type Change } from '../integration/broker/tampering.ts';
import { breakSignature, namelessKeys, publish, withoutNames } from './key-sets.ts';
import { attempt, replay, type Behaviour } from './module.ts';

const broker = running();

const idToken =
  (change: Change): Behaviour =>
  ({ provider }) => {
    provider.faults.token = otherIdToken(provider, change);
  };

describe('oidcc-client-basic-certification-test-plan', () => {
  replay(broker, {
    'oidcc-client-test': [() => {}, 'accept'],
    'oidcc-client-test-invalid-iss': [
      idToken({ claims: ({ iss }) => ({ iss: `${String(iss)}1` }) }),
      'id_token_invalid',
    ],
    'oidcc-client-test-missing-sub': [idToken({ claims: { sub: undefined } }), 'id_token_invalid'],
    'oidcc-client-test-invalid-aud': [idToken({ claims: { aud: 'token-broker1' } }), 'id_token_invalid'],
    'oidcc-client-test-missing-iat': [idToken({ claims: { iat: undefined } }), 'id_token_invalid'],
    'oidcc-client-test-kid-absent-single-jwks': [idToken({ header: { kid: undefined } }), 'accept'],
    'oidcc-client-test-kid-absent-multiple-jwks': [
      async (stack) => {
        await stack.forgetInstances();
        stack.provider.faults.jwks = publish((keys) => [...withoutNames(keys), ...namelessKeys()]);
        await idToken({ header: { kid: undefined } })(stack);
      },
      'id_token_invalid',
    ],
    'oidcc-client-test-idtoken-sig-rs256': [async (stack) => stack.forgetInstances(), 'accept'],
    'oidcc-client-test-idtoken-sig-none': [idToken({ signer: 'none' }), 'id_token_invalid'],
    'oidcc-client-test-invalid-sig-rs256': [
      ({ provider }) => {
        provider.faults.token = onGrant('authorization_code', (json) => ({
          ...json,
          id_token: breakSignature(json['id_token']),
        }));
      },
      'id_token_invalid',
    ],
    'oidcc-client-test-nonce-invalid': [
      idToken({ claims: ({ nonce }) => ({ nonce: `${String(nonce)}1` }) }),
      'id_token_invalid',
    ],
    'oidcc-client-test-userinfo-invalid-sub': [
      ({ provider }) => {
        provider.faults.userinfo = (answer) => ({ ...answer, json: { sub: 'auth0|aliceinvalid' } });
      },
      'accept',
    ],
  });

  test('oidcc-client-test-scope-userinfo-claims', async () => {
    await attempt(broker, 'accept');
    const scope = String(broker.provider.requestsTo('authorize').at(-1)?.parameters['scope']).split(' ');
    assert.ok(scope.includes('openid') && scope.includes('profile') && scope.includes('email'));
  });

  test('oidcc-client-test-client-secret-basic', async () => {
    await attempt(broker, 'accept');
    const ways = broker.provider.requestsTo('token').map(({ clientAuth }) => clientAuth);
    assert.deepEqual([...new Set(ways)], ['basic']);
  });

  test('userinfo is never asked: what is shown of a user is the ID token alone', () => {
    assert.deepEqual(broker.provider.requestsTo('userinfo'), []);
  });
});
