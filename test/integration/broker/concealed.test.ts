/** The search for secrets in answers finds them: in every place, and behind every encoding that occurs in text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readableIn, textOf } from './concealed.ts';

/** Looks different in HTML, JSON and URLs. */
const clientSecret = 'CLIENT/SECRET+"&<MARKER>=0123456789';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a secret would be found', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhdXRoMHxhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
  for (const [how, text] of Object.entries({
    'as it is': `"${clientSecret}"`,
    'in percent': `/?secret=${encodeURIComponent(clientSecret)}`,
    'in percent, all of it': [...Buffer.from(clientSecret)].map((byte) => `%${byte.toString(16)}`).join(''),
    'in HTML': clientSecret
      .replaceAll('&', '&amp;')
      .replaceAll('"', '&#34;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&#x3e;'),
    'in JSON': JSON.stringify({ detail: clientSecret }),
    'in base64': `Basic ${base64(`token-broker:${clientSecret}`)}`,
    'in base64url': Buffer.from(clientSecret).toString('base64url'),
    'in base64 in percent': encodeURIComponent(base64(`a${clientSecret}`)),
    'the end of a token': `…${token.split('.')[2] ?? ''}`,
    'the claims of a token': token.split('.')[1] ?? '',
  })) {
    it(how, () => assert.equal(readableIn(text, [clientSecret, token]).length, 1));
  }

  it('in a status line, a header or a body', () => {
    for (const [body, init] of [
      ['', { statusText: clientSecret.replaceAll('"', '') }],
      ['', { headers: { 'x-a': clientSecret } }],
      [clientSecret, {}],
    ] as const) {
      const text = textOf({ answer: new Response(body, init), text: body });
      assert.equal(readableIn(text, [clientSecret, clientSecret.replaceAll('"', '')]).length, 1);
    }
  });
});
