/** The signature of the ID token and the keys it is held against (OpenID Connect Core, sections 3.1.3.7 and 10; RFC 7515). */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { running } from '../integration/broker/running.ts';
import { onGrant, otherIdToken, type Change } from '../integration/broker/tampering.ts';
import { breakSignature, publish } from './key-sets.ts';
import { attempt, logInAlone, replay, type Behaviour } from './module.ts';

const broker = running();
const refused = 'id_token_invalid';

const idToken =
  (change: Change): Behaviour =>
  ({ provider }) => {
    provider.faults.token = otherIdToken(provider, change);
  };

interface Stranger {
  readonly key: CryptoKey;
  readonly jwk: JWK;
}

async function stranger(alg: string): Promise<Stranger> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid: 'stranger', use: 'sig' } };
}

/** The ID token, signed by somebody else. */
const signedBy =
  ({ key }: Stranger, header: { alg: string } & Readonly<Record<string, unknown>>): Behaviour =>
  ({ provider }) => {
    provider.faults.token = onGrant('authorization_code', async (json) => ({
      ...json,
      id_token: await new SignJWT(decodeJwt(String(json['id_token'])))
        .setProtectedHeader(header)
        .sign(key, { crit: { 'urn:x': true } }),
    }));
  };

const jwksRequests = (): number => broker.provider.requestsTo('jwks').length;

describe('a signature is refused', () => {
  replay(broker, {
    "of another key under the provider's key id": [idToken({ signer: 'foreign' }), refused],
    'that is none (fapi2 null-alg)': [idToken({ signer: 'none' }), refused],
    "HS256 with the client's secret": [idToken({ signer: { secret: 'secret-of-the-one-machine-stack' } }), refused],
    'HS256 with the public key as its secret (oidcc-client-test-invalid-sig-hs256)': [
      async (stack) => {
        const [key] = ((await (await fetch(stack.provider.jwksUri)).json()) as { keys: JWK[] }).keys;
        await idToken({ signer: { secret: JSON.stringify(key) } })(stack);
      },
      refused,
    ],
    'with a key id that is a path': [idToken({ header: { kid: '../../../../dev/null' } }), refused],
    'that was altered': [
      ({ provider }) => {
        provider.faults.token = onGrant('authorization_code', (json) => ({
          ...json,
          id_token: breakSignature(json['id_token']),
        }));
      },
      refused,
    ],
  });
});

describe('a key is not taken', () => {
  let server: Server;
  let visits = 0;
  let address: string;

  before(async () => {
    server = createServer((_, response) => {
      visits += 1;
      response.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/keys`;
  });
  after(() => server.close());
  beforeEach(async () => broker.forgetInstances());

  test('from the header of the token itself', async () => {
    const attacker = await stranger('RS256');
    await signedBy(attacker, { alg: 'RS256', jwk: attacker.jwk })(broker);
    await attempt(broker, refused);
  });

  for (const name of ['jku', 'x5u']) {
    test(`from the address in \`${name}\`, which is never asked`, async () => {
      const attacker = await stranger('RS256');
      await signedBy(attacker, { alg: 'RS256', kid: 'stranger', [name]: address })(broker);
      await attempt(broker, refused);
      assert.equal(visits, 0);
    });
  }

  test('for another algorithm than the provider is known to use (fapi2 alternate-alg)', async () => {
    const other = await stranger('ES256');
    broker.provider.faults.jwks = publish((keys) => [...keys, other.jwk]);
    await signedBy(other, { alg: 'ES256', kid: 'stranger' })(broker);
    await attempt(broker, refused);
  });

  test('where the header asks to understand something that nobody knows', async () => {
    const known = await stranger('RS256');
    broker.provider.faults.jwks = publish((keys) => [...keys, known.jwk]);
    await signedBy(known, { alg: 'RS256', kid: 'stranger' })(broker);
    await attempt(broker, 'accept');
    await signedBy(known, { alg: 'RS256', kid: 'stranger', crit: ['urn:x'], 'urn:x': 1 })(broker);
    await attempt(broker, refused);
  });

  test('that is published for encryption', async () => {
    broker.provider.faults.jwks = publish((keys) => keys.map((key) => ({ ...key, use: 'enc' })));
    await attempt(broker, refused);
  });

  test('that was taken back, by an instance that starts afterwards', async () => {
    broker.provider.faults.jwks = publish(() => []);
    await attempt(broker, refused);
  });
});

describe('the published keys', () => {
  beforeEach(async () => broker.forgetInstances());

  test('are fetched once, however many log in', async () => {
    const start = jwksRequests();
    for (let count = 0; count < 5; count += 1) await logInAlone(broker);
    assert.equal(jwksRequests(), start + 1);
  });

  test('are asked for once more when tokens name a key that is not among them, however many do', async () => {
    await logInAlone(broker);
    const start = jwksRequests();
    for (let count = 0; count < 30; count += 1) {
      await idToken({ header: { kid: `unknown-${String(count)}` } })(broker);
      await attempt(broker, refused);
    }
    assert.ok(jwksRequests() - start <= 1, `${String(jwksRequests() - start)} look-ups`);
    delete broker.provider.faults.token;
    await attempt(broker, 'accept');
  });

  test('serve from memory while the provider does not publish them', async () => {
    await attempt(broker, 'accept');
    broker.provider.faults.jwks = () => ({ status: 500, headers: {} });
    await attempt(broker, 'accept');
  });
});
