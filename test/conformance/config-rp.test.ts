/** The Config RP plan (`oidcc-client-config-certification-test-plan`): discovery, and keys that change. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createBrowser } from '../integration/broker/browser.ts';
import { running } from '../integration/broker/running.ts';
import { askForLogin } from '../integration/broker/starting.ts';
import { otherIdToken } from '../integration/broker/tampering.ts';
import { publish } from './key-sets.ts';
import { attempt, logInAlone } from './module.ts';

const broker = running();
const count = (endpoint: 'jwks' | 'discovery' | 'authorize'): number => broker.provider.requestsTo(endpoint).length;

beforeEach(async () => broker.forgetInstances());

describe('oidcc-client-config-certification-test-plan', () => {
  test('oidcc-client-test-discovery-openid-config', async () => {
    const before = count('discovery');
    await attempt(broker, 'accept');
    assert.ok(count('discovery') > before);
  });

  test('oidcc-client-test-discovery-jwks-uri-keys', async () => {
    const { provider } = broker;
    const elsewhere = `${provider.jwksUri}?run=${String(Date.now())}`;
    provider.faults.discovery = (answer) => ({ ...answer, json: { ...answer.json, jwks_uri: elsewhere } });
    await attempt(broker, 'accept');
    assert.equal(provider.requestsTo('jwks').at(-1)?.parameters['run'], new URL(elsewhere).searchParams.get('run'));
  });

  test('oidcc-client-test-discovery-issuer-mismatch', async () => {
    const { provider } = broker;
    provider.faults.discovery = (answer) => ({
      ...answer,
      json: { ...answer.json, issuer: `${String(answer.json?.['issuer'])}INVALID` },
    });
    const before = count('authorize');
    const page = await askForLogin(broker, createBrowser());
    assert.deepEqual([page.status, page.headers.get('bff-error')], [502, 'provider_invalid']);
    assert.equal(count('authorize'), before);
  });

  test('oidcc-client-test-idtoken-sig-none', async () => {
    broker.provider.faults.token = otherIdToken(broker.provider, { signer: 'none' });
    await attempt(broker, 'id_token_invalid');
  });

  test('oidcc-client-test-signing-key-rotation-just-before-signing', async () => {
    await logInAlone(broker);
    const before = count('jwks');
    await broker.provider.rotateKeys();
    broker.provider.faults.jwks = publish((keys) => keys.slice(0, 1));
    await logInAlone(broker);
    assert.equal(count('jwks'), before + 1);
  });

  test('oidcc-client-test-signing-key-rotation', async () => {
    await attempt(broker, 'accept');
    await broker.provider.rotateKeys();
    await attempt(broker, 'accept');
    const before = count('jwks');
    await logInAlone(broker);
    assert.equal(count('jwks'), before, 'a known key was looked for again');
  });
});
