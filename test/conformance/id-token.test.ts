/** Validation of the ID token (OpenID Connect Core, sections 2 and 3.1.3.7), one claim at a time. */
import { describe } from 'node:test';
import { running } from '../integration/broker/running.ts';
import { onGrant, otherIdToken, type Change, type Claims } from '../integration/broker/tampering.ts';
import { accessTokenHash } from './key-sets.ts';
import { replay, type Behaviour } from './module.ts';

const broker = running();
const refused = 'id_token_invalid';

const claims =
  (changed: Change['claims'], header: Claims = {}): Behaviour =>
  ({ provider }) => {
    provider.faults.token = otherIdToken(provider, { claims: changed ?? {}, header });
  };
const header = (changed: Claims): Behaviour => claims({}, changed);
const fromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** An ID token with this hash of the access token that comes with it. */
const hashed =
  (hash: (accessToken: unknown) => unknown): Behaviour =>
  ({ provider }) => {
    provider.faults.token = onGrant('authorization_code', async (json) => {
      const [, payload = ''] = String(json['id_token']).split('.');
      const before = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      return { ...json, id_token: await provider.sign({ ...before, at_hash: hash(json['access_token']) }) };
    });
  };

describe('iss', () => {
  replay(broker, {
    'without its slash': [claims(({ iss }) => ({ iss: String(iss).slice(0, -1) })), refused],
    'missing (fapi2 missing-iss)': [claims({ iss: undefined }), refused],
    'a list': [claims(({ iss }) => ({ iss: [iss] })), refused],
  });
});

describe('aud and azp', () => {
  replay(broker, {
    'aud missing (oidcc-client-test-missing-aud)': [claims({ aud: undefined }), refused],
    'aud a list of this client (fapi2 valid-aud-as-array)': [claims({ aud: ['token-broker'] }), 'accept'],
    'aud with a second one (fapi2 secondary-aud)': [claims({ aud: ['token-broker', 'other'] }), refused],
    'aud with a second one, and azp is this client': [
      claims({ aud: ['token-broker', 'other'], azp: 'token-broker' }),
      'accept',
    ],
    'aud with a second one, and azp is that one': [claims({ aud: ['token-broker', 'other'], azp: 'other' }), refused],
    'azp another client, and aud this one alone': [claims({ azp: 'other' }), refused],
    'azp this client': [claims({ azp: 'token-broker' }), 'accept'],
    'aud an empty list': [claims({ aud: [] }), refused],
    'aud an object': [claims({ aud: { 'token-broker': true } }), refused],
  });
});

describe('sub', () => {
  replay(broker, {
    empty: [claims({ sub: '' }), refused],
    'a number': [claims({ sub: 7 }), refused],
    'of 256 characters': [claims({ sub: 'x'.repeat(256) }), refused],
    'beyond ASCII': [claims({ sub: 'älice' }), refused],
    'with a line break': [claims({ sub: 'auth0|alice\r\nx' }), refused],
  });
});

describe('exp, iat and nbf', () => {
  replay(broker, {
    'exp missing (fapi2 missing-exp)': [claims({ exp: undefined }), refused],
    'exp six minutes ago (fapi2 expired-exp)': [claims(() => ({ exp: fromNow(-360) })), refused],
    'exp within the tolerance': [claims(() => ({ exp: fromNow(-10) })), 'accept'],
    'exp 1e300': [claims({ exp: 1e300 }), refused],
    'exp a text': [claims(() => ({ exp: String(fromNow(300)) })), refused],
    'iat in 1970': [claims({ iat: 1 }), refused],
    'iat an hour ago': [claims(() => ({ iat: fromNow(-3600) })), refused],
    'iat tomorrow': [claims(() => ({ iat: fromNow(86_400) })), refused],
    'iat within the tolerance': [claims(() => ({ iat: fromNow(10) })), 'accept'],
    'iat a text': [claims(() => ({ iat: 'now' })), refused],
    'nbf in an hour': [claims(() => ({ nbf: fromNow(3600) })), refused],
    'nbf past': [claims(() => ({ nbf: fromNow(-60) })), 'accept'],
  });
});

describe('nonce', () => {
  replay(broker, {
    'missing (fapi2 missing-nonce)': [claims({ nonce: undefined }), refused],
    empty: [claims({ nonce: '' }), refused],
    'in a list': [claims(({ nonce }) => ({ nonce: [nonce] })), refused],
    'of another login': [claims({ nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }), refused],
  });
});

describe('at_hash', () => {
  replay(broker, {
    'missing (oidcc-client-test-missing-athash)': [hashed(() => undefined), 'accept'],
    right: [hashed(accessTokenHash), 'accept'],
    'wrong (oidcc-client-test-invalid-athash)': [hashed((token) => `${accessTokenHash(token)}1`), refused],
    'a number': [hashed(() => 7), refused],
  });
});

describe('the kind of token', () => {
  replay(broker, {
    'an access token (typ at+jwt)': [header({ typ: 'at+jwt' }), refused],
    'an access token, with the whole media type': [header({ typ: 'application/AT+JWT' }), refused],
    'a logout token (typ logout+jwt)': [header({ typ: 'logout+jwt' }), refused],
    'a security event': [claims({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }), refused],
    'without typ': [header({ typ: undefined }), 'accept'],
    'the access token in its place': [
      ({ provider }) => {
        provider.faults.token = onGrant('authorization_code', (json) => ({ ...json, id_token: json['access_token'] }));
      },
      refused,
    ],
    'larger than 64 KB': [claims({ padding: 'x'.repeat(66_000) }), refused],
  });
});
