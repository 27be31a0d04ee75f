/** One person's way through everything the broker does, and what of it can be compared between gateways. */
import { createHash } from 'node:crypto';
import type { Api } from '../../../infra/local/apis.ts';
import { createBrowser, type Browser } from '../broker/browser.ts';
import { logIn } from '../broker/person.ts';
import { ask, cookiesFor, header } from '../broker/raw.ts';
import { usual, type Running } from '../broker/running.ts';

export const configuration = {
  ...usual,
  apis: {
    orders: {
      ...usual.apis.orders,
      anonymous: ['/no-auth/*'],
      headerless: ['/invoices/*'],
      requestHeaders: ['x-tenant'],
    },
    profile: { ...usual.apis.profile, upstream: 'http://127.0.0.1:3003/v1', methods: ['GET', 'POST'] },
  },
};

/** What a step came to, without what differs from one run to the next. */
export interface Seen {
  readonly status: number;
  readonly headers: readonly string[];
  /** Name and attributes of each cookie that was set. */
  readonly cookies: readonly string[];
  readonly body: string;
  /** What the API received, if it was called. */
  readonly upstream?: { readonly line: string; readonly headers: readonly string[]; readonly body: string };
}

/** Written by the gateway, by the clock or by chance. */
const volatile = /^(?:date|connection|keep-alive|transfer-encoding|apigw-requestid|x-amzn-\S+|set-cookie|via)$/;

const digest = (bytes: Uint8Array): string =>
  `${String(bytes.length)} bytes ${createHash('sha256').update(bytes).digest('hex')}`;

const attributesOf = (line: string): string =>
  line
    .replace(/=[^;]*/, '')
    .replace(/(Max-Age=)[1-9]\d*/, '$1n')
    .replace(/-login-[\w-]+/, '-login');

/** Addresses and what is made anew each time stand for themselves. */
function plain(text: string, { origin, provider, apis }: Running): string {
  return text
    .replaceAll(origin, 'APP')
    .replaceAll(encodeURIComponent(origin), 'APP')
    .replaceAll(new URL(origin).host, 'APPHOST')
    .replaceAll(provider.origin, 'PROVIDER')
    .replaceAll(new URL(apis.orders.origin).host, 'ORDERS')
    .replaceAll(new URL(apis.profile.origin).host, 'PROFILE')
    .replaceAll(/Bearer [\w.-]+/g, 'Bearer TOKEN')
    .replaceAll(/\b[0-9a-f]{32}-[0-9a-f]{16}-/g, 'TRACE-')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, 'ID')
    .replaceAll(/((?:state|nonce|code_challenge|sid|logout_hint)=)[\w-]+/g, '$1RANDOM')
    .replaceAll(/("(?:iat|exp|auth_time|expires_in)": ?|bff:session_expires_in","value":)\d+/g, '$1TIME');
}

async function seen(answer: Response, broker: Running): Promise<Omit<Seen, 'upstream'>> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  return {
    status: answer.status,
    headers: [...answer.headers]
      .filter(([name]) => !volatile.test(name))
      .map(([name, value]) => plain(`${name}: ${value}`, broker))
      .toSorted(),
    cookies: answer.headers.getSetCookie().map(attributesOf).toSorted(),
    body: bytes.length < 4096 ? plain(bytes.toString(), broker) : digest(bytes),
  };
}

function received({ requests }: Api, broker: Running): NonNullable<Seen['upstream']> | undefined {
  const request = requests.at(-1);
  if (request === undefined) return undefined;
  const { method, target, rawHeaders, body } = request;
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ''}`] : []));
  return {
    line: `${method} ${target}`,
    headers: lines.map((line) => plain(line, broker)),
    body: digest(body),
  };
}

/** Calls made with the cookies of whoever is logged in, exactly as written. */
export async function call(
  broker: Running,
  browser: Browser,
  target: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: Uint8Array } = {},
): Promise<Seen> {
  const { orders, profile } = broker.apis;
  const before = [orders.requests.length, profile.requests.length];
  const cookie = header(cookiesFor(browser, target.split('?', 1)[0] ?? ''));
  const answer = await ask(broker.origin, target, {
    method,
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
    ...(cookie !== '' && { cookie }),
    ...(body && { body }),
  });
  const told = await seen(answer, broker);
  const called = orders.requests.length > (before[0] ?? 0) ? orders : profile;
  const upstream =
    called.requests.length > (before[called === orders ? 0 : 1] ?? 0) ? received(called, broker) : undefined;
  return { ...told, ...(upstream && { upstream }) };
}

const csrf = { 'x-csrf': '1' };
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
const megabyte = Uint8Array.from({ length: 1_048_576 }, (_, index) => (index * 7 + (index >> 8)) % 256);
/** As an app does behind function URLs, where CloudFront signs what it says. */
const post = (body: Uint8Array, type: string) => ({
  method: 'POST',
  headers: { ...csrf, 'content-type': type, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
  body,
});

/** What is asked once somebody is logged in: name → target and what goes with it. */
const calls: Readonly<Record<string, readonly [target: string, options?: Parameters<typeof call>[3]]>> = {
  'the user': ['/bff/user', { headers: csrf }],
  'a refresh': ['/bff/refresh', { method: 'POST', headers: csrf }],
  'a call with a query': ['/api/orders/1?q=a%26b%3Dc%20d&r=1&r=2&e=', { headers: csrf }],
  'a call of the other API': ['/api/profile/a%20b/%C3%A9?x=%C3%BC', { headers: csrf }],
  'a call with headers': [
    '/api/orders/1',
    {
      headers: {
        ...csrf,
        'X-Tenant': 'blue',
        'Accept-Language': 'de-CH, de;q=0.5',
        'x-api-key': 'k',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'gopher',
        Forwarded: 'for=6.6.6.6',
      },
    },
  ],
  'a body of every byte': ['/api/orders/echo', post(everyByte, 'application/octet-stream')],
  'a body of every byte that calls itself text': ['/api/orders/echo', post(everyByte, 'text/plain')],
  'a body of JSON': ['/api/orders/echo', post(Buffer.from('{"ä": "€😀"}\n'), 'application/json')],
  'an empty body': ['/api/orders/echo', post(Buffer.alloc(0), 'application/json')],
  'a body of a megabyte': ['/api/orders/echo', post(megabyte, 'image/png')],
  'a download of a megabyte': ['/api/orders/bytes?n=1048576', { headers: csrf }],
  'a compressed answer': ['/api/orders/gzip', { headers: { ...csrf, 'accept-encoding': 'gzip' } }],
  'a HEAD request': ['/api/orders/1', { method: 'HEAD', headers: csrf }],
  'a link to an invoice': ['/api/orders/invoices/1'],
  'an anonymous path': ['/api/orders/no-auth/1', { headers: csrf }],
  'a preflight': ['/api/orders/1', { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } }],
  'a preflight of a login': ['/bff/login', { method: 'OPTIONS' }],
  'a call without the header': ['/api/orders/1'],
  'a call from another site': ['/api/orders/1', { headers: { ...csrf, 'sec-fetch-site': 'cross-site' } }],
  'a user without the header': ['/bff/user'],
  'a path that leads out': ['/api/profile/%2e%2e/secret', { headers: csrf }],
  'a path with a backslash': ['/api/profile/a%5c..%5csecret', { headers: csrf }],
  'a path with NUL': ['/api/profile/%00', { headers: csrf }],
  'a path that is no UTF-8': ['/api/profile/%ff', { headers: csrf }],
  'a path encoded twice': ['/api/profile/%252e%252e/secret', { headers: csrf }],
  'a path beside the API': ['/api/orders-admin', { headers: csrf }],
  'a path that leads beside the API': ['/api/orders/../profile', { headers: csrf }],
  'an API in capitals': ['/API/ORDERS', { headers: csrf }],
  'a method the API does not take': ['/api/profile/1', { method: 'DELETE', headers: csrf }],
  'a method the login does not take': ['/bff/login', { method: 'POST', headers: csrf }],
  'a method the user does not take': ['/bff/user', { method: 'POST', headers: csrf }],
  'a body that is too large': ['/api/orders/echo', post(Buffer.alloc(4_500_001, 'a'), 'text/plain')],
  'a prefetched login': ['/bff/login', { headers: { 'sec-purpose': 'prefetch' } }],
  'a login to nowhere': ['/bff/login?returnUrl=https%3A%2F%2Fevil.example%2F'],
  'a callback of nobody': ['/bff/callback?code=a&state=b'],
  'a logout by fetch': ['/bff/logout', { method: 'POST', headers: csrf }],
};

/** @returns what each step came to, in the order in which they were taken */
export async function walk(broker: Running): Promise<Map<string, Seen>> {
  const steps = new Map<string, Seen>();
  const nobody = createBrowser();
  steps.set('a call of nobody', await call(broker, nobody, '/api/orders/1', { headers: csrf }));
  const alice = createBrowser();
  const landed = await logIn(alice, broker.origin);
  for (const [index, step] of landed.steps.entries()) {
    if (step.url.origin !== broker.origin) continue;
    const headers = [...step.headers].filter(([name]) => !volatile.test(name));
    steps.set(`step ${String(index)} of the login`, {
      status: step.status,
      headers: headers.map(([name, value]) => plain(`${name}: ${value}`, broker)).toSorted(),
      cookies: step.setCookies.map(attributesOf).toSorted(),
      body: '',
    });
  }
  for (const [name, [target, options]] of Object.entries(calls)) {
    steps.set(name, await call(broker, alice, target, options));
  }
  const left = await alice.navigate(`${broker.origin}/bff/logout`, { from: `${broker.origin}/`, stopAt: () => true });
  steps.set('the logout', { status: left.status, headers: [], cookies: left.setCookies.map(attributesOf), body: '' });
  steps.set('the user after it', await call(broker, alice, '/bff/user', { headers: csrf }));
  return steps;
}
