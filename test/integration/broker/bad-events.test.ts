/** Events as no gateway would make them, straight into the functions: an answer with a stable code, never a crash. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { problems } from '../../../functions/contract/wire.ts';
import type { Outcome } from '../../../infra/local/lambda/function.ts';
import type { Browser } from './browser.ts';
import { loggedIn } from './person.ts';
import { cookiesFor, header } from './raw.ts';
import { running } from './running.ts';

const csrf = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };

const nameOf = (door: 'auth' | 'api'): string => `token-broker-local-${door}`;

const eventFor = (method: string, path: string, cookie = ''): Record<string, unknown> => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: '',
  cookies: cookie === '' ? undefined : cookie.split('; '),
  headers: { ...csrf, host: 'x.execute-api.us-east-1.amazonaws.com', accept: '*/*' },
  requestContext: {
    domainName: 'x.execute-api.us-east-1.amazonaws.com',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'x' },
    requestId: 'r',
    timeEpoch: Date.now(),
  },
  isBase64Encoded: false,
});

/** @returns the status */
function assertAnswered(outcome: Outcome, what: string): number {
  assert.equal(outcome.kind, 'result', `${what} → ${JSON.stringify(outcome)}`);
  const text = outcome.kind === 'result' ? outcome.body.toString() : '';
  const { statusCode, headers, multiValueHeaders, body } = JSON.parse(text) as {
    statusCode: number;
    headers?: Record<string, string>;
    multiValueHeaders?: Record<string, string[]>;
    body: string;
  };
  const said = (name: string): string | undefined => headers?.[name] ?? multiValueHeaders?.[name]?.join();
  assert.ok(statusCode < 500, `${what} → ${statusCode} ${body}`);
  assert.equal(said('x-content-type-options'), 'nosniff', what);
  assert.doesNotMatch(text, /\\n\s+at |node_modules|\.mjs|node:internal/, what);
  const code = said('bff-error');
  if (code !== undefined) assert.ok(Object.hasOwn(problems, code));
  return statusCode;
}

const strange = [
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'x',
  '\u0000',
  [],
  [null],
  ['a', 1],
  {},
  { a: null },
  { length: 1 },
  'é😀',
  'x'.repeat(20_000),
];

describe('an event', () => {
  const broker = running({ table: true });
  let alice: Browser;
  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  it('that is no request of a gateway is refused', async () => {
    const others = [
      ...strange,
      { version: '1.0', httpMethod: 'GET', path: '/bff/user' },
      { requestContext: { elb: {} }, httpMethod: 'GET', path: '/bff/user', headers: {} },
      { Records: [{ eventSource: 'aws:sqs' }] },
      { version: '2.0' },
      { version: '2.0', requestContext: {} },
      { version: '2.0', rawPath: '/bff/user', requestContext: { http: {} } },
      { version: 2, rawPath: '/bff/user', requestContext: { http: { method: 'GET' } } },
    ];
    for (const door of ['auth', 'api'] as const) {
      for (const event of others) {
        const outcome = await broker.stack.lambda.invoke(nameOf(door), event);
        const status = assertAnswered(outcome, JSON.stringify(event).slice(0, 60));
        assert.ok(status === 400 || status === 404, String(status));
      }
    }
  });

  for (const [door, method, path] of [
    ['api', 'GET', '/bff/user'],
    ['api', 'POST', '/bff/refresh'],
    ['api', 'POST', '/api/orders/echo'],
    ['auth', 'GET', '/bff/login'],
    ['auth', 'GET', '/bff/callback'],
    ['auth', 'GET', '/bff/logout'],
    ['auth', 'POST', '/bff/backchannel'],
  ] as const) {
    it(`with any of its parts missing or strange is answered: ${method} ${path}`, async () => {
      const cookie = header(cookiesFor(alice, path));
      const event = eventFor(method, path, cookie);
      const context = event['requestContext'] as Record<string, unknown>;
      const http = context['http'] as Record<string, unknown>;
      const variants: [string, object][] = [];
      for (const value of [undefined, ...strange]) {
        for (const key of [
          ...Object.keys(event),
          'body',
          'queryStringParameters',
          'pathParameters',
          'stageVariables',
        ]) {
          variants.push([key, { ...event, [key]: value }]);
        }
        for (const key of Object.keys(context)) {
          variants.push([key, { ...event, requestContext: { ...context, [key]: value } }]);
        }
        for (const key of Object.keys(http)) {
          variants.push([key, { ...event, requestContext: { ...context, http: { ...http, [key]: value } } }]);
        }
        variants.push(['a header', { ...event, headers: { ...csrf, origin: value } }]);
        variants.push(['a body in base64', { ...event, isBase64Encoded: true, body: value }]);
      }
      for (const [what, variant] of variants) {
        const outcome = await broker.stack.lambda.invoke(nameOf(door), variant);
        assertAnswered(outcome, `${what}: ${JSON.stringify(variant).slice(0, 80)}`);
      }
    });
  }

  it('gives the same answer whether cookies come in a list or in a header', async () => {
    const cookie = header(cookiesFor(alice, '/bff/user'));
    const { cookies: _, ...bare } = eventFor('GET', '/bff/user');
    const inHeader = { ...bare, headers: { ...csrf, Cookie: cookie } };
    for (const event of [eventFor('GET', '/bff/user', cookie), inHeader]) {
      assert.equal(assertAnswered(await broker.stack.lambda.invoke(nameOf('api'), event), 'cookies'), 200);
    }
  });
});
