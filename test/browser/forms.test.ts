/** Forms, which any page may send anywhere without asking: the broker takes none, neither from the app's own pages nor from others. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { statusOfUser } from './asking.ts';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { startPages } from './pages.ts';
import { logInAtRoot } from './person.ts';

const pages = { '/': '<h1>A page</h1>' };
const elsewhere = await startPages({ after }, pages);

const stack = oneMachine({ app: { kind: 'server', origin: await startPages({ after }, pages) } });

const origins: Readonly<Record<string, () => string>> = {
  "the app's own origin": () => stack.origin,
  'another origin of the same site': () => elsewhere.replace('127.0.0.1', 'localhost'),
  'another site': () => elsewhere,
};

interface Form {
  readonly method: 'GET' | 'POST';
  readonly enctype: string;
  readonly fields: Readonly<Record<string, string>>;
}

const post = (enctype: string, fields: Form['fields']): Form => ({ method: 'POST', enctype, fields });
const urlencoded = 'application/x-www-form-urlencoded';
const order = { item: 'Notebook' };
const disguise = { _method: 'DELETE', 'X-HTTP-Method-Override': 'DELETE' };

const gets: Readonly<Record<string, Form>> = {
  GET: { method: 'GET', enctype: urlencoded, fields: order },
  'GET in disguise': { method: 'GET', enctype: urlencoded, fields: disguise },
};

const posts: Readonly<Record<string, Form>> = {
  'POST of fields': post(urlencoded, order),
  'POST in disguise': post(urlencoded, disguise),
  'POST of parts': post('multipart/form-data', order),
  'POST of text': post('text/plain', order),
  // The browser puts an equals sign between name and value.
  'POST of JSON as text': post('text/plain', { '{"item":"Notebook","sign":"': '"}' }),
  'POST of a logout token': post(urlencoded, { logout_token: 'eyJhbGciOiJub25lIn0.e30.' }),
};

/** Path → forms sent there → status and code of every answer. */
const attempts = [
  ['/api/orders', { ...gets, ...posts }, '403 csrf_rejected'],
  ['/bff/logout', posts, '403 csrf_rejected'],
  ['/bff/refresh', posts, '403 csrf_rejected'],
  ['/bff/refresh', gets, '405 method_not_allowed'],
  ['/bff/user', gets, '401'],
  ['/bff/user', posts, '405 method_not_allowed'],
  ['/bff/backchannel', posts, '400 logout_token_invalid'],
  ['/bff/backchannel', gets, '405 method_not_allowed'],
] as const;

/**
 * @param window the name of a frame, or `_self`
 * @returns status and code of the answer
 */
async function submit(page: Page, path: string, name: string, form: Form, window: string): Promise<string> {
  const received = page.waitForResponse((response) => {
    const { pathname, searchParams } = new URL(response.url());
    return pathname === path && searchParams.get('form') === name;
  });
  await page.evaluate(
    (attributes, fields) => {
      const element = Object.assign(document.createElement('form'), attributes);
      for (const [key, value] of fields) {
        element.append(Object.assign(document.createElement('input'), { type: 'hidden', name: key, value }));
      }
      if (attributes.target !== '_self') {
        document.body.append(Object.assign(document.createElement('iframe'), { name: attributes.target }));
      }
      document.body.append(element);
      element.submit();
    },
    { action: `${stack.origin}${path}?form=${name}`, method: form.method, enctype: form.enctype, target: window },
    // A GET loses the query that its form's address has.
    [...(form.method === 'GET' ? [['form', name] as const] : []), ...Object.entries(form.fields)],
  );
  const response = await received;
  assert.equal(response.request().method(), form.method);
  return `${response.status()} ${response.headers()['bff-error'] ?? ''}`.trim();
}

/** What a form that was taken would change. */
const arrived = (): object => ({
  calls: stack.apis.orders.requests.length,
  provider: stack.provider.requests.map(({ endpoint }) => endpoint),
});

inEveryBrowser((newVisitor) => {
  for (const [where, origin] of Object.entries(origins)) {
    test(`a form of ${where} comes to no API, and neither ends nor renews the session`, async (t) => {
      const page = await (await newVisitor(t)).newPage();
      await logInAtRoot(page, stack.origin);
      const before = arrived();
      await page.goto(`${origin()}/`);
      const seen: Record<string, string> = {};
      const expected: Record<string, string> = {};
      for (const [path, forms, outcome] of attempts) {
        for (const [name, form] of Object.entries(forms)) {
          seen[`${name} ${path}`] = await submit(page, path, name, form, `${name} ${path}`);
          expected[`${name} ${path}`] = outcome;
        }
      }
      assert.deepEqual(seen, expected);
      assert.deepEqual(arrived(), before);
      await page.goto(`${stack.origin}/`);
      assert.equal(await statusOfUser(page), 200);
    });
  }
});
