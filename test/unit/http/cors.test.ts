import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { corsHeaders } from '../../../functions/http/cors.ts';
import { preflight } from '../../../functions/http/preflight.ts';

const app = 'https://app.example.com';
const apart = { publicOrigin: 'https://bff.example.com', appOrigins: [app, 'https://admin.example.com'] };
const one = { publicOrigin: app, appOrigins: [app] };

const headersOf = (pairs: readonly (readonly [string, string])[]): Map<string, string> => new Map(pairs);
const isCors = (name: string): boolean => name.startsWith('access-control-');

function preflightOf(
  headers: Record<string, string>,
  origins = apart,
): { status: number; headers: Map<string, string> } {
  const response = preflight({ headers: new Map(Object.entries(headers)) }, origins);
  assert.equal(response.body, '');
  assert.deepEqual(response.cookies, []);
  return { status: response.status, headers: headersOf(response.headers) };
}

const sharedWith = (origin: string | undefined, origins = apart): Map<string, string> =>
  headersOf(corsHeaders({ headers: new Map(origin === undefined ? [] : [['origin', origin]]) }, origins));

const strangers = ['https://evil.example', 'null', 'https://app.example.com.evil.example', 'http://app.example.com'];

describe('a preflight', () => {
  for (const origin of apart.appOrigins) {
    test(`of ${origin} is told what it may do, by name`, () => {
      const { status, headers } = preflightOf({ origin, 'access-control-request-headers': 'x-csrf' });
      assert.equal(status, 204);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
      assert.equal(headers.get('access-control-allow-methods'), 'GET, HEAD, POST, PUT, PATCH, DELETE');
      assert.equal(headers.get('access-control-max-age'), '7200');
      assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
      assert.equal(headers.get('cache-control'), 'no-store');
    });
  }

  for (const origin of [...strangers, apart.publicOrigin]) {
    test(`of ${origin} gets 204 and no CORS header`, () => {
      const { status, headers } = preflightOf({ origin, 'access-control-request-headers': 'x-csrf' });
      assert.equal(status, 204);
      assert.deepEqual([...headers.keys()].filter(isCors), []);
      assert.match(headers.get('vary') ?? '', /\bOrigin\b/);
    });
  }

  test('without an origin gets 204 and no CORS header', () => {
    assert.deepEqual([...preflightOf({}).headers.keys()].filter(isCors), []);
  });

  const requested: readonly [string, string, string][] = [
    ['nothing', '', 'x-csrf, content-type'],
    ['names', 'X-CSRF, if-match,x-request-id', 'x-csrf, content-type, if-match, x-request-id'],
    ['what is no name', '*/*, a b, x\u0000y, ü, ok', 'x-csrf, content-type, ok'],
    ['a name without end', 'a'.repeat(65), 'x-csrf, content-type'],
  ];
  for (const [name, sent, allowed] of requested) {
    test(`that asks for ${name} is allowed ${allowed}`, () => {
      const { headers } = preflightOf({ origin: app, 'access-control-request-headers': sent });
      assert.equal(headers.get('access-control-allow-headers'), allowed);
    });
  }

  test('that asks for very many headers is answered in few bytes', () => {
    const many = Array.from({ length: 5000 }, (_, index) => `x-${index}`).join(',');
    const { headers } = preflightOf({ origin: app, 'access-control-request-headers': many });
    assert.ok((headers.get('access-control-allow-headers') ?? '').length < 1200);
  });
});

describe('an answer', () => {
  test('to an app origin beside the broker can be read there, errors included', () => {
    assert.deepEqual(Object.fromEntries(sharedWith(app)), {
      'access-control-allow-origin': app,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'bff-error, retry-after',
      vary: 'Origin',
    });
  });

  for (const origin of [...strangers, apart.publicOrigin, undefined]) {
    test(`to ${origin ?? 'no origin'} names nobody`, () => {
      assert.deepEqual(Object.fromEntries(sharedWith(origin)), { vary: 'Origin' });
    });
  }

  test('has no such header where broker and application have one origin', () => {
    assert.deepEqual(Object.fromEntries(sharedWith(app, one)), {});
  });
});
