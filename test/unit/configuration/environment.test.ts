import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readEnvironment } from '../../../functions/configuration/environment.ts';

const keys = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'secret-1' };

/** A container endpoint that remembers how it was asked. */
async function containerEndpoint(t: TestContext) {
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify({ AccessKeyId: 'AKIA2', SecretAccessKey: 's', Token: 't', Expiration }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`, tokens };
}

describe('the environment', () => {
  it('says where the parameters and the table are', () => {
    const { region, parameterPrefix, tableName, endpoints } = readEnvironment({
      AWS_REGION: 'eu-central-1',
      PARAMETER_PREFIX: '/token-broker/dev/',
      TABLE_NAME: 'token-broker-dev',
    });
    assert.deepEqual(
      { region, parameterPrefix, tableName, endpoints },
      { region: 'eu-central-1', parameterPrefix: '/token-broker/dev', tableName: 'token-broker-dev', endpoints: {} },
    );
  });

  it('may name no table', () => assert.equal(readEnvironment({ TABLE_NAME: '' }).tableName, undefined));

  it('names another endpoint for one service, or for all', () => {
    const { endpoints } = readEnvironment({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:2',
    });
    assert.deepEqual(endpoints, { ssm: 'http://127.0.0.1:2', dynamodb: 'http://127.0.0.1:1' });
  });
});

describe('credentials', () => {
  it('are looked up at each signing', async () => {
    const variables: Record<string, string> = { ...keys, AWS_SESSION_TOKEN: 'session-1' };
    const { credentials } = readEnvironment(variables);
    assert.deepEqual(await credentials(), {
      accessKeyId: 'AKIA1',
      secretAccessKey: 'secret-1',
      sessionToken: 'session-1',
    });
    variables['AWS_SESSION_TOKEN'] = 'session-2';
    assert.equal((await credentials()).sessionToken, 'session-2');
  });

  it('come from the container endpoint where the runtime names one', async (t) => {
    const { url, tokens } = await containerEndpoint(t);
    const { credentials } = readEnvironment({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Basic abc',
    });
    assert.deepEqual(await credentials(), { accessKeyId: 'AKIA2', secretAccessKey: 's', sessionToken: 't' });
    await credentials();
    assert.deepEqual(tokens, ['Basic abc']);
  });

  it('are asked for with the token that is in the file now', async (t) => {
    const { url, tokens } = await containerEndpoint(t);
    const directory = await mkdtemp(join(tmpdir(), 'token-broker-'));
    t.after(async () => rm(directory, { recursive: true }));
    const file = join(directory, 'token');
    const { credentials } = readEnvironment({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    });
    await writeFile(file, 'one\n');
    await credentials();
    await writeFile(file, 'two\n');
    await credentials();
    assert.deepEqual(tokens, ['one', 'two']);
  });

  it('that are nowhere are an error without a value', async () => {
    const { credentials } = readEnvironment({ AWS_SECRET_ACCESS_KEY: 'secret-1' });
    await assert.rejects(credentials, (error: Error) => !error.message.includes('secret-1'));
  });
});
