import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerCredentials, CredentialsUnavailable } from '../../../functions/aws/credentials.ts';
import { fakeService, json } from './service.ts';

const start = Date.UTC(2026, 10, 22, 9, 0, 0);

const answer = (endsAtMs: number, nth = 0) => ({
  AccessKeyId: `id-${nth}`,
  SecretAccessKey: 'secret',
  Token: 'token',
  Expiration: new Date(endsAtMs).toISOString(),
});

test('the endpoint is asked with its authorization and gives the three values', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, answer(start + 3_600_000)));
  const source = containerCredentials({ url: `${service.endpoint}/v1`, authorization: 'let me in', timeoutMs: 1000 });
  assert.deepEqual(await source(), { accessKeyId: 'id-0', secretAccessKey: 'secret', sessionToken: 'token' });
  assert.equal(service.received[0]?.url, '/v1');
  assert.equal(service.received[0]?.headers.authorization, 'let me in');
});

test('credentials are kept until five minutes before they end', async (t) => {
  const service = await fakeService(t, (response, nth) =>
    json(response, 200, answer(start + 3_600_000 * (nth + 1), nth)),
  );
  let now = start;
  const source = containerCredentials({ url: service.endpoint, timeoutMs: 1000 }, () => now);
  await source();
  now = start + 3_600_000 - 300_001;
  assert.equal((await source()).accessKeyId, 'id-0');
  now = start + 3_600_000 - 300_000;
  assert.equal((await source()).accessKeyId, 'id-1');
});

test('credentials without an end are asked for each time', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, { AccessKeyId: 'a', SecretAccessKey: 's' }));
  const source = containerCredentials({ url: service.endpoint, timeoutMs: 1000 });
  await source();
  await source();
  assert.equal(service.received.length, 2);
});

test('callers at the same time share one request', async (t) => {
  const service = await fakeService(t, (response) => json(response, 200, answer(start + 3_600_000)));
  const source = containerCredentials({ url: service.endpoint, timeoutMs: 1000 }, () => start);
  await Promise.all([source(), source(), source()]);
  assert.equal(service.received.length, 1);
});

const useless: readonly (readonly [name: string, status: number, body: string])[] = [
  ['a refusal', 403, '{}'],
  ['no JSON', 200, 'wJalrXUtnFEMI'],
  ['no object', 200, 'null'],
  ['half a key', 200, '{"AccessKeyId":"AKID"}'],
];

for (const [name, status, body] of useless) {
  test(`${name} gives no credentials, quotes nothing, and is not kept`, async (t) => {
    const service = await fakeService(t, (response, nth) =>
      nth === 0 ? void response.writeHead(status).end(body) : json(response, 200, answer(start + 3_600_000)),
    );
    const source = containerCredentials({ url: service.endpoint, timeoutMs: 1000 }, () => start);
    await assert.rejects(
      source(),
      (error) => error instanceof CredentialsUnavailable && !/wJal|AKID/.test(error.message),
    );
    assert.equal((await source()).accessKeyId, 'id-0');
  });
}
