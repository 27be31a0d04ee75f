import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problems } from '../../../functions/contract/wire.ts';
import type { ProblemCode } from '../../../functions/contract/wire.ts';
import { empty, json, redirect, withHeaders } from '../../../functions/http/answers.ts';
import { diagnosticsPage } from '../../../functions/http/diagnostics-page.ts';
import type { HttpResponse } from '../../../functions/http/message.ts';
import { errorPage, logoutPage } from '../../../functions/http/pages.ts';
import { problem } from '../../../functions/http/problems.ts';

const codes = Object.keys(problems) as ProblemCode[];
const headersOf = (response: HttpResponse): Map<string, string> => new Map(response.headers);
const bodyOf = (response: HttpResponse): Record<string, unknown> =>
  JSON.parse(response.body.toString()) as Record<string, unknown>;

describe('every answer of the broker', () => {
  const answers: readonly [string, HttpResponse][] = [
    ['nothing', empty(401)],
    ['JSON', json([])],
    ['a redirect', redirect('https://app.example.com/')],
    ['a problem', problem('csrf_rejected', { ref: 'r' })],
    ['an error page', errorPage('csrf_rejected', { ref: 'r' })],
    ['the logout page', logoutPage('/bff/logout')],
    ['the diagnostics page', diagnosticsPage(undefined)],
  ];
  for (const [name, response] of answers) {
    test(`is not stored, sniffed, framed, embedded or named as a referrer: ${name}`, () => {
      const headers = headersOf(response);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
      assert.match(headers.get('strict-transport-security') ?? '', /^max-age=\d{7,}$/);
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none';.*frame-ancestors 'none'/);
      assert.equal(headers.size, response.headers.length, 'a header occurs twice');
    });
  }
});

describe('a redirect', () => {
  test('is a 302 to the URL with its cookies', () => {
    const cookie = { name: 'a', value: '', path: '/', sameSite: 'Lax' } as const;
    const response = redirect('https://app.example.com/?a=b#c', [cookie]);
    assert.equal(response.status, 302);
    assert.equal(headersOf(response).get('location'), 'https://app.example.com/?a=b#c');
    assert.deepEqual(response.cookies, [cookie]);
  });

  for (const location of ['', 'https://a/\r\nset-cookie: b', 'https://a/ b', 'https://a/ü']) {
    test(`is never written to ${JSON.stringify(location)}`, () => assert.throws(() => redirect(location), TypeError));
  }
});

test('an answer takes further headers', () => {
  const response = withHeaders(json(null), [['vary', 'Origin']]);
  assert.equal(response.body, 'null');
  assert.equal(headersOf(response).get('content-type'), 'application/json; charset=utf-8');
  assert.equal(headersOf(response).get('vary'), 'Origin');
});

describe('a problem', () => {
  for (const code of codes) {
    test(`${code} is an RFC 9457 document with its code and reference`, () => {
      const response = problem(code, { ref: 'request-1', detail: 'Why.' });
      const status = problems[code];
      const title = code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
      assert.equal(response.status, status);
      assert.equal(headersOf(response).get('content-type'), 'application/problem+json');
      assert.equal(headersOf(response).get('bff-error'), code);
      assert.equal(headersOf(response).has('retry-after'), status === 503);
      assert.deepEqual(bodyOf(response), {
        type: `urn:token-broker:problem:${code}`,
        title,
        status,
        code,
        detail: 'Why.',
        ref: 'request-1',
      });
    });
  }

  test('that a login cures says where, and no other one does', () => {
    for (const code of codes) {
      const { status, login_url: loginUrl } = bodyOf(problem(code, { ref: 'r', loginUrl: '/bff/login' }));
      assert.equal(loginUrl, status === 401 ? '/bff/login' : undefined);
    }
  });

  for (const [given, sent] of [
    [undefined, '2'],
    [30, '30'],
    [0.2, '1'],
    [-5, '1'],
  ] as const) {
    test(`that passes says to come again after ${sent} s when it is given ${given}`, () => {
      const response = problem('session_unreadable', { ref: 'r', retryAfterSeconds: given });
      assert.equal(headersOf(response).get('retry-after'), sent);
    });
  }

  test('takes further members, but none in place of its own', () => {
    const body = bodyOf(
      problem('login_required', { ref: 'r', extra: { acr_values: 'a', code: 'other', status: 200 } }),
    );
    assert.deepEqual([body['acr_values'], body['code'], body['status']], ['a', 'login_required', 401]);
  });
});
