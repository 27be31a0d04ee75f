import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as holds, asyncProperty, constantFrom, property } from 'fast-check';
import { resolveConfiguration } from '../../../functions/configuration/resolve.ts';
import type { Packaged } from '../../../functions/configuration/schema.ts';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { paths, stageWith, type Changes } from './stage.ts';

const secret = 'kJ3-a-real-secret-9sX';
const parameter = (name: string) => ({ $parameter: name });

function packagedWith(changes: Changes): Packaged {
  const result = validateFile(stageWith(changes), { stage: 'dev', paths });
  assert.equal(result.kind, 'valid');
  return result.packaged;
}

const resolve = async (packaged: Packaged, parameters: Readonly<Record<string, string>> = {}) =>
  resolveConfiguration(
    packaged,
    new Map(Object.entries({ 'cookie-keys': '{}', 'client-secret': secret, ...parameters })),
    '/token-broker/dev',
  );

async function problemsWith(changes: Changes, parameters: Readonly<Record<string, string>>): Promise<string[]> {
  const result = await resolve(packagedWith(changes), parameters);
  return result.kind === 'ready' ? [] : result.problems.map(({ path, message }) => `${path} ${message}`);
}

describe('a packaged configuration', () => {
  it('has its defaults, and its durations in seconds', async () => {
    const result = await resolve(packagedWith({ 'session.idle': '45m' }));
    assert.equal(result.kind, 'ready');
    assert.deepEqual(result.configuration.appOrigins, ['https://app.example.com']);
    assert.deepEqual(result.configuration.session, {
      idle: 2700,
      absolute: 28_800,
      claims: ['sub', 'name', 'email'],
      anonymous: '401',
      revocation: 'refresh',
    });
    assert.deepEqual(result.configuration.apis['orders'], {
      path: '/api/orders',
      upstream: 'https://orders.example.com',
      audience: 'https://orders',
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      scopes: [],
      headerless: [],
      stream: [],
      anonymous: [],
      requestHeaders: [],
      bodyLimitBytes: 4_500_000,
      timeouts: { connect: 3, response: 20, silence: 60 },
      cache: false,
    });
  });

  it('is the same whether it was prepared when packaging or is validated when running', async () => {
    const { prepared, ...unprepared } = packagedWith({ 'apis.orders.timeouts': { connect: '2s' } });
    assert.notEqual(prepared, undefined);
    assert.deepEqual(await resolve({ ...unprepared, prepared }), await resolve(unprepared));
  });

  it('takes texts from parameters as they are, and everything else as JSON', async () => {
    const packaged = packagedWith({
      'provider.clientId': parameter('id'),
      'provider.nonce': parameter('nonce'),
      scopes: parameter('scopes'),
      'login.parameters': parameter('extra'),
      'session.idle': parameter('idle'),
      'apis.orders.bodyLimitBytes': parameter('limit'),
      'apis.orders.expect': { claims: { org: parameter('org') } },
    });
    const result = await resolve(packaged, {
      id: '123',
      nonce: 'false',
      scopes: '["openid"]',
      extra: '{"organization":"org_1"}',
      idle: '1h',
      limit: '1000',
      org: '42',
    });
    assert.equal(result.kind, 'ready');
    const { provider, scopes, login, session, apis } = result.configuration;
    assert.equal(provider.clientId, '123');
    assert.equal(provider.nonce, false);
    assert.deepEqual(scopes, ['openid']);
    assert.deepEqual(login.parameters, { organization: 'org_1' });
    assert.equal(session.idle, 3600);
    assert.equal(apis['orders']?.bodyLimitBytes, 1000);
    assert.deepEqual(apis['orders']?.expect?.claims, { org: '42' });
  });

  it('keeps a text that looks like JSON as the file has it', async () => {
    const changes = { 'provider.clientId': parameter('id'), 'apis.orders.expect': { claims: { flag: 'true' } } };
    const result = await resolve(packagedWith(changes), { id: 'x' });
    assert.deepEqual(result.kind === 'ready' && result.configuration.apis['orders']?.expect?.claims, { flag: 'true' });
  });

  it('names a missing parameter in full, and where it is needed', async () => {
    const result = await resolveConfiguration(
      packagedWith({}),
      new Map([['client-secret', secret]]),
      '/token-broker/dev',
    );
    assert.deepEqual(result.kind === 'invalid' && result.problems, [
      { path: '', message: 'needs the parameter /token-broker/dev/cookie-keys, which does not exist' },
    ]);
  });

  const refused: Readonly<Record<string, readonly [Changes, Readonly<Record<string, string>>, RegExp]>> = {
    'a placeholder for a secret': [
      {},
      { 'client-secret': 'changeme' },
      /^provider\.clientAuth\.secret is a placeholder/,
    ],
    'an empty secret': [{}, { 'client-secret': '' }, /^provider\.clientAuth\.secret is a placeholder/],
    'a secret with a line feed': [
      {},
      { 'client-secret': `${secret}\n` },
      /^provider\.clientAuth\.secret must not have white space around it/,
    ],
    'an issuer without TLS': [
      { 'provider.issuer': parameter('issuer') },
      { issuer: 'http://tenant.example.com/' },
      /^provider\.issuer must use https$/,
    ],
    'a list that is not JSON': [{ scopes: parameter('scopes') }, { scopes: 'openid' }, /^scopes must be a list$/],
    'paths that lie in each other': [
      { 'apis.profile.path': parameter('path') },
      { path: '/api/orders/x' },
      /^apis\.profile\.path must be apart from apis\.orders\.path/,
    ],
    'a protocol parameter': [
      { 'login.parameters': parameter('extra') },
      { extra: '{"redirect_uri":"https://evil.example.com"}' },
      /^login\.parameters must not be here/,
    ],
  };
  for (const [name, [changes, parameters, expected]] of Object.entries(refused)) {
    it(`refuses ${name} from a parameter`, async () => {
      const problems = await problemsWith(changes, parameters);
      assert.ok(problems.length > 0 && problems.every((problem) => expected.test(problem)), JSON.stringify(problems));
    });
  }
});

describe('what is said of a configuration', () => {
  /** Every place for a value, by its key path. */
  const places = [
    'publicOrigin',
    'appOrigins',
    'development',
    'scopes',
    'provider.preset',
    'provider.issuer',
    'provider.clientId',
    'provider.idTokenAlgorithms',
    'login.api',
    'login.parameters',
    'login.allow',
    'login.errorPage',
    'apis.orders.path',
    'apis.orders.upstream',
    'apis.orders.methods',
    'apis.orders.audience',
    'apis.orders.bodyLimitBytes',
    'apis.orders.requestHeaders',
    'apis.orders.headerless',
    'session.idle',
    'session.claims',
  ];
  const planted = 'Pl4nted';
  const shapes = constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `http://${text}.example.com/`,
    (text) => `https://${text}@example.com`,
    (text) => `/api/${text}/`,
    (text) => ` ${text}\n`,
    (text) => JSON.stringify([text]),
    (text) => JSON.stringify({ [text]: text }),
    (text) => JSON.stringify([{ [text]: [text] }]),
  );

  it('never holds the value of a parameter', async () => {
    await holds(
      asyncProperty(constantFrom(...places), shapes, async (place, shape) => {
        const changes = place === 'apis.orders.path' ? { 'apis.profile.path': '/api/x' } : {};
        const packaged = packagedWith({ ...changes, [place]: parameter('value') });
        const result = await resolve(packaged, { value: shape(planted) });
        assert.ok(!JSON.stringify(result.kind === 'invalid' ? result.problems : []).includes(planted));
      }),
      { numRuns: 300 },
    );
  });

  it('never holds a value of the file, not even of a secret written into it', () => {
    holds(
      property(constantFrom(...places, 'provider.clientAuth.secret'), shapes, (place, shape) => {
        const result = validateFile(stageWith({ [place]: shape(planted) }), { stage: 'dev', paths });
        const { problems, warnings } = { problems: [], warnings: [], ...result };
        assert.ok(!JSON.stringify([problems, warnings]).includes(planted));
      }),
      { numRuns: 300 },
    );
  });
});
