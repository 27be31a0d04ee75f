/** The stand-in for Parameter Store answers as AWS does, so that what works against it works there. */
import assert from 'node:assert/strict';
import { mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startSsm } from '../../../infra/local/aws/ssm.ts';
import type { Ssm } from '../../../infra/local/aws/ssm.ts';
import { signedCalls, ssmService } from './signed.ts';
import type { Signed } from './signed.ts';

let ssm: Ssm;
let call: Signed;

async function start(options: Parameters<typeof startSsm>[0] = {}): Promise<void> {
  ssm = await startSsm(options);
  call = signedCalls(ssm.endpoint, ssmService);
}

beforeEach(() => start());
afterEach(() => ssm.close());

const parametersOf = (body: Record<string, unknown>) => body['Parameters'] as Record<string, unknown>[];
const namesOf = (body: Record<string, unknown>) => parametersOf(body).map((parameter) => parameter['Name']);

describe('reading parameters', () => {
  beforeEach(() => {
    ssm.put('/token-broker/dev/client-id', 'spa');
    ssm.put('/token-broker/dev/client-secret', 'hunter2', 'SecureString');
  });

  test('several at once, decrypted, each with its version', async () => {
    const names = ['/token-broker/dev/client-id', '/token-broker/dev/client-secret'];
    const { body } = await call('GetParameters', { Names: names, WithDecryption: true });
    const found = parametersOf(body).map(({ Name, Value, Version, Type }) => ({ Name, Value, Version, Type }));
    assert.deepEqual(found, [
      { Name: names[0], Value: 'spa', Version: 1, Type: 'String' },
      { Name: names[1], Value: 'hunter2', Version: 1, Type: 'SecureString' },
    ]);
  });

  test('a missing one among several is named, not an error', async () => {
    const { status, body } = await call('GetParameters', { Names: ['/token-broker/dev/client-id', '/nowhere'] });
    assert.deepEqual(
      [status, namesOf(body), body['InvalidParameters']],
      [200, ['/token-broker/dev/client-id'], ['/nowhere']],
    );
  });

  test('a missing one alone is an error', async () => {
    const { status, error } = await call('GetParameter', { Name: '/nowhere' });
    assert.deepEqual([status, error], [400, 'ParameterNotFound']);
  });

  test('without decryption a SecureString does not show its value', async () => {
    const { body } = await call('GetParameter', { Name: '/token-broker/dev/client-secret' });
    assert.doesNotMatch(JSON.stringify(body), /hunter2/);
  });

  test('more than ten names are refused', async () => {
    const { error } = await call('GetParameters', { Names: Array.from({ length: 11 }, (_, index) => `/p${index}`) });
    assert.equal(error, 'ValidationException');
  });

  test('by path, direct children only unless asked for all below', async () => {
    ssm.put('/token-broker/dev/apis/orders', 'x');
    const direct = await call('GetParametersByPath', { Path: '/token-broker/dev' });
    const all = await call('GetParametersByPath', { Path: '/token-broker/dev', Recursive: true });
    assert.equal(namesOf(direct.body).length, 2);
    assert.equal(namesOf(all.body).length, 3);
  });

  test('by path, page after page', async () => {
    const first = await call('GetParametersByPath', { Path: '/token-broker/dev', MaxResults: 1 });
    const second = await call('GetParametersByPath', {
      Path: '/token-broker/dev',
      MaxResults: 1,
      NextToken: first.body['NextToken'],
    });
    assert.deepEqual(
      [...namesOf(first.body), ...namesOf(second.body)],
      ['/token-broker/dev/client-id', '/token-broker/dev/client-secret'],
    );
    assert.equal(second.body['NextToken'], undefined);
  });
});

describe('writing parameters', () => {
  test('an overwrite makes the next version, and earlier ones can still be read', async () => {
    await call('PutParameter', { Name: 'ring', Value: 'one', Type: 'SecureString' });
    const { body } = await call('PutParameter', { Name: 'ring', Value: 'two', Overwrite: true });
    const first = await call('GetParameter', { Name: 'ring:1', WithDecryption: true });
    assert.equal(body['Version'], 2);
    assert.equal((first.body['Parameter'] as Record<string, unknown>)['Value'], 'one');
  });

  test('a label selects the version it was put on last', async () => {
    ssm.put('ring', 'one');
    ssm.put('ring', 'two');
    await call('LabelParameterVersion', { Name: 'ring', Labels: ['live'] });
    await call('LabelParameterVersion', { Name: 'ring', ParameterVersion: 1, Labels: ['live'] });
    const { body } = await call('GetParameters', { Names: ['ring:live'] });
    assert.equal(parametersOf(body)[0]?.['Version'], 1);
  });

  test('a deleted parameter is gone', async () => {
    ssm.put('ring', 'one');
    await call('DeleteParameter', { Name: 'ring' });
    const { error } = await call('DeleteParameter', { Name: 'ring' });
    assert.equal(error, 'ParameterNotFound');
  });

  const refused: [why: string, input: Record<string, unknown>, error: string][] = [
    ['one that exists', { Name: 'there', Value: 'x', Type: 'String' }, 'ParameterAlreadyExists'],
    ['a new one without a type', { Name: 'new', Value: 'x' }, 'ValidationException'],
    ['one that is too long', { Name: 'new', Value: 'x'.repeat(4097), Type: 'String' }, 'ValidationException'],
    ['a name that AWS keeps', { Name: '/aws/x', Value: 'x', Type: 'String' }, 'ValidationException'],
    ['another reserved name', { Name: 'SSM-x', Value: 'x', Type: 'String' }, 'ValidationException'],
    ['an unknown type', { Name: 'new', Value: 'x', Type: 'Number' }, 'ValidationException'],
  ];
  for (const [why, input, expected] of refused) {
    test(`${why} is refused`, async () => {
      ssm.put('there', 'x');
      const { status, error } = await call('PutParameter', input);
      assert.deepEqual([status, error], [400, expected]);
    });
  }
});

describe('the signature', () => {
  const malformed: [why: string, headers: Record<string, string | undefined>, error: string][] = [
    ['is missing', { Authorization: undefined }, 'MissingAuthenticationTokenException'],
    ['is a bearer token', { Authorization: 'Bearer x' }, 'IncompleteSignatureException'],
    ['has no date beside it', { 'X-Amz-Date': undefined }, 'IncompleteSignatureException'],
    ['leaves out a header of AWS', { 'x-amz-extra': 'x' }, 'InvalidSignatureException'],
    ['is of another day', { 'X-Amz-Date': '20200101T000000Z' }, 'InvalidSignatureException'],
  ];
  for (const [why, headers, expected] of malformed) {
    test(`that ${why} is refused`, async () => {
      const { status, error } = await call('GetParameter', { Name: 'x' }, headers);
      assert.deepEqual([status, error], [400, expected]);
    });
  }

  test('for another service is refused', async () => {
    const other = signedCalls(ssm.endpoint, { ...ssmService, name: 'dynamodb' });
    assert.equal((await other('GetParameter', { Name: 'x' })).error, 'InvalidSignatureException');
  });
});

describe('failing', () => {
  test('an operation it does not know is refused as AWS would', async () => {
    assert.equal((await call('MakeCoffee', {})).error, 'UnknownOperationException');
  });

  test('a read too many in one second is throttled, a write is not', async () => {
    await ssm.close();
    await start({ readsPerSecond: 2 });
    ssm.put('x', 'y');
    const reads = [];
    for (let index = 0; index < 3; index += 1) reads.push((await call('GetParameter', { Name: 'x' })).error);
    const write = await call('PutParameter', { Name: 'x', Value: 'z', Overwrite: true });
    assert.deepEqual([reads, write.status], [[undefined, undefined, 'ThrottlingException'], 200]);
  });

  const modes: [mode: Ssm['mode'], status: number, error: string][] = [
    ['throttle', 400, 'ThrottlingException'],
    ['fail', 500, 'InternalServerError'],
  ];
  for (const [mode, status, error] of modes) {
    test(`switched to ${mode}, everything is ${error}`, async () => {
      ssm.mode = mode;
      const reply = await call('GetParameters', { Names: ['x'] });
      assert.deepEqual([reply.status, reply.error], [status, error]);
    });
  }

  test('switched to hang, the connection stays open without an answer until the end', async () => {
    ssm.mode = 'hang';
    const pending = call('GetParameters', { Names: ['x'] });
    const outcome = assert.rejects(pending);
    while (ssm.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ssm.calls, [{ operation: 'GetParameters', names: ['x'], status: 0 }]);
    await ssm.close();
    await outcome;
  });
});

test('calls are recorded with their names and outcome', async () => {
  ssm.put('a', 'b');
  await call('GetParameters', { Names: ['a', 'c'] });
  await call('GetParameter', { Name: 'c' });
  assert.deepEqual(ssm.calls, [
    { operation: 'GetParameters', names: ['a', 'c'], status: 200 },
    { operation: 'GetParameter', names: ['c'], status: 400, error: 'ParameterNotFound' },
  ]);
});

test('parameters kept in a file are there after a restart, for their owner only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-'));
  const file = join(folder, 'below', 'parameters.json');
  await ssm.close();
  await start({ file });
  ssm.put('ring', 'one');
  ssm.put('ring', 'two');
  await ssm.close();
  await start({ file });
  const { body } = await call('GetParameter', { Name: 'ring' });
  assert.equal((body['Parameter'] as Record<string, unknown>)['Version'], 2);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await rm(folder, { recursive: true });
});
