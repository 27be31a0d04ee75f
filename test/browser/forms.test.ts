/** Forms, which any page may send anywhere without asking: the broker takes none, neither from the app's own pages nor from others. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { statusOfUser } from './asking.ts';
import { inEveryBrowser } from './browsers.ts';
import { oneMachine } from './one-machine.ts';
import { startPages } from './pages.ts';
import { logInAtRoot } from './person.ts';
import { watchTraffic } from './traffic.ts';

const pages = { '/': '<h1>A page</h1>' };
const elsewhere = await startPages({ after }, pages);

const stack = oneMachine({ app: { kind: 'server', origin: await startPages({ after }, pages) } });
const traffic = watchTraffic();

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

/** Path → forms sent there → status of every answer. */
const attempts = [
  ['/api/orders', { ...gets, ...posts }, 403],
  ['/bff/logout', posts, 403],
  ['/bff/refresh', posts, 403],
  ['/bff/refresh', gets, 405],
  ['/bff/user', gets, 401],
  ['/bff/user', posts, 405],
  ['/bff/backchannel', posts, 400],
  ['/bff/backchannel', gets, 405],
] as const;

/**
 * Submits a form into a frame of its own.
 *
 * @param id by which its request is known
 * @returns the status of the answer
 */
async function submit(page: Page, path: string, id: string, form: Form): Promise<number> {
  // A GET loses the query that its form's address has.
  const fields = { ...(form.method === 'GET' && { form: id }), ...form.fields };
  const query = form.method === 'GET' ? new URLSearchParams(fields).toString() : `form=${id}`;
  const answered = traffic.answered(`${stack.origin}${path}?${query}`);
  await page.evaluate(
    (attributes, entries) => {
      const element = Object.assign(document.createElement('form'), attributes);
      for (const [key, value] of entries) {
        element.append(Object.assign(document.createElement('input'), { type: 'hidden', name: key, value }));
      }
      document.body.append(Object.assign(document.createElement('iframe'), { name: attributes.target }), element);
      element.submit();
    },
    { action: `${stack.origin}${path}?form=${id}`, method: form.method, enctype: form.enctype, target: id },
    Object.entries(fields),
  );
  const { method, status } = await answered;
  assert.equal(method, form.method);
  return status;
}

/** What a form that was taken would change. */
const arrived = (): object => ({
  calls: stack.apis.orders.requests.length,
  provider: stack.provider.requests.map(({ endpoint }) => endpoint),
});

inEveryBrowser((newVisitor) => {
  for (const [where, origin] of Object.entries(origins)) {
    test(`a form of ${where} comes to no API, and neither ends nor renews the session`, async (t) => {
      const visitor = await newVisitor(t);
      const page = await visitor.newPage();
      await logInAtRoot(page, stack.origin);
      const before = arrived();
      await page.goto(`${origin()}/`);
      const seen: Record<string, number> = {};
      const expected: Record<string, number> = {};
      let forms = 0;
      for (const [path, formsThere, status] of attempts) {
        for (const [name, form] of Object.entries(formsThere)) {
          forms += 1;
          seen[`${name} ${path}`] = await submit(page, path, `form-${forms}`, form);
          expected[`${name} ${path}`] = status;
        }
      }
      assert.deepEqual(seen, expected);
      assert.deepEqual(arrived(), before);
      // The page with all the frames is left alone: Firefox may still be showing errors in some of them.
      const other = await visitor.newPage();
      await other.goto(`${stack.origin}/`);
      assert.equal(await statusOfUser(other), 200);
    });
  }
});
