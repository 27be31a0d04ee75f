import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkFetch, headerlessHeaders } from '../../../functions/http/csrf.ts';
import type { CsrfReason } from '../../../functions/http/csrf.ts';

const origin = 'https://app.example.com';
const one = { publicOrigin: origin, appOrigins: [origin] };
const apart = { publicOrigin: 'https://bff.example.com', appOrigins: [origin] };

interface Sent {
  readonly method?: string;
  readonly headers: Record<string, string>;
  readonly origins?: typeof one;
  readonly headerless?: boolean;
}

const check = ({
  method = 'GET',
  headers,
  origins = one,
  headerless = false,
}: Sent): 'ok' | 'headerless' | CsrfReason => {
  const result = checkFetch({ method, headers: new Map(Object.entries(headers)) }, origins, { headerless });
  if (result.kind === 'rejected') return result.why;
  return result.headerless ? 'headerless' : 'ok';
};

describe('a fetch of the application', () => {
  const passing: readonly [string, Sent][] = [
    ['with the header alone', { headers: { 'x-csrf': '1' } }],
    ['from the same origin', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin', origin } }],
    ['whatever the content type', { method: 'POST', headers: { 'x-csrf': '1', 'content-type': 'Text/PLAIN' } }],
    ['of a browser extension', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'none' } }],
    [
      'from an app origin beside the broker',
      { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-site', origin }, origins: apart },
    ],
    [
      'through the proxy of a development server on an app origin',
      { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin', origin }, origins: apart },
    ],
  ];
  for (const [name, sent] of passing) test(`passes ${name}`, () => assert.equal(check(sent), 'ok'));
});

describe('a request of somebody else', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'get', 'X']) {
    test(`is rejected without the header, be it ${method}`, () => {
      assert.equal(check({ method, headers: { 'sec-fetch-site': 'same-origin', origin } }), 'header_missing');
    });
  }

  for (const value of ['', '0', '01', '1.0', '1,1', '1, 1', ' 1', 'true', '１']) {
    test(`is rejected with the header ${JSON.stringify(value)}`, () => {
      assert.equal(check({ headers: { 'x-csrf': value } }), 'header_wrong');
    });
  }

  const strangers = [
    'null',
    '',
    'https://evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.example',
    'https://evilapp.example.com',
    'https://app.example.com/',
    'https://APP.example.com',
    'https://app.example.com,https://evil.example',
    'https://bff.example.com',
  ];
  for (const stranger of strangers) {
    test(`is rejected from the origin ${JSON.stringify(stranger)}`, () => {
      assert.equal(check({ headers: { 'x-csrf': '1', origin: stranger }, origins: apart }), 'origin_not_allowed');
    });
  }

  const sites: readonly [string, Sent][] = [
    ['cross-site', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' } }],
    ['cross-site, whatever origin it states', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'cross-site', origin } }],
    ['same-site', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-site' } }],
    ['same-site, with the origin of the broker', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-site', origin } }],
    ['same-site and states no origin', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }, origins: apart }],
    ['of an unknown kind', { headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin, cross-site' } }],
  ];
  for (const [name, sent] of sites) {
    test(`is rejected when it is ${name}`, () => assert.equal(check(sent), 'site_not_allowed'));
  }

  test('is not saved by a method that a header claims', () => {
    const headers = { 'x-http-method-override': 'GET', 'sec-fetch-site': 'same-origin' };
    assert.equal(check({ method: 'POST', headers, headerless: true }), 'header_missing');
  });
});

describe('a headerless path', () => {
  for (const method of ['GET', 'HEAD']) {
    test(`passes ${method} from the very same origin`, () => {
      assert.equal(check({ method, headers: { 'sec-fetch-site': 'same-origin' }, headerless: true }), 'headerless');
    });
  }

  test('is nothing special to a request that has the header', () => {
    assert.equal(check({ headers: { 'x-csrf': '1' }, headerless: true }), 'ok');
  });

  const rejected: readonly [string, Sent, CsrfReason][] = [
    ['POST', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }, 'header_missing'],
    ['a browser that does not say where it comes from', { headers: {} }, 'header_missing'],
    ['the address bar', { headers: { 'sec-fetch-site': 'none' } }, 'header_missing'],
    ['another site', { headers: { 'sec-fetch-site': 'cross-site' } }, 'site_not_allowed'],
    ['a sibling host', { headers: { 'sec-fetch-site': 'same-site' } }, 'site_not_allowed'],
    [
      'an app origin beside the broker',
      { headers: { 'sec-fetch-site': 'same-site', origin }, origins: apart },
      'header_missing',
    ],
    ['an opaque origin', { headers: { 'sec-fetch-site': 'same-origin', origin: 'null' } }, 'origin_not_allowed'],
    ['a wrong header', { headers: { 'sec-fetch-site': 'same-origin', 'x-csrf': '2' } }, 'header_wrong'],
  ];
  for (const [name, sent, why] of rejected) {
    test(`rejects ${name}`, () => assert.equal(check({ ...sent, headerless: true }), why));
  }

  test('is answered so that a document cannot act as the application', () => {
    assert.deepEqual(Object.fromEntries(headerlessHeaders), {
      'content-security-policy': 'sandbox',
    });
  });
});
