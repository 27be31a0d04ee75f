import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, match } from './fixtures.ts';

const found: readonly (readonly [path: string, rest: string])[] = [
  ['/api/orders', ''],
  ['/api/orders/', '/'],
  ['/api/orders/1/items/', '/1/items/'],
  ['/%61pi/order%73/a%20b', '/a%20b'],
  ['/api/orders/api/orders/v1', '/api/orders/v1'],
];

for (const [path, rest] of found) {
  test(`${path} belongs to the API, with ${JSON.stringify(rest)} below it`, () => {
    assert.deepEqual([match(path)?.route.name, match(path)?.rest], ['orders', rest]);
  });
}

const unknown = [
  '/',
  '/api',
  '/api/order',
  '/api/orders-admin',
  '/api/ordersx/1',
  '/api/orders%20',
  '/API/orders',
  '/api/ORDERS/1',
  '/x/api/orders',
  '/api/orders;x',
  '/api/unknown/orders',
];

for (const path of unknown) {
  test(`${path} belongs to no API`, () => assert.equal(match(path), undefined));
}

test('APIs whose paths differ in length are told apart', () => {
  const apis = {
    orders: api({ path: '/api/orders' }),
    graph: api({ path: '/graph' }),
    profile: api({ path: '/api/v2/profile' }),
  };
  const names = ['/graph/x/y', '/api/v2/profile/me', '/api/orders/v2'].map((path) => match(path, apis)?.route.name);
  assert.deepEqual(names, ['graph', 'profile', 'orders']);
});

const bases: readonly (readonly [upstream: string, origin: string, basePath: string])[] = [
  ['https://orders.example.com', 'https://orders.example.com', ''],
  ['https://orders.example.com/', 'https://orders.example.com', ''],
  ['https://orders.example.com/v1/x/', 'https://orders.example.com', '/v1/x'],
  ['http://127.0.0.1:4001/v1', 'http://127.0.0.1:4001', '/v1'],
];

for (const [upstream, origin, basePath] of bases) {
  test(`${upstream} is the base ${basePath} at ${origin}`, () => {
    const route = match('/api/orders', { orders: api({ upstream }) })?.route;
    assert.deepEqual([route?.origin, route?.basePath], [origin, basePath]);
  });
}

const patterns: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
  ['/*', ['', '/', '/x', '/x/y/'], []],
  [
    '/invoices/*',
    ['/invoices/1', '/invoices/1/pdf', '/invoices/1/'],
    ['', '/invoices', '/invoices/', '/invoicesx/1', '/x/invoices/1'],
  ],
  ['/status', ['/status', '/st%61tus'], ['', '/', '/status/', '/status/x', '/statusx', '/STATUS', '/x/status']],
];

for (const [pattern, matching, other] of patterns) {
  for (const kind of ['anonymous', 'headerless'] as const) {
    const isMatch = (rest: string) => match(`/api/orders${rest}`, { orders: api({ [kind]: [pattern] }) })?.[kind];

    test(`${kind} ${pattern} is for ${matching.join(', ')}`, () => {
      assert.deepEqual(matching.filter(isMatch), matching);
    });

    test(`${kind} ${pattern} is not for others`, () => {
      assert.deepEqual(other.filter(isMatch), []);
    });
  }
}

test('without patterns nothing is anonymous or headerless', () => {
  const result = match('/api/orders/1');
  assert.deepEqual([result?.anonymous, result?.headerless], [false, false]);
});
