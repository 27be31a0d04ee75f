import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { addToReport } from '../../../functions/audience/report.ts';
import type { ReportEntry } from '../../../functions/audience/report.ts';
import { diagnosticsPage } from '../../../functions/http/diagnostics-page.ts';
import type { DiagnosedApi, DiagnosticsReport } from '../../../functions/http/diagnostics-page.ts';
import { escapeHtml } from '../../../functions/http/html.ts';
import type { HttpResponse } from '../../../functions/http/message.ts';
import { asPage, errorPage, logoutPage } from '../../../functions/http/pages.ts';
import { problem } from '../../../functions/http/problems.ts';

const markupOf = (response: HttpResponse): string => response.body.toString();
const hostile = `"><script>alert('1')</script>&<img src=x onerror=y>`;
const elementsOf = (markup: string): string[] =>
  [...markup.matchAll(/<([a-z0-9]+)[\s/>]/g)].map(([, name]) => name ?? '');

const textOf = (apis: readonly DiagnosedApi[]): string =>
  markupOf(diagnosticsPage(reportOf(apis)))
    .replace(/<style>.*<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

const orders: DiagnosedApi = {
  api: 'orders',
  asked: {
    leg: 'authorize',
    dialect: 'param',
    parameters: ['scope', 'audience'],
    audience: 'https://orders.example.com',
    scope: 'openid read:orders',
  },
  came: {
    format: 'jwt',
    typ: 'at+jwt',
    aud: ['https://orders.example.com', 'https://tenant.example/userinfo'],
    iss: 'https://tenant.example/',
    scope: 'read:orders',
    expiresAt: 1_800_000_000,
  },
  result: 'satisfied',
};
const reportOf = (entries: readonly DiagnosedApi[], omitted = 0): DiagnosticsReport => ({
  at: 1_799_999_000,
  entries,
  omitted,
});

describe('a page', () => {
  const pages: readonly [string, HttpResponse][] = [
    ['of an error', errorPage('login_refused', { ref: 'r', detail: 'd', links: [{ href: '/', text: 'Back' }] })],
    ['of a logout', logoutPage('/bff/logout?sid=1')],
    ['of diagnostics', diagnosticsPage(reportOf([orders]))],
  ];
  for (const [name, response] of pages) {
    const headers = new Map(response.headers);
    const markup = markupOf(response);

    test(`${name} allows its own style sheet and nothing else`, () => {
      const [, style = ''] = /<style>(.*?)<\/style>/s.exec(markup) ?? [];
      const digest = createHash('sha256').update(style).digest('base64');
      assert.equal(
        headers.get('content-security-policy'),
        `default-src 'none'; style-src 'sha256-${digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      );
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    });

    test(`${name} has no script, no form and nothing from elsewhere`, () => {
      const elements = new Set(elementsOf(markup));
      for (const element of ['script', 'img', 'link', 'iframe', 'form', 'base', 'object']) {
        assert.equal(elements.has(element), false, element);
      }
      assert.doesNotMatch(markup, / style=| on[a-z]+=|url\(|@import/);
    });

    test(`${name} can be read aloud: a language, a title, one main part, one first heading`, () => {
      assert.match(markup, /^<!doctype html>\n<html lang="en">/);
      assert.match(markup, /<title>[^<]+<\/title>/);
      for (const element of ['main', 'h1']) {
        assert.equal(elementsOf(markup).filter((found) => found === element).length, 1, element);
      }
    });
  }
});

describe('an error page', () => {
  test('shows title, detail, code and reference, and has the status and header of the problem', () => {
    const response = errorPage('provider_unavailable', { ref: 'request-1', detail: 'Try again.' });
    const headers = new Map(response.headers);
    assert.equal(response.status, 503);
    assert.equal(headers.get('bff-error'), 'provider_unavailable');
    assert.equal(headers.get('retry-after'), '2');
    for (const text of ['The identity provider cannot be reached', 'Try again.', 'provider_unavailable', 'request-1']) {
      assert.ok(markupOf(response).includes(`>${text}<`), text);
    }
  });

  test('shows whatever it is given as text', () => {
    const response = errorPage('login_refused', {
      ref: hostile,
      detail: hostile,
      links: [{ href: `/${hostile}`, text: hostile }],
    });
    assert.doesNotMatch(markupOf(response), /<script|<img|="">/);
  });

  const targets: readonly [string, boolean][] = [
    ['/', true],
    ['/bff/login?a=b', true],
    ['https://app.example.com/', true],
    ['http://localhost:3000/', true],
    ['javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['//evil.example', false],
    ['/\\evil.example', false],
    ['/\t/evil.example', false],
    [' https://a', false],
    ['', false],
  ];
  for (const [href, isLink] of targets) {
    test(`${isLink ? 'links' : 'does not link'} to ${JSON.stringify(href)}`, () => {
      const markup = markupOf(errorPage('login_refused', { ref: 'r', links: [{ href, text: 'Go' }] }));
      assert.equal(markup.includes('<a '), isLink);
      assert.ok(markup.includes('Go'));
    });
  }

  test('offers the login where it cures the error, and nowhere else', () => {
    const loginUrl = '/bff/login?returnUrl=%2F';
    assert.match(
      markupOf(errorPage('session_over', { ref: 'r', loginUrl })),
      /<a href="\/bff\/login\?returnUrl=%2F">Log in</,
    );
    assert.doesNotMatch(markupOf(errorPage('login_refused', { ref: 'r', loginUrl })), /<a /);
  });

  test('says what the problem document says, with the headers that belong to it', () => {
    const refused = problem('method_not_allowed', { ref: 'r', detail: 'Only <GET>.' });
    const shown = asPage({ ...refused, headers: [...refused.headers, ['allow', 'GET']] });
    assert.equal(shown.status, 405);
    assert.match(String(shown.body), /Only &lt;GET&gt;\./);
    const headers = new Map(shown.headers);
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(headers.get('bff-error'), 'method_not_allowed');
    assert.equal(headers.get('allow'), 'GET');
  });

  test('asks to come again when the problem document does', () => {
    const shown = asPage(problem('session_unreadable', { ref: 'r', retryAfterSeconds: 7 }));
    assert.deepEqual(
      shown.headers.filter(([name]) => name === 'retry-after'),
      [['retry-after', '7']],
    );
  });
});

test('the logout page has one link, to the URL that was asked for', () => {
  const markup = markupOf(logoutPage('/bff/logout?sid=a&returnUrl=%2F'));
  assert.deepEqual(
    [...markup.matchAll(/href="([^"]*)"/g)].map(([, href]) => href),
    ['/bff/logout?sid=a&amp;returnUrl=%2F'],
  );
});

describe('the diagnostics page', () => {
  test('says what was asked, what came back and that it is right', () => {
    const words = [
      'orders Accepted: the token is the one that was asked for',
      'Asked request authorize dialect param audience https://orders.example.com',
      'scope openid read:orders sent scope, audience',
      'Received format jwt typ at+jwt aud https://orders.example.com, https://tenant.example/userinfo',
      'iss https://tenant.example/ scope read:orders expires 2027-01-15T08:00:00.000Z',
    ];
    assert.ok(textOf([orders]).includes(words.join(' ')), textOf([orders]));
  });

  test('says which check failed, why and what to do', () => {
    const failed: DiagnosedApi = {
      api: 'orders',
      asked: { leg: 'authorize', dialect: 'registration', parameters: [] },
      came: { format: 'opaque' },
      result: 'opaque_access_token',
      cause: 'No audience was asked for.',
      fix: 'Set apis.orders.audience.',
    };
    assert.match(
      textOf([failed]),
      /Refused: opaque_access_token Cause\. No audience was asked for\. What to do\. Set apis\.orders\.audience\. Asked request authorize dialect registration sent nothing Received format opaque $/,
    );
  });

  test('says that nobody looked into a token which cannot be read', () => {
    assert.match(textOf([{ ...orders, result: 'unverified', came: { format: 'opaque' } }]), /Accepted unverified/);
  });

  test('says of when it is, what found no room, and that there is nothing to say', () => {
    assert.match(textOf([orders]), /as of 2027-01-15T07:43:20\.000Z/);
    assert.doesNotMatch(textOf([orders]), /Without room/);
    assert.match(markupOf(diagnosticsPage(reportOf([orders], 2))), /Without room in the report: 2 more/);
    assert.match(markupOf(diagnosticsPage(undefined)), /log in first/);
  });

  test('shows a date that is none as the number it is', () => {
    assert.match(textOf([{ ...orders, came: { format: 'jwt', expiresAt: 1e300 } }]), /expires 1e\+300/);
  });

  test('shows whatever claims it is given as text', () => {
    const markup = markupOf(
      diagnosticsPage(
        reportOf([
          {
            api: hostile,
            asked: { leg: hostile, dialect: hostile, audience: hostile, parameters: [hostile], scope: hostile },
            came: { format: hostile, typ: hostile, aud: [hostile], iss: hostile, scope: hostile },
            result: hostile,
            cause: hostile,
            fix: hostile,
          },
        ]),
      ),
    );
    assert.doesNotMatch(markup, /<script|<img|="">/);
  });

  test('takes the report of the audience guarantee as it is', () => {
    const satisfied: ReportEntry = {
      api: 'orders',
      asked: { leg: 'authorize', dialect: 'param', parameters: ['audience'] },
      came: { format: 'none' },
      result: 'access_token_missing',
    };
    const report = addToReport(undefined, satisfied, epochSeconds(1_800_000_000));
    assert.match(markupOf(diagnosticsPage(report)), /access_token_missing/);
  });
});

test('escaped text has no character of markup and loses nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ';', '#') }), (text) => {
      const escaped = escapeHtml(text);
      assert.doesNotMatch(escaped, /[<>"']/);
      const back = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' } as Record<string, string>;
      assert.equal(
        escaped.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => back[entity] ?? ''),
        text,
      );
    }),
  );
});
