/** A REST API and Function URLs hand over events and make answers in their own way, and keep their own limits. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import { functionUrl, functionUrlRoutes } from '../../../infra/local/gateway/function-url.ts';
import { startGateway } from '../../../infra/local/gateway/gateway.ts';
import type { Gateway } from '../../../infra/local/gateway/gateway.ts';
import { restApi } from '../../../infra/local/gateway/rest-api.ts';
import { createLambda } from '../../../infra/local/lambda/lambda.ts';
import type { Lambda } from '../../../infra/local/lambda/lambda.ts';
import { lineCollector, tinyFunction } from './fixture.ts';
import type { TinyFunction } from './fixture.ts';
import { sendRaw, valuesOf } from './raw-http.ts';
import type { RawAnswer } from './raw-http.ts';

/** Answers with its event, or as the header `x-told` says. */
const echo = `
  export const handler = async (event) => {
    const headers = { ...event.headers };
    const told = headers['X-Told'] ?? headers['x-told'];
    return told ? JSON.parse(told) : { statusCode: 200, headers: {}, body: JSON.stringify(event) };
  };`;

const api = { apiId: 'local', accountId: '000000000000', domainName: 'local.example' };
const routes = [
  { key: 'GET /bff/login', functionName: 'tiny', timeoutMs: 30_000 },
  { key: 'ANY /{proxy+}', functionName: 'tiny', timeoutMs: 30_000 },
];

let tiny: TinyFunction;
let lambda: Lambda;
let rest: Gateway;
let url: Gateway;

before(async () => {
  tiny = await tinyFunction(echo);
  lambda = createLambda([tiny], lineCollector().sink);
  rest = await startGateway(restApi, { routes: () => routes, api, lambda });
  url = await startGateway(functionUrl, { routes: () => routes, api, lambda });
});

after(async () => {
  await rest.close();
  await url.close();
  await lambda.close();
  await tiny.remove();
});

const restEvent = async (line: string, headers: string[] = [], body: Buffer | string = '') =>
  JSON.parse((await sendRaw(rest.origin, `${line} HTTP/1.1`, headers, body)).body) as APIGatewayProxyEvent;

const told = async ({ origin }: Gateway, result: unknown): Promise<RawAnswer> =>
  sendRaw(origin, 'GET /x HTTP/1.1', [`X-Told: ${JSON.stringify(result)}`]);

describe('a REST API', () => {
  test('leaves the path encoded and puts the stage before it in the context alone', async () => {
    const { path, resource, requestContext } = await restEvent('GET /a%2Fb/%C3%A9');
    assert.deepEqual([path, resource, requestContext.path], ['/a%2Fb/%C3%A9', '/{proxy+}', '/live/a%2Fb/%C3%A9']);
  });

  test('decodes the query and keeps all values of a name', async () => {
    const event = await restEvent('GET /x?q=a%26b&p=a+b&r=1&r=2&e');
    assert.deepEqual(event.multiValueQueryStringParameters, { q: ['a&b'], p: ['a b'], r: ['1', '2'], e: [''] });
    assert.equal(event.queryStringParameters?.['r'], '2');
  });

  test('keeps all values of a header under the name as sent, cookies among them', async () => {
    const { multiValueHeaders, headers } = await restEvent('GET /x', ['X-One: 1', 'X-One: 2', 'Cookie: a=1; b=2']);
    assert.deepEqual([multiValueHeaders['X-One'], headers['X-One']], [['1', '2'], '2']);
    assert.deepEqual(multiValueHeaders['Cookie'], ['a=1; b=2']);
  });

  test('hands every body over as base64', async () => {
    const event = await restEvent('POST /x', ['Content-Type: text/plain', 'Content-Length: 2'], 'hi');
    assert.deepEqual([event.body, event.isBase64Encoded], ['aGk=', true]);
    const none = await restEvent('GET /x');
    assert.deepEqual([none.body, none.isBase64Encoded], [null, false]);
  });

  test('sends each value of a header and each cookie on a line of its own, and keeps some names for itself', async () => {
    const multiValueHeaders = { vary: ['A', 'B'], 'set-cookie': ['a=1', 'b=2'], 'www-authenticate': ['Bearer'] };
    const answer = await told(rest, { statusCode: 401, multiValueHeaders });
    assert.deepEqual(valuesOf(answer, 'vary'), ['A', 'B']);
    assert.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1', 'b=2']);
    assert.deepEqual(valuesOf(answer, 'www-authenticate'), []);
    assert.deepEqual(valuesOf(answer, 'x-amzn-remapped-www-authenticate'), ['Bearer']);
  });

  test('answers 502 where the result has no status', async () => {
    assert.equal((await told(rest, { hello: 'x' })).status, 502);
  });

  test('takes 10,240 bytes of headers, however long the request line is', async () => {
    const { host } = new URL(rest.origin);
    const fixed = `Host: ${host}\r\nConnection: close\r\nX-Pad: \r\n\r\n`.length;
    const withHeaderBytes = async (bytes: number): Promise<number> =>
      (await sendRaw(rest.origin, `GET /${'p'.repeat(500)} HTTP/1.1`, [`X-Pad: ${'x'.repeat(bytes - fixed)}`])).status;
    assert.deepEqual([await withHeaderBytes(10_240), await withHeaderBytes(10_241)], [200, 431]);
  });
});

describe('a Function URL', () => {
  test('leaves path and query as they were sent', async () => {
    const answer = await sendRaw(url.origin, 'GET /a%2Fb?p=a+b&r=%41 HTTP/1.1');
    const event = JSON.parse(answer.body) as APIGatewayProxyEventV2;
    assert.deepEqual([event.rawPath, event.rawQueryString, event.routeKey], ['/a%2Fb', 'p=a+b&r=%41', '$default']);
  });

  test('has no limit of its own for headers', async () => {
    assert.equal((await sendRaw(url.origin, 'GET /x HTTP/1.1', [`X-Pad: ${'x'.repeat(20_000)}`])).status, 200);
  });

  test('is chosen by the path alone, and waits as long as the function may run', () => {
    const described = { ...tiny, package: 'tiny.zip', timeoutSeconds: 29, logFormat: 'Text' as const };
    const functions = [
      { ...described, name: 'auth', id: 'AuthLambdaFunction' },
      { ...described, name: 'api', id: 'ApiLambdaFunction' },
    ];
    const paths = { basePath: '/bff', callbackPath: '/signin' };
    const found = functionUrlRoutes({ routes: [], functions, tables: [], streaming: [] }, paths);
    assert.deepEqual(
      found.map(({ key, functionName, timeoutMs }) => [key, functionName, timeoutMs]),
      [
        ['ANY /bff/login', 'auth', 30_000],
        ['ANY /signin', 'auth', 30_000],
        ['ANY /bff/logout', 'auth', 30_000],
        ['ANY /bff/logout/callback', 'auth', 30_000],
        ['ANY /bff/backchannel', 'auth', 30_000],
        ['$default', 'api', 30_000],
      ],
    );
  });
});
