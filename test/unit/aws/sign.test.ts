import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import aws4 from 'aws4';
import { sign } from '../../../functions/aws/sign.ts';
import { getParameters } from '../../../functions/aws/ssm.ts';
import { fakeService, json } from './service.ts';
import type { Received } from './service.ts';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The signature of a received request, computed step by step from the specification of Signature Version 4. */
function expectedAuthorization({ method, url, headers, body }: Received, secret: string, keyId: string): string {
  const scope = /Credential=[^/]+\/(\d{8}\/[^/]+\/[^/]+\/aws4_request)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const canonicalHeaders = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, url, '', canonicalHeaders.join(''), signed, sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce((last: string | Buffer, part) => hmac(last, part), `AWS4${secret}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

for (const sessionToken of [undefined, 'IQoJb3JpZ2luX2VjE//+=']) {
  test(`what arrives carries its own signature ${sessionToken === undefined ? 'without' : 'with'} a session token`, async (t) => {
    const service = await fakeService(t, (response) => json(response, 200, { Parameters: [] }));
    await getParameters(
      {
        region: 'eu-central-1',
        endpoint: service.endpoint,
        credentials: async () => ({ ...credentials, sessionToken }),
        prefix: '/töken-broker/dev',
        timeoutMs: 1000,
      },
      ['client-secret'],
    );
    const [received] = service.received;
    assert.ok(received);
    const { authorization } = received.headers;
    assert.equal(authorization, expectedAuthorization(received, credentials.secretAccessKey, credentials.accessKeyId));
    assert.equal(authorization.includes('x-amz-security-token'), sessionToken !== undefined);
    assert.match(authorization, /SignedHeaders=.*host;x-amz-date;/);
    assert.match(authorization, /\/eu-central-1\/ssm\/aws4_request/);
  });
}

test('the date of the signature is the time it is given', () => {
  const headers = sign(
    { service: 'dynamodb', region: 'us-east-1', host: 'h', target: 'T.Op', contentType: 'c', body: '{}' },
    credentials,
    Date.UTC(2026, 10, 22, 9, 5, 3, 999),
  );
  assert.equal(headers['x-amz-date'], '20261122T090503Z');
  assert.match(headers['authorization'] ?? '', /Credential=AKIDEXAMPLE\/20261122\/us-east-1\/dynamodb\/aws4_request,/);
});

for (const day of [22, 23]) {
  for (const service of ['ssm', 'dynamodb']) {
    for (const sessionToken of [undefined, 'IQoJb3JpZ2luX2VjE//+=']) {
      const how = sessionToken === undefined ? 'long-lived' : 'temporary';
      test(`a call of ${service} with ${how} credentials on day ${day} is signed as aws4 signs it`, () => {
        const given = { ...credentials, ...(sessionToken !== undefined && { sessionToken }) };
        const request = {
          service,
          region: 'eu-central-1',
          host: `${service}.eu-central-1.amazonaws.com`,
          target: 'Service_1.Operation',
          contentType: 'application/x-amz-json-1.1',
          body: JSON.stringify({ Name: 'töken' }),
        };
        const { authorization, ...headers } = sign(request, given, Date.UTC(2026, 10, day, 23, 59, 59));
        const length = Buffer.byteLength(request.body);
        const { host, body, region } = request;
        const expected = aws4.sign(
          { service, region, method: 'POST', path: '/', headers: { host, 'content-length': length, ...headers }, body },
          credentials,
        );
        assert.equal(authorization, expected.headers?.['Authorization']);
      });
    }
  }
}
