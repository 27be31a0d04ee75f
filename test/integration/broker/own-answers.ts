/** What holds for every answer of the broker, whatever it says. Every answer of every test here is held against it. */
import assert from 'node:assert/strict';

/** One answer with what was asked. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly answer: Response;
  readonly text: string;
}

const required: Readonly<Record<string, RegExp>> = {
  'cache-control': /^no-store$/,
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'strict-transport-security': /^max-age=31536000$/,
  'content-security-policy': /^default-src 'none';.*frame-ancestors 'none'/,
};

/** Of a JWT there are three parts; a sealed cookie has five of which the second is empty. */
const jwt = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/;

/** What only a stack trace, a file of ours or the inside of the machine would show. */
const internals = /\n\s+at |node_modules|\.mjs\b|\/var\/task|\/tmp\/|node:internal|127\.0\.0\.1/;

const cookieNames = /^(?:__Host-Http-bff(?:-[a-z]+(?:-[\w-]+)?)?(?:\.[12])?|__Secure-bff-[a-z][a-z0-9-]*(?:\.[12])?)$/;

function assertCookie(line: string): void {
  const [pair = '', ...attributes] = line.split('; ');
  const equals = pair.indexOf('=');
  const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
  assert.match(name, cookieNames);
  const keys = attributes.map((attribute) => attribute.split('=', 1)[0]);
  assert.ok(attributes.includes('Secure') && attributes.includes('HttpOnly'), `${name} lacks Secure or HttpOnly`);
  assert.ok(!keys.includes('Domain'), `${name} names a domain`);
  assert.ok(
    attributes.some((attribute) => attribute === 'SameSite=Strict' || attribute === 'SameSite=Lax'),
    `${name} lacks SameSite`,
  );
  if (name.startsWith('__Host-')) assert.ok(attributes.includes('Path=/'), `${name} is not at the root`);
  else assert.match(attributes.find((attribute) => attribute.startsWith('Path=')) ?? '', /^Path=\/[a-z]/);
  assert.ok(name.length + value.length <= 4096, `${name} has ${name.length + value.length} bytes`);
  if (value !== '') return;
  assert.ok(attributes.includes('Max-Age=0'), `${name} is emptied and not deleted`);
  assert.ok(attributes.includes('Expires=Thu, 01 Jan 1970 00:00:00 GMT'), `${name} is deleted without a date`);
}

function assertProblem({ answer, text, method }: Exchange): void {
  const code = answer.headers.get('bff-error');
  assert.ok(answer.status >= 400, `${code} is answered with ${answer.status}`);
  const isPage = answer.headers.get('content-type')?.startsWith('text/html');
  assert.doesNotMatch(text, internals);
  if (isPage) {
    assert.match(text, new RegExp(`<code>${code}</code>`));
  } else if (method !== 'HEAD') {
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const problem = JSON.parse(text) as Record<string, unknown>;
    assert.equal(problem['code'], code);
    assert.equal(problem['status'], answer.status);
    assert.match(String(problem['ref']), /^[\w-]{10,}$/);
    assert.ok(problem['login_url'] === undefined || answer.status === 401, `${code} names a login`);
  }
  assert.equal(answer.headers.has('retry-after'), answer.status === 503);
}

/** What the gateway or the edge says by itself never carries a header of ours. */
const isOfTheGateway = ({ answer, text }: Exchange): boolean =>
  !answer.headers.has('x-content-type-options') &&
  [400, 404, 413, 414, 431].includes(answer.status) &&
  (/^\{"message":/i.test(text) || answer.headers.get('content-type')?.startsWith('text/plain') === true);

/** @param exchange with a path of the broker */
export function assertOwnAnswer(exchange: Exchange): void {
  const { url, answer, text, method } = exchange;
  if (isOfTheGateway(exchange)) return;
  const { headers } = answer;
  const where = `${method} ${url.pathname} answered ${answer.status}`;
  for (const line of headers.getSetCookie()) assertCookie(line);
  assert.equal(headers.get('x-content-type-options'), 'nosniff', where);
  assert.notEqual(headers.get('access-control-allow-origin'), '*', where);
  for (const name of ['server', 'x-powered-by']) assert.equal(headers.get(name), null, where);
  assert.doesNotMatch(text, jwt, `${where} with a token`);
  if (headers.has('bff-error')) assertProblem(exchange);
  // Another answer on an API's path is the API's own.
  if (url.pathname.startsWith('/api/') && method !== 'OPTIONS' && !headers.has('bff-error')) return;
  assert.notEqual(answer.status, 500, where);
  for (const [name, pattern] of Object.entries(required)) {
    assert.match(headers.get(name) ?? '', pattern, `${where} without ${name}`);
  }
  if (headers.get('content-type')?.startsWith('text/html') === true) {
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', where);
    assert.doesNotMatch(text, /<script|javascript:|\son\w+=/i, where);
  }
}
