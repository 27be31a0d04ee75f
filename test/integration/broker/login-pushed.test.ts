/** A provider that wants its authorization requests pushed (RFC 9126), and one that publishes which prompts it knows (OIDC Core). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser } from './browser.ts';
import { logIn } from './person.ts';
import { running } from './running.ts';

describe('a provider that requires pushed authorization requests', () => {
  const broker = running({ provider: { par: 'required' } });

  it('is given everything over the back channel, with the client authenticated; the browser carries a reference', async () => {
    const browser = createBrowser();
    const page = await browser.navigate(`${broker.origin}/bff/login`, { stopAt: () => true });
    const url = new URL(page.headers.get('location') ?? '');
    assert.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri']);
    const [pushed] = broker.provider.requestsTo('par');
    assert.ok(pushed);
    const { audience, code_challenge_method: method, response_type: type } = pushed.parameters;
    assert.deepEqual([audience, method, type], ['https://orders.example.com', 'S256', 'code']);
  });

  it('logs people in', async () => {
    const browser = createBrowser();
    assert.equal((await logIn(browser, broker.origin)).status, 200);
    assert.equal((await browser.fetch(`${broker.origin}/api/orders`)).status, 200);
  });

  for (const [what, answer, code] of [
    ['fails', { status: 500, json: {} }, 'provider_unavailable'],
    ['refuses', { status: 400, json: { error: 'invalid_request' } }, 'provider_rejected'],
    ['answers 200', { status: 200, json: { request_uri: 'urn:x', expires_in: 60 } }, 'provider_rejected'],
    ['names no request_uri', { status: 201, json: { expires_in: 60 } }, 'provider_rejected'],
  ] as const) {
    it(`gets no plain request in its place where it ${what}: ${code}`, async () => {
      broker.provider.faults.par = () => ({ headers: {}, ...answer });
      const browser = createBrowser();
      const page = await browser.navigate(`${broker.origin}/bff/login`);
      assert.equal(page.headers.get('bff-error'), code);
      assert.deepEqual(browser.jar, []);
    });
  }
});

describe('a provider that publishes its prompts', () => {
  const broker = running();
  const publish = (prompts: readonly string[]) => {
    broker.provider.faults.discovery = (answer) => ({
      ...answer,
      json: { ...(answer.json as object), prompt_values_supported: prompts },
    });
  };

  it('is not asked for another one', async () => {
    publish(['none', 'login']);
    const browser = createBrowser();
    const known = await browser.navigate(`${broker.origin}/bff/login?prompt=login`, { stopAt: () => true });
    assert.equal(known.status, 302);
    const unknown = await browser.navigate(`${broker.origin}/bff/login?prompt=consent`);
    assert.equal(unknown.status, 400);
    assert.equal(unknown.headers.get('bff-error'), 'parameter_invalid');
  });
});
