import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkNavigation, wantsHtml } from '../../../functions/http/navigation.ts';

const check = (headers: Record<string, string>): string => {
  const result = checkNavigation({ headers: new Map(Object.entries(headers)) });
  return result.kind === 'ok' ? 'ok' : result.code;
};

const navigation = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' };

describe('what may be opened as a page only', () => {
  test('may be opened by a navigation from anywhere', () => assert.equal(check(navigation), 'ok'));
  test('may be opened by a browser without request metadata', () => assert.equal(check({}), 'ok'));

  const embeddings = [
    'iframe',
    'frame',
    'embed',
    'object',
    'image',
    'script',
    'style',
    'empty',
    'worker',
    'Document',
    '',
  ];
  for (const destination of embeddings) {
    test(`is refused to the destination ${JSON.stringify(destination)}`, () => {
      assert.equal(check({ ...navigation, 'sec-fetch-dest': destination }), 'navigation_required');
    });
  }

  for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket', '']) {
    test(`is refused to the mode ${JSON.stringify(mode)}`, () => {
      assert.equal(check({ 'sec-fetch-mode': mode }), 'navigation_required');
    });
  }

  const prefetches: readonly Record<string, string>[] = [
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-purpose': 'Prefetch;anonymous-client-ip' },
    { purpose: 'prefetch' },
    { purpose: 'prefetch', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors' },
  ];
  for (const headers of prefetches) {
    test(`is refused to a prefetch: ${JSON.stringify(headers)}`, () => {
      assert.equal(check({ ...navigation, ...headers }), 'prefetch_refused');
    });
  }
});

describe('an error', () => {
  const readers: readonly [string, Record<string, string>, boolean][] = [
    ['a page', { 'sec-fetch-mode': 'navigate', accept: '*/*' }, true],
    ['a fetch', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
    ['a browser without request metadata', { accept: 'Text/HTML,application/xhtml+xml,*/*;q=0.8' }, true],
    ['a program', { accept: 'application/json' }, false],
    ['a program that takes anything', { accept: '*/*' }, false],
    ['a program that does not say', {}, false],
  ];
  for (const [name, headers, expected] of readers) {
    test(`${expected ? 'is' : 'is not'} shown as a page to ${name}`, () => {
      assert.equal(wantsHtml({ headers: new Map(Object.entries(headers)) }), expected);
    });
  }
});
