import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { before, describe, it } from 'node:test';
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWTVerifyGetKey,
} from 'jose';
import { verifyIdToken } from '../../../functions/oidc/id-token.ts';

const now = 1_800_000_000;
const issuer = 'https://tenant.example.com/';
const settings = { issuer, clientId: 'client', preset: 'keycloak' } as const;
const accessToken = 'an access token';
const valid = {
  iss: issuer,
  aud: 'client',
  sub: 'auth0|alice',
  iat: now,
  exp: now + 300,
  nonce: 'the nonce',
  at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
};

let provider: { privateKey: CryptoKey; publicKey: CryptoKey };
let stranger: { privateKey: CryptoKey; publicKey: CryptoKey };
let keys: JWTVerifyGetKey;

before(async () => {
  provider = await generateKeyPair('RS256', { extractable: true });
  stranger = await generateKeyPair('RS256', { extractable: true });
  keys = createLocalJWKSet({
    keys: [{ ...(await exportJWK(provider.publicKey)), kid: 'a', alg: 'RS256', use: 'sig' }],
  });
});

const sign = async (claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = provider.privateKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'a', ...header }).sign(key);

const critical = async (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: 'a', crit: ['x'], x: 1 })
    .sign(provider.privateKey, { crit: { x: true } });

const away: JWTVerifyGetKey = () => Promise.reject(new Error('unreachable'));

const verify = async (token: string) =>
  verifyIdToken(token, keys, {
    settings,
    nonce: 'the nonce',
    accessToken,
    now,
  });

describe('an ID token that holds', () => {
  const accepted: readonly [what: string, claims: Record<string, unknown>, header?: Record<string, unknown>][] = [
    ['as the provider signs it', valid],
    ['with aud as an array', { ...valid, aud: ['client'] }],
    ['without at_hash', { ...valid, at_hash: undefined }],
    ['with azp naming this client', { ...valid, azp: 'client' }],
    ['with a further audience and azp naming this client', { ...valid, aud: ['client', 'project'], azp: 'client' }],
    ['without kid where the provider has one key', valid, { kid: undefined }],
    ['with a clock 20 s ahead', { ...valid, iat: now + 20 }],
  ];
  for (const [what, claims, header] of accepted) {
    it(`is accepted ${what}`, async () => {
      const result = await verify(await sign(claims, header));
      assert.equal(result.kind, 'verified');
      assert.equal(result.kind === 'verified' && result.idToken.subject, 'auth0|alice');
    });
  }
});

describe('an ID token is refused', () => {
  const refused: readonly [what: string, claims: Record<string, unknown>, header?: Record<string, unknown>][] = [
    ['of another issuer', { ...valid, iss: `${issuer}1` }],
    ['of the issuer without its slash', { ...valid, iss: issuer.slice(0, -1) }],
    ['without iss', { ...valid, iss: undefined }],
    ['for another client', { ...valid, aud: 'client1' }],
    ['without aud', { ...valid, aud: undefined }],
    ['with a further audience and no azp', { ...valid, aud: ['client', 'stranger'] }],
    ['with azp naming another client, also with one audience', { ...valid, azp: 'stranger' }],
    ['without sub', { ...valid, sub: undefined }],
    ['with an empty sub', { ...valid, sub: '' }],
    ['with a sub that is a number', { ...valid, sub: 7 }],
    ['with a sub of 300 characters', { ...valid, sub: 'a'.repeat(300) }],
    ['with a sub that is not ASCII', { ...valid, sub: 'älice' }],
    ['without exp', { ...valid, exp: undefined }],
    ['that has expired', { ...valid, exp: now - 60 }],
    ['with exp 1e300', { ...valid, exp: 1e300 }],
    ['without iat', { ...valid, iat: undefined }],
    ['issued in 1970', { ...valid, iat: 1 }],
    ['issued tomorrow', { ...valid, iat: now + 86_400, exp: now + 90_000 }],
    ['not valid before tomorrow', { ...valid, nbf: now + 86_400 }],
    ['without nonce', { ...valid, nonce: undefined }],
    ['with another nonce', { ...valid, nonce: 'the nonce1' }],
    ['with the at_hash of another access token', { ...valid, at_hash: 'LDktKdoQak3Pk0cnXxCltA' }],
    ['that is an access token', valid, { typ: 'at+jwt' }],
    ['that is a logout token', valid, { typ: 'logout+jwt' }],
    ['that is a security event', { ...valid, events: {} }],
    ['signed with a key id the provider does not publish', valid, { kid: 'b' }],
    ['with a critical header it does not understand', valid, { crit: ['x'], x: 1 }],
  ];
  for (const [what, claims, header] of refused) {
    it(what, async () => {
      const token = header?.['crit'] === undefined ? await sign(claims, header) : await critical(claims);
      assert.equal((await verify(token)).kind, 'refused');
    });
  }

  it("signed by a stranger under the provider's key id", async () => {
    assert.equal((await verify(await sign(valid, {}, stranger.privateKey))).kind, 'refused');
  });

  it('signed by the key that it carries itself', async () => {
    const token = await sign(valid, { kid: undefined, jwk: await exportJWK(stranger.publicKey) }, stranger.privateKey);
    assert.equal((await verify(token)).kind, 'refused');
  });

  it('without a signature', async () => {
    assert.equal((await verify(new UnsecuredJWT(valid).encode())).kind, 'refused');
  });

  it("signed HS256 with the provider's public key", async () => {
    const spki = JSON.stringify(await exportJWK(provider.publicKey));
    const body = `${Buffer.from('{"alg":"HS256","kid":"a"}').toString('base64url')}.${Buffer.from(JSON.stringify(valid)).toString('base64url')}`;
    const token = `${body}.${createHmac('sha256', spki).update(body).digest('base64url')}`;
    assert.equal((await verify(token)).kind, 'refused');
  });

  it('with a signature of which one byte differs', async () => {
    const [header, payload, signature] = (await sign(valid)).split('.');
    const bytes = Buffer.from(signature ?? '', 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 0x5a;
    assert.equal((await verify(`${header}.${payload}.${bytes.toString('base64url')}`)).kind, 'refused');
  });

  it('that is larger than 64 KB', async () => {
    assert.equal((await verify(await sign({ ...valid, padding: 'x'.repeat(70_000) }))).kind, 'refused');
  });

  it('that is no JWT at all', async () => {
    assert.equal((await verify('opaque')).kind, 'refused');
  });
});

it('keys that cannot be fetched refuse nobody for good', async () => {
  const result = await verifyIdToken(await sign(valid), away, {
    settings,
    now,
  });
  assert.deepEqual(result, { kind: 'unavailable' });
});
