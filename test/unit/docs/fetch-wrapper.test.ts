import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, describe, it, mock } from 'node:test';
import { codeBlocks, documentFile, readDocument } from './documents.ts';

const wrapper =
  codeBlocks(readDocument('README.md')).find(({ code }) => code.includes('export async function brokerFetch'))?.code ??
  '';

type BrokerFetch = (path: string, init?: RequestInit) => Promise<Response>;

/** A page that has loaded the module for the first time, in front of a broker that gives these answers one by one. */
async function openPage(...answers: readonly Response[]) {
  const fetched = mock.fn(async (_path: string, _init: RequestInit) => {
    const answer = answers[fetched.mock.callCount()];
    assert.ok(answer, 'one call more than expected');
    return answer;
  });
  const assign = mock.fn((_url: URL) => undefined);
  const place = { origin: 'https://app.example.com', pathname: '/orders', search: '?page=2', assign };
  const listeners = new Map<string, (event: { persisted: boolean }) => void>();
  const addEventListener = listeners.set.bind(listeners);
  Object.assign(globalThis, { fetch: fetched, location: place, addEventListener });
  const source = `${wrapper}\n// ${String(Math.random())}`;
  const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { brokerFetch: BrokerFetch };
  return {
    brokerFetch: module.brokerFetch,
    show: (event: { persisted: boolean }) => listeners.get('pageshow')?.(event),
    calls: () => fetched.mock.calls.map(({ arguments: [, init] }) => init),
    wentTo: () => assign.mock.calls.map(({ arguments: [url] }) => url.href),
  };
}

const problem = (status: number, code: string, members: object = {}, headers: Record<string, string> = {}): Response =>
  Response.json({ status, code, ...members }, { status, headers: { 'Bff-Error': code, ...headers } });

const busy = (retryAfter: string): Response => problem(503, 'refresh_pending', {}, { 'Retry-After': retryAfter });
const loginRequired = (): Response => problem(401, 'login_required', { login_url: '/bff/login' });

const { fetch } = globalThis;
afterEach(() => {
  mock.timers.reset();
  globalThis.fetch = fetch;
  for (const name of ['location', 'addEventListener']) Reflect.deleteProperty(globalThis, name);
});

describe("the README's fetch wrapper", () => {
  it('is the one that the page of npm start uses', async () => {
    assert.ok(wrapper.length > 0);
    assert.ok((await readFile(documentFile('infra/local/app/app.js'), 'utf8')).includes(wrapper.trimEnd()));
  });

  it('sends the static header beside those of the call', async () => {
    const page = await openPage(new Response('{}'));
    await page.brokerFetch('/api/orders', { method: 'POST', headers: { 'Content-Type': 'application/json' } });
    const [init] = page.calls();
    assert.deepEqual(Object.fromEntries(new Headers(init?.headers)), {
      'content-type': 'application/json',
      'x-csrf': '1',
    });
  });

  it('leads to the login that an answer names, and back to where the user was', async () => {
    const page = await openPage(loginRequired());
    await page.brokerFetch('/api/orders');
    assert.deepEqual(page.wentTo(), ['https://app.example.com/bff/login?returnUrl=%2Forders%3Fpage%3D2']);
  });

  it('leads to the login once, however many calls are refused', async () => {
    const page = await openPage(loginRequired(), loginRequired());
    await Promise.all([page.brokerFetch('/api/orders'), page.brokerFetch('/api/profile')]);
    assert.equal(page.wentTo().length, 1);
  });

  it('leads there again from a page that the browser brings back from its memory', async () => {
    const page = await openPage(loginRequired(), loginRequired());
    await page.brokerFetch('/api/orders');
    page.show({ persisted: true });
    await page.brokerFetch('/api/orders');
    assert.equal(page.wentTo().length, 2);
  });

  for (const [what, answer] of [
    ["an API's own 401", Response.json({ login_url: '/bff/login' }, { status: 401 })],
    ['an anonymous user', new Response(null, { status: 401 })],
    ['a refusal that no login cures', problem(403, 'csrf_rejected')],
  ] as const) {
    it(`stays where it is at ${what}`, async () => {
      const page = await openPage(answer);
      assert.equal((await page.brokerFetch('/api/orders')).status, answer.status);
      assert.deepEqual(page.wentTo(), []);
    });
  }

  it('repeats a GET after the seconds of a 503', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const page = await openPage(busy('3'), new Response('{}'));
    const answered = page.brokerFetch('/api/orders');
    await new Promise(setImmediate);
    mock.timers.tick(2999);
    await new Promise(setImmediate);
    assert.equal(page.calls().length, 1);
    mock.timers.tick(1);
    assert.equal((await answered).status, 200);
  });

  for (const [what, init, retryAfter] of [
    ['that is not safe', { method: 'POST' }, '1'],
    ['that would have to wait for minutes', {}, '120'],
  ] as const) {
    it(`does not repeat a call ${what}`, async () => {
      const page = await openPage(busy(retryAfter));
      assert.equal((await page.brokerFetch('/api/orders', init)).status, 503);
    });
  }

  it('repeats a call that a new login has overtaken, once', async () => {
    const page = await openPage(problem(401, 'session_superseded'), problem(401, 'session_superseded'));
    assert.equal((await page.brokerFetch('/api/orders', { method: 'POST' })).status, 401);
    assert.equal(page.calls().length, 2);
  });
});
