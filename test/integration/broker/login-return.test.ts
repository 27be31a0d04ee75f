/** Where a login leads back to: a page of the application, and never anywhere else, judged after the whole round trip. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { transactions } from './outcome.ts';
import { loggedIn } from './person.ts';
import { running } from './running.ts';
import { askForLogin } from './starting.ts';

const broker = running();

let known: Promise<Browser> | undefined;

/** Knows the provider already, so that a login needs no form. */
async function visitor(): Promise<Browser> {
  known ??= loggedIn(broker.origin);
  return known;
}

const query = (returnUrl: string): string => `?returnUrl=${encodeURIComponent(returnUrl)}`;

/** A whole login. @returns the address that the callback sends the browser to, byte for byte */
async function destination(search: string): Promise<string> {
  const browser = await visitor();
  const page = await browser.navigate(`${broker.origin}/bff/login${search}`, { from: `${broker.origin}/` });
  const callback = page.steps.find(({ url }) => url.pathname === '/bff/callback');
  assert.equal(callback?.status, 302);
  assert.equal(callback.headers.get('cache-control'), 'no-store');
  assert.equal(callback.headers.get('referrer-policy'), 'no-referrer');
  return callback.headers.get('location') ?? '';
}

describe('a login leads back', () => {
  const pages: Readonly<Record<string, [returnUrl: string, path: string]>> = {
    'to a page of the application': ['/orders/17', '/orders/17'],
    'with its query and its fragment': ['/orders?page=2&sort=up#row-3', '/orders?page=2&sort=up#row-3'],
    'to a page given with the origin': ['http://localhost:3000/orders', '/orders'],
    'to a page that is relative to the front page': ['orders/17', '/orders/17'],
    'to a page in any script': ['/aufträge/ü', '/auftr%C3%A4ge/%C3%BC'],
    'to a page whose query holds another address': ['/go?to=https://evil.example', '/go?to=https://evil.example'],
  };
  for (const [what, [returnUrl, path]] of Object.entries(pages)) {
    test(what, async () => {
      const url = returnUrl.replace('http://localhost:3000', broker.origin);
      assert.equal(await destination(query(url)), `${broker.origin}${path}`);
    });
  }

  test('to the front page when no page was named', async () => {
    assert.equal(await destination(''), `${broker.origin}/`);
    assert.equal(await destination('?returnUrl='), `${broker.origin}/`);
  });

  test('to the page alone when query and fragment are too long to be remembered', async () => {
    assert.equal(await destination(query(`/orders?filter=${'x'.repeat(300)}#top`)), `${broker.origin}/orders`);
  });
});

const elsewhere = [
  'https://evil.example',
  'https://evil.example/orders',
  'http://evil.example:3000/',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/./\\evil.example',
  '/foo/..//evil.example',
  '/%2e%2e//evil.example',
  '/ /evil.example',
  'https:evil.example',
  'https:/evil.example',
  'http:\\\\evil.example',
  'HTTP://evil.example',
  'hTtP:evil.example:80',
  'javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'blob:ORIGIN/x',
  'ftp://localhost/',
  'https://localhost/',
  'http://localhost/',
  'http://127.0.0.1/',
  'http://user@localhost:3000/',
  'ORIGIN.evil.example/',
  'ORIGIN@evil.example/',
  'ORIGIN\\@evil.example/',
  'ORIGIN//evil.example',
  'ORIGIN/..//evil.example',
  '/x\r\nLocation: https://evil.example',
  '/x\u0000',
  '/%2f%2fevil.example',
  '/%5cevil.example',
  '/;@evil.example',
  '/〱evil.example',
  '/／evil.example',
];

describe('a return URL that looks like a way out', () => {
  for (const payload of elsewhere) {
    test(`stays at home or is refused: ${JSON.stringify(payload)}`, async () => {
      const search = query(payload.replace('ORIGIN', broker.origin));
      const page = await askForLogin(broker, createBrowser(), search);
      if (page.status === 302) {
        const location = await destination(search);
        assert.ok(location.startsWith(`${broker.origin}/`) && !location.startsWith(`${broker.origin}//`), location);
        return;
      }
      assert.deepEqual([page.status, page.headers.get('bff-error')], [400, 'return_url_invalid']);
      assert.doesNotMatch(page.text, /evil/);
    });
  }

  test('is refused in so many cases that this test would notice if all of them passed', async () => {
    let refused = 0;
    for (const payload of elsewhere) {
      const page = await askForLogin(broker, createBrowser(), query(payload.replace('ORIGIN', broker.origin)));
      if (page.status === 400) refused += 1;
    }
    assert.equal(refused, 38);
  });

  const refused: Readonly<Record<string, string>> = {
    'longer than 512 bytes': query(`/${'x'.repeat(512)}`),
    'longer than 512 bytes once encoded': query(`/${'ü'.repeat(100)}`),
    'given twice': `${query('/a')}&returnUrl=/b`,
  };
  for (const [what, search] of Object.entries(refused)) {
    test(`is refused before the provider is asked when it is ${what}`, async () => {
      const browser = createBrowser();
      const page = await askForLogin(broker, browser, search);
      assert.deepEqual([page.status, page.headers.get('bff-error')], [400, 'return_url_invalid']);
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
      assert.deepEqual(transactions(browser), []);
    });
  }
});
