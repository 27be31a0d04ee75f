/** Whatever is sent, in whatever shape: an answer with a stable code, never a crash, never a word about the inside. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { problems } from '../../../functions/contract/wire.ts';
import { ask, codeOf, type Raw } from './raw.ts';
import { events, running } from './running.ts';

const broker = running({ table: true });

const endpoints = [
  ['GET', '/bff/login'],
  ['GET', '/bff/callback'],
  ['GET', '/bff/logout'],
  ['POST', '/bff/logout'],
  ['GET', '/bff/logout/callback'],
  ['GET', '/bff/user'],
  ['POST', '/bff/refresh'],
  ['POST', '/bff/backchannel'],
  ['GET', '/bff/diagnostics'],
  ['GET', '/api/orders/1'],
  ['POST', '/api/orders/1'],
  ['GET', '/bff'],
  ['GET', '/bff/nothing'],
] as const;

/** Holds an answer against what may be said to a bad request; its own rules are checked for every answer anyway. */
function assertCalm(answer: Response, what: string): void {
  assert.ok(answer.status < 500, `${what} → ${answer.status} ${codeOf(answer) ?? ''}`);
  const code = codeOf(answer);
  if (code !== undefined) assert.ok(Object.hasOwn(problems, code), `${code} is not in the catalogue`);
}

const calmAt = async (method: string, target: string, raw: Raw, what: string): Promise<void> =>
  assertCalm(await ask(broker.origin, target, { method, ...raw }), `${method} ${target.slice(0, 60)} with ${what}`);

const csrf = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };

const queries = [
  '%',
  '%z',
  '%zz=1',
  '%ff',
  '%c3%28=%c0%ae',
  'a=%00',
  '%00=1',
  '&&&&',
  'a&'.repeat(150),
  'x'.repeat(5000),
  'returnUrl=%',
  'returnUrl=/a&returnUrl=/b',
  'returnUrl[]=x',
  'returnUrl=%0d%0aSet-Cookie:x=1',
  'returnUrl=%F0%9F%98%80',
  'prompt=none&prompt=login',
  'prompt=anything',
  'login_hint=%00%0d%0a',
  'sid=',
  'sid=%',
  'sid=' + 'a'.repeat(4000),
  'slide=maybe',
  'slide=%',
  'code=&state=',
  'code=a&code=b&state=c',
  'state=x',
  'state=__proto__&code=constructor',
  'error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%3Cimg%20src=x%20onerror=alert(1)%3E&state=x',
  'error=a%0d%0ab&state=%1b%5B31m',
  'response=eyJ&id_token=a&access_token=b&state=c',
  '__proto__[x]=1&constructor=2&toString=3',
  'a=b#c',
  '{"a":1}',
  "'%20OR%201=1--",
  '${jndi:ldap://x}',
] as const;

const cookies = [
  '=',
  ';',
  ';;;;;;',
  'a',
  '=a',
  'a=;b=;',
  '__Host-Http-bff',
  '__Host-Http-bff=',
  '__Host-Http-bff=a; __Host-Http-bff=b',
  '__Host-Http-bff=..........',
  '__Host-Http-bff=eyJ9.....',
  '__Host-Http-bff=bnVsbA....',
  '__Host-Http-bff=W10....',
  '__Host-Http-bff=IiI....',
  '__Host-Http-bff=eyJ2IjoxfQ....',
  '__Host-Http-bff.1=a; __Host-Http-bff.2=b',
  '__Host-Http-bff-login-=a',
  '__Host-Http-bff-login-zzzzzzz-aaaaaaaaaaa=a',
  '__Host-Http-bff-login-__proto__-aaaaaaaaaaa=a',
  '__Secure-bff-orders=a; __Secure-bff-orders=b; __Secure-bff-orders=c',
  '__Secure-bff-=a',
  `__Host-Http-bff=${'a'.repeat(8000)}`,
  `__Host-Http-bff=${Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"x","v":1,"p":"session"}').toString('base64url')}....`,
  'é=ü; \u00a0__Host-Http-bff=x',
  '"a"="b"; $Version=1',
  '__proto__=1; constructor=2; hasOwnProperty=3',
] as const;

describe('a bad query', () => {
  for (const query of queries) {
    it(`is answered calmly everywhere: ${query.slice(0, 50)}`, async () => {
      for (const [method, path] of endpoints) {
        await calmAt(method, `${path}?${query}`, { headers: csrf }, 'this query');
        await calmAt(method, `${path}?${query}`, { headers: { accept: 'text/html' } }, 'this query in a browser');
      }
    });
  }
});

describe('a bad cookie', () => {
  for (const cookie of cookies) {
    it(`is answered calmly everywhere: ${cookie.slice(0, 50)}`, async () => {
      for (const [method, path] of endpoints) {
        await calmAt(method, path, { headers: csrf, cookie: Buffer.from(cookie).toString('latin1') }, 'this cookie');
      }
    });
  }
});

describe('a bad body', () => {
  for (const [what, type, body] of [
    ['nothing', 'application/x-www-form-urlencoded', ''],
    ['half an object', 'application/json', '{"a":'],
    ['a broken form', 'application/x-www-form-urlencoded', 'logout_token=%&logout_token=%zz'],
    ['bytes', 'application/x-www-form-urlencoded', Uint8Array.from({ length: 256 }, (_, index) => index)],
    ['a token that is none', 'application/x-www-form-urlencoded', 'logout_token=a.b.c'],
    ['an unsigned token', 'application/x-www-form-urlencoded', 'logout_token=eyJhbGciOiJub25lIn0.e30.'],
    ['a list of tokens', 'application/x-www-form-urlencoded', 'logout_token=a&'.repeat(500)],
    ['a megabyte', 'application/x-www-form-urlencoded', `logout_token=${'a'.repeat(1_000_000)}`],
    ['no type', '', 'logout_token=a'],
    ['a strange type', 'text/plain; charset=\u00ff', '\u00ff'],
  ] as const) {
    it(`is answered calmly everywhere: ${what}`, async () => {
      for (const [, path] of endpoints) {
        for (const method of ['POST', 'PUT', 'DELETE']) {
          const headers = { ...csrf, ...(type === '' ? {} : { 'content-type': type }) };
          await calmAt(method, path, { headers, body }, what);
        }
      }
    });
  }
});

describe('bad headers', () => {
  for (const [name, value] of [
    ['origin', 'a b c'],
    ['origin', '://'],
    ['sec-fetch-site', '\u00ff'],
    ['sec-fetch-dest', 'x'.repeat(5000)],
    ['x-csrf', '\t1'],
    ['content-length', '0'],
    ['accept', 'text/html;q=x,,,;;'],
    ['traceparent', '00-zz'],
    ['x-forwarded-for', "'; DROP TABLE"],
    ['user-agent', '{"level":"error","event":"forged"}'],
    ['range', 'bytes=9-1'],
    ['if-none-match', '"'],
    ['authorization', 'Bearer'],
    ['sec-purpose', 'nothing'],
    ['access-control-request-headers', ','.repeat(2000)],
  ] as const) {
    it(`are answered calmly everywhere: ${name}: ${value.slice(0, 30)}`, async () => {
      for (const [method, path] of endpoints) await calmAt(method, path, { headers: { [name]: value } }, name);
      await calmAt('OPTIONS', '/api/orders', { headers: { origin: broker.origin, [name]: value } }, name);
    });
  }

  it('that are too many or too long are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`x-${index}`, '1']));
    assert.equal((await ask(broker.origin, '/bff/user', { headers: { ...csrf, ...many } })).status, 431);
    // In front of a Function URL there is only the edge, which allows more.
    const [length, status] = events === 'function-url' ? [20_500, 413] : [11_000, 431];
    const long = { 'x-long': 'a'.repeat(length) };
    assert.equal((await ask(broker.origin, '/bff/user', { headers: { ...csrf, ...long } })).status, status);
  });
});

describe('an upgrade to another protocol', () => {
  it('is refused with a code, and the API is not asked', async () => {
    const calls = broker.apis.orders.requests.length;
    const answer = await ask(broker.origin, '/api/orders/socket', {
      headers: {
        connection: 'Upgrade',
        upgrade: 'WebSocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'websocket',
      },
    });
    assert.equal(answer.status, 501);
    assert.equal(codeOf(answer), 'websocket_unsupported');
    assert.equal(broker.apis.orders.requests.length, calls);
  });
});
