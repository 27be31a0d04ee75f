/** The gateway hands over events as an HTTP API does, makes answers of results, and keeps its limits. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Gateway } from '../../../infra/local/gateway/gateway.ts';
import { startHttpApi } from '../../../infra/local/gateway/http-api.ts';
import { createLambda } from '../../../infra/local/lambda/lambda.ts';
import type { Lambda } from '../../../infra/local/lambda/lambda.ts';
import { lineCollector, tinyFunction } from './fixture.ts';
import type { TinyFunction } from './fixture.ts';
import { sendRaw, valuesOf } from './raw-http.ts';
import type { RawAnswer } from './raw-http.ts';

/** Under `/echo` answers with its event; elsewhere with the JSON in the request's body, or as that says. */
const echo = `
  export const handler = async (event) => {
    if (event.rawPath.startsWith('/echo')) {
      return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
    }
    const told = JSON.parse(event.body ?? '{}');
    if (told.throw) throw new Error('as told');
    if (told.waitMs) await new Promise((resolve) => setTimeout(resolve, told.waitMs));
    return told.size ? { statusCode: 200, body: 'x'.repeat(told.size) } : told.result;
  };`;

const api = { apiId: 'local', accountId: '000000000000', domainName: 'local.execute-api.eu-central-1.amazonaws.com' };

let tiny: TinyFunction;
let lambda: Lambda;
let gateway: Gateway;

before(async () => {
  tiny = await tinyFunction(echo);
  lambda = createLambda([tiny], lineCollector().sink);
  const to = { functionName: 'tiny', timeoutMs: 30_000 };
  const routes = [
    { key: 'GET /echo/exact', ...to },
    { key: 'ANY /echo/{name}/x', ...to },
    { key: 'POST /hurried', functionName: 'tiny', timeoutMs: 300 },
    { key: '$default', ...to },
  ];
  gateway = await startHttpApi({ routes: () => routes, api, lambda });
});

after(async () => {
  await gateway.close();
  await lambda.close();
  await tiny.remove();
});

async function eventOf(
  requestLine: string,
  headers: string[] = [],
  body: Buffer | string = '',
): Promise<APIGatewayProxyEventV2> {
  const answer = await sendRaw(gateway.origin, `${requestLine} HTTP/1.1`, headers, body);
  return JSON.parse(answer.body) as APIGatewayProxyEventV2;
}

describe('the event of a request', () => {
  test('cookies stand apart from the other headers, as they were sent', async () => {
    const event = await eventOf('GET /echo', ['Cookie: a=1; b="x y"; a=2', 'Cookie: c=3']);
    assert.deepEqual(event.cookies, ['a=1', 'b="x y"', 'a=2', 'c=3']);
    assert.equal(event.headers['cookie'], undefined);
  });

  test('there are no cookies where none were sent', async () => {
    assert.equal('cookies' in (await eventOf('GET /echo')), false);
  });

  test('header names are in lower case and repeated headers joined by commas', async () => {
    const event = await eventOf('GET /echo', ['X-One: 1', 'x-ONE: 2', 'X-Two:  a, b ']);
    assert.deepEqual([event.headers['x-one'], event.headers['x-two']], ['1,2', 'a, b']);
  });

  test("the viewer's host is not to be seen", async () => {
    assert.equal((await eventOf('GET /echo')).headers['host'], api.domainName);
  });

  const paths: readonly [sent: string, seen: string][] = [
    ['/echo/a%2Fb', '/echo/a/b'],
    ['/echo/%2e%2e%2fx', '/echo/../x'],
    ['/echo/caf%C3%A9', '/echo/café'],
    ['/echo/100%25', '/echo/100%'],
    ['/echo/a+b', '/echo/a+b'],
    ['/echo/%zz', '/echo/%zz'],
    ['/echo/%ff', '/echo/\ufffd'],
    ['/echo//x/', '/echo//x/'],
  ];
  for (const [sent, seen] of paths) {
    test(`the path ${sent} arrives decoded as ${seen}`, async () => {
      const event = await eventOf(`GET ${sent}`);
      assert.deepEqual([event.rawPath, event.requestContext.http.path], [seen, seen]);
    });
  }

  test('the query arrives byte for byte, and its parameters decoded and joined beside it', async () => {
    const event = await eventOf('GET /echo?a=%20x+y&a=2&&b=%2F&c');
    assert.equal(event.rawQueryString, 'a=%20x+y&a=2&&b=%2F&c');
    assert.deepEqual(event.queryStringParameters, { a: ' x y,2', b: '/', c: '' });
  });

  test('without a query there are no parameters', async () => {
    const event = await eventOf('GET /echo');
    assert.deepEqual([event.rawQueryString, 'queryStringParameters' in event], ['', false]);
  });

  const bytes = Buffer.from([0, 255, 128, 10]);
  const bodies: readonly [type: string, body: Buffer, isBase64Encoded: boolean][] = [
    ['application/json', Buffer.from('{"ü":1}'), false],
    ['text/plain; charset=utf-8', Buffer.from('ü'), false],
    ['application/x-www-form-urlencoded', Buffer.from('a=1'), true],
    ['application/octet-stream', bytes, true],
    ['text/plain', bytes, true],
  ];
  for (const [type, body, isBase64Encoded] of bodies) {
    test(`a body of ${type} with ${body.length} bytes is ${isBase64Encoded ? 'base64' : 'text'}`, async () => {
      const headers = [`Content-Type: ${type}`, `Content-Length: ${body.length}`];
      const event = await eventOf('POST /echo', headers, body);
      assert.equal(event.isBase64Encoded, isBase64Encoded);
      assert.deepEqual(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8'), body);
    });
  }

  test('a chunked body arrives whole, with its length', async () => {
    const headers = ['Content-Type: text/plain', 'Transfer-Encoding: chunked'];
    const event = await eventOf('POST /echo', headers, '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n');
    assert.deepEqual([event.body, event.headers['content-length']], ['abcde', '5']);
    assert.equal(event.headers['transfer-encoding'], undefined);
  });

  test('there is no body where none was sent', async () => {
    const event = await eventOf('GET /echo');
    assert.deepEqual(['body' in event, event.isBase64Encoded], [false, false]);
  });

  test('says which route it took and what its variables stand for', async () => {
    const event = await eventOf('POST /echo/o%20ne/x');
    assert.equal(event.routeKey, 'ANY /echo/{name}/x');
    assert.deepEqual(event.pathParameters, { name: 'o ne' });
  });

  test('says who asked, how and when', async () => {
    const started = Date.now();
    const { requestContext: context } = await eventOf('PATCH /echo', ['User-Agent: me']);
    assert.deepEqual(
      [context.http.method, context.http.userAgent, context.http.protocol, context.http.sourceIp, context.stage],
      ['PATCH', 'me', 'HTTP/1.1', '127.0.0.1', '$default'],
    );
    assert.ok(context.timeEpoch >= started && context.timeEpoch <= Date.now());
    assert.match(context.time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  });
});

async function told(order: object, path = '/told'): Promise<RawAnswer> {
  const body = JSON.stringify(order);
  const headers = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  return sendRaw(gateway.origin, `POST ${path} HTTP/1.1`, headers, body);
}

const answered = async (result: unknown): Promise<RawAnswer> => told({ result });

describe('the answer made of a result', () => {
  test('each cookie becomes a header of its own, bytes unchanged', async () => {
    const cookies = ['a=1; Path=/; Secure', 'b="x, y"; Expires=Wed, 21 Oct 2026 07:28:00 GMT'];
    assert.deepEqual(valuesOf(await answered({ statusCode: 204, cookies }), 'set-cookie'), cookies);
  });

  test('a base64 body is sent as the bytes it stands for', async () => {
    const answer = await answered({ statusCode: 200, body: 'AP+ACg==', isBase64Encoded: true });
    assert.deepEqual(answer.bytes, Buffer.from([0, 255, 128, 10]));
    assert.deepEqual(valuesOf(answer, 'content-length'), ['4']);
  });

  const bare: readonly [result: unknown, body: string][] = [
    [{ hello: 'x' }, '{"hello":"x"}'],
    ['hello', 'hello'],
    [[1, 2], '[1,2]'],
    [null, 'null'],
  ];
  for (const [result, body] of bare) {
    test(`the result ${JSON.stringify(result)} without a status is 200 with JSON`, async () => {
      const answer = await answered(result);
      assert.deepEqual([answer.status, answer.body], [200, body]);
      assert.deepEqual(valuesOf(answer, 'content-type'), ['application/json']);
    });
  }

  test('status and headers are passed on, headers of the connection are not', async () => {
    const headers = { 'X-One': '1', 'Content-Length': '999', 'Transfer-Encoding': 'chunked', Location: '/next' };
    const answer = await answered({ statusCode: 302, headers });
    assert.equal(answer.status, 302);
    assert.deepEqual(valuesOf(answer, 'x-one'), ['1']);
    assert.deepEqual(valuesOf(answer, 'location'), ['/next']);
    assert.deepEqual(valuesOf(answer, 'content-length'), ['0']);
    assert.deepEqual(valuesOf(answer, 'transfer-encoding'), []);
  });

  test('a HEAD request gets the headers alone', async () => {
    const answer = await sendRaw(gateway.origin, 'HEAD /echo HTTP/1.1');
    assert.deepEqual([answer.status, answer.body], [200, '']);
  });

  const broken: readonly [reason: string, order: object][] = [
    ['the function throws', { throw: true }],
    ['the status is no status', { result: { statusCode: 'many' } }],
    ['the body is no text', { result: { statusCode: 200, body: { a: 1 } } }],
    ['a header holds a line end', { result: { statusCode: 200, headers: { 'x-one': 'a\r\nb: c' } } }],
    ['the answer is above 6 MB', { size: 6 * 1024 * 1024 }],
  ];
  for (const [reason, order] of broken) {
    test(`500 of the gateway's own when ${reason}`, async () => {
      const answer = await told(order);
      assert.deepEqual([answer.status, answer.body], [500, '{"message":"Internal Server Error"}']);
    });
  }
});

describe('the limits of the gateway', () => {
  const head = 'GET /echo/limit HTTP/1.1';

  /** Pads the head of a request to a number of bytes, everything included. */
  async function withHeadBytes(bytes: number): Promise<RawAnswer> {
    const { host } = new URL(gateway.origin);
    const fixed = `${head}\r\nHost: ${host}\r\nConnection: close\r\nX-Pad: \r\n\r\n`.length;
    return sendRaw(gateway.origin, head, [`X-Pad: ${'x'.repeat(bytes - fixed)}`]);
  }

  test('10,240 bytes of request line and headers pass', async () => {
    assert.equal((await withHeadBytes(10_240)).status, 200);
  });

  test('one byte more is refused with 431', async () => {
    assert.equal((await withHeadBytes(10_241)).status, 431);
  });

  const bodies: readonly [bytes: number, status: number][] = [
    [4_000_000, 200],
    [5_000_000, 413],
    [10 * 1024 * 1024 + 1, 413],
  ];
  for (const [bytes, status] of bodies) {
    test(`a binary body of ${bytes} bytes is answered with ${status}`, async () => {
      const headers = [`Content-Length: ${bytes}`, 'Content-Type: application/octet-stream'];
      const answer = await sendRaw(gateway.origin, 'POST /echo/limit HTTP/1.1', headers, Buffer.alloc(bytes));
      assert.equal(answer.status, status);
    });
  }

  test('an integration that takes too long is answered with 503 while the function goes on', async () => {
    const answer = await told({ waitMs: 2_000, result: 'late' }, '/hurried');
    assert.deepEqual([answer.status, answer.body], [503, '{"message":"Service Unavailable"}']);
    assert.ok(lambda.processes().some(({ state }) => state === 'busy'));
  });
});

test('without a matching route and without $default the answer is 404', async (t) => {
  const empty = await startHttpApi({ routes: () => [], api, lambda });
  t.after(async () => empty.close());
  assert.equal((await sendRaw(empty.origin, 'GET /x HTTP/1.1')).status, 404);
});
