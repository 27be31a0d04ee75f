import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { paths, problemsOf, stageWith, warningsOf, type Changes } from './stage.ts';

const parameter = (name: string) => ({ $parameter: name });
const api = (path: string) => ({ path, upstream: 'https://x.example.com', audience: 'https://x' });

describe('a valid configuration', () => {
  const cases: Readonly<Record<string, Changes>> = {
    'with nothing but what has no default': {},
    'with references to parameters': {
      'provider.issuer': parameter('issuer'),
      'provider.clientId': parameter('client-id'),
      'apis.orders.audience': parameter('orders-audience'),
      'apis.orders.methods': parameter('orders-methods'),
      'apis.orders.bodyLimitBytes': parameter('limit'),
      'session.idle': parameter('idle'),
      scopes: parameter('scopes'),
    },
    'with a private key': {
      'provider.clientAuth': { method: 'private_key_jwt', key: parameter('client-key') },
    },
    'with an API of anonymous paths only': {
      'apis.catalogue': { path: '/api/catalogue', upstream: 'https://c.example.com', anonymous: ['/*'] },
    },
    'with no API at all': { apis: {}, login: {} },
    'with two APIs of one audience': { 'apis.profile.audience': 'https://orders' },
    'with a login only, at Google': {
      'provider.preset': 'google',
      'provider.issuer': 'https://accounts.google.com',
      scopes: ['openid', 'email'],
      apis: {},
      login: {},
    },
    'with the audience decided by the registration': { 'provider.audience': { dialect: 'registration' } },
    'with everything by hand': {
      'provider.preset': 'oidc',
      'provider.issuer': 'https://op.example.com/tenant',
      'provider.audience': { dialect: 'param', name: 'resource', legs: ['authorize', 'refresh'], several: 'repeat' },
      'provider.second': 'merged',
      'provider.logout': { dialect: 'end_session', hint: 'id_token', endpointMember: 'ping_end_session_endpoint' },
      'provider.metadata': {
        authorization_endpoint: 'https://op.example.com/authorize',
        token_endpoint: 'https://op.example.com/token',
        jwks_uri: 'https://op.example.com/jwks',
      },
      'provider.idTokenAlgorithms': ['ES256'],
      'provider.nonce': false,
    },
    'of Cognito without resource binding': {
      'provider.preset': 'cognito',
      'provider.issuer': 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
      'provider.audience': { dialect: 'registration' },
      scopes: ['openid'],
      'apis.orders.expect': { scopes: ['orders/read'], claims: { client_id: 'client-1', token_use: 'access' } },
      'apis.profile.expect': { scopes: ['profile/read'] },
    },
    'with an app on a sibling host': { appOrigins: ['https://www.example.com', 'https://app.example.com'] },
    'with an app below a country domain': {
      publicOrigin: 'https://bff.example.co.uk',
      appOrigins: ['https://app.example.co.uk'],
    },
    'with an error page of the app': { 'login.errorPage': 'https://app.example.com/oops?from=login' },
    'with an API at the prefix itself': { apis: { orders: api('/api') } },
    'with paths that only look nested': { 'apis.orders.path': '/api/or', 'apis.profile.path': '/api/orders' },
  };
  for (const [name, changes] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(problemsOf(changes), []));
  }

  it('on one machine, with plain http on loopback', () => {
    const changes = {
      publicOrigin: 'http://localhost:3000',
      'provider.issuer': 'http://127.0.0.1:3001/',
      'apis.orders.upstream': 'http://[::1]:3002',
    };
    assert.deepEqual(problemsOf(changes, 'local'), []);
  });

  it('names every parameter it needs, the key ring with them', () => {
    const result = validateFile(stageWith({ 'provider.issuer': parameter('issuer') }), { stage: 'dev', paths });
    assert.deepEqual(result.kind === 'valid' && result.parameterNames, ['client-secret', 'cookie-keys', 'issuer']);
  });
});

describe('a warning', () => {
  it('is given where sessions would end with their first token', () => {
    assert.match(warningsOf({ scopes: ['openid'] }).join(), /^scopes lack "offline_access", without which Auth0/);
  });

  it('is given for a login parameter that the provider is not known to take', () => {
    assert.deepEqual(warningsOf({ 'login.allow': ['login_hnt', 'organization'] }), [
      'login.allow[0] is not a parameter that Auth0 is known to take',
    ]);
  });

  it('is not given for a stage that is in order', () => assert.deepEqual(warningsOf({}), []));
});
