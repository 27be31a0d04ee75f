import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getParameters } from '../../../functions/aws/ssm.ts';
import type { ParameterStore } from '../../../functions/aws/ssm.ts';
import { fakeService, json } from './service.ts';

const store = (endpoint: string, more: Partial<ParameterStore> = {}): ParameterStore => ({
  region: 'eu-central-1',
  endpoint,
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
  prefix: '/token-broker/dev',
  timeoutMs: 1000,
  ...more,
});

test('values are read in one call, decrypted, and named without the prefix', async (t) => {
  const service = await fakeService(t, (response) =>
    json(response, 200, {
      Parameters: [
        { Name: '/token-broker/dev/cookie-keys', Type: 'SecureString', Value: '{"keys":[]}' },
        { Name: '/token-broker/dev/issuer', Type: 'String', Value: 'https://issuer.example/ü' },
      ],
      InvalidParameters: ['/token-broker/dev/client-secret'],
    }),
  );
  const result = await getParameters(store(service.endpoint), ['cookie-keys', 'issuer', 'client-secret']);
  assert.deepEqual(result, {
    kind: 'read',
    values: new Map([
      ['cookie-keys', '{"keys":[]}'],
      ['issuer', 'https://issuer.example/ü'],
    ]),
    missing: ['client-secret'],
  });
  const [received] = service.received;
  assert.equal(service.received.length, 1);
  assert.equal(received?.method, 'POST');
  assert.equal(received?.url, '/');
  assert.equal(received?.headers['x-amz-target'], 'AmazonSSM.GetParameters');
  assert.equal(received?.headers['content-type'], 'application/x-amz-json-1.1');
  assert.deepEqual(JSON.parse(received?.body ?? ''), {
    Names: ['/token-broker/dev/cookie-keys', '/token-broker/dev/issuer', '/token-broker/dev/client-secret'],
    WithDecryption: true,
  });
});

test('an endpoint and a prefix may end in a slash', async (t) => {
  const service = await fakeService(t, (response) =>
    json(response, 200, { Parameters: [{ Name: '/p/a', Value: '1' }] }),
  );
  const result = await getParameters(store(`${service.endpoint}/`, { prefix: '/p/' }), ['a']);
  assert.deepEqual(result, { kind: 'read', values: new Map([['a', '1']]), missing: [] });
});

test('a name that is given twice is asked for once', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, { Parameters: [] }));
  const result = await getParameters(store(service.endpoint), ['a', 'b', 'a']);
  assert.deepEqual(result, { kind: 'read', values: new Map(), missing: ['a', 'b'] });
  assert.match(service.received[0]?.body ?? '', /"Names":\["\/token-broker\/dev\/a","\/token-broker\/dev\/b"\]/);
});

test('no names need no call', async (t) => {
  const service = await fakeService(t, (response) => json(response, 500, {}));
  assert.deepEqual(await getParameters(store(service.endpoint), []), { kind: 'read', values: new Map(), missing: [] });
  assert.equal(service.received.length, 0);
});

test('eleven names are one too many', async () => {
  await assert.rejects(getParameters(store('http://127.0.0.1:1'), 'abcdefghijk'.split('')), RangeError);
});

const refusals: readonly (readonly [status: number, body: unknown, expected: object])[] = [
  [
    400,
    { __type: 'ThrottlingException', message: 'Rate exceeded' },
    { reason: 'throttled', type: 'ThrottlingException' },
  ],
  [429, {}, { reason: 'throttled', type: '' }],
  [
    400,
    { __type: 'com.amazon.coral.service#AccessDeniedException' },
    { reason: 'denied', type: 'AccessDeniedException' },
  ],
  [400, { __type: 'ExpiredTokenException' }, { reason: 'denied', type: 'ExpiredTokenException' }],
  [403, 'no object', { reason: 'denied', type: '' }],
  [500, { __type: 'InternalServerError' }, { reason: 'unavailable', type: 'InternalServerError' }],
  [503, {}, { reason: 'unavailable', type: '' }],
  [400, { __type: 'ValidationException:http://x/' }, { reason: 'refused', type: 'ValidationException' }],
  [302, [], { reason: 'answer_unreadable' }],
  [200, [], { reason: 'answer_unreadable' }],
  [200, {}, { reason: 'answer_unreadable' }],
  [200, { Parameters: [{ Name: '/token-broker/dev/a' }] }, { reason: 'answer_unreadable' }],
  [200, { Parameters: [null] }, { reason: 'answer_unreadable' }],
];

for (const [status, body, expected] of refusals) {
  test(`${status} ${JSON.stringify(body)} is ${JSON.stringify(expected)}`, async (t) => {
    const service = await fakeService(t, (response) => json(response, status, body));
    assert.deepEqual(await getParameters(store(service.endpoint), ['a']), { kind: 'failed', ...expected });
  });
}

test('a silent service is a time-out', async (t) => {
  const service = await fakeService(t, () => {});
  const result = await getParameters(store(service.endpoint, { timeoutMs: 30 }), ['a']);
  assert.deepEqual(result, { kind: 'failed', reason: 'timeout' });
});

test('a port where nobody listens is unreachable', async (t) => {
  const { endpoint } = await fakeService(t, () => {});
  const closed = endpoint.replace(/\d+$/, '9');
  assert.deepEqual(await getParameters(store(closed), ['a']), { kind: 'failed', reason: 'unreachable' });
});

const none = () => Promise.reject(new Error('none'));

test('without credentials nothing is called', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, { Parameters: [] }));
  const result = await getParameters(store(service.endpoint, { credentials: none }), ['a']);
  assert.deepEqual(result, { kind: 'failed', reason: 'credentials' });
  assert.equal(service.received.length, 0);
});
