/** An application on another origin calls the broker: what it is allowed, and that nobody else is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser } from './browser.ts';
import { callsDuring } from './calls.ts';
import { loggedIn } from './person.ts';
import { ask } from './raw.ts';
import { running, usual } from './running.ts';

const corsOf = ({ headers }: Response): readonly string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('an application on another origin', () => {
  const app = 'http://localhost:4200';
  const broker = running({
    table: false,
    configuration: { value: { ...usual, appOrigins: ['http://localhost:3000', app] } },
  });

  const preflight = async (origin: string | undefined, target = '/api/orders/1', more: Record<string, string> = {}) =>
    ask(broker.origin, target, {
      method: 'OPTIONS',
      headers: {
        ...(origin === undefined ? {} : { origin }),
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-csrf,content-type,if-match',
        ...more,
      },
    });

  it('is allowed by name on every path, and the API is never asked', async () => {
    const calls = await callsDuring(broker, async () => {
      for (const target of ['/api/orders/1', '/bff/user', '/bff/login', '/api/nothing', '/bff/nothing']) {
        const answer = await preflight(app, target);
        assert.equal(answer.status, 204, target);
        assert.equal(answer.headers.get('access-control-allow-origin'), app);
        assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
        assert.match(answer.headers.get('access-control-allow-headers') ?? '', /x-csrf.*if-match/);
        assert.match(answer.headers.get('access-control-allow-methods') ?? '', /PUT/);
        assert.match(answer.headers.get('vary') ?? '', /Origin/);
        assert.deepEqual(answer.headers.getSetCookie(), []);
      }
    });
    assert.equal(calls, 0);
  });

  for (const origin of [
    'https://evil.example',
    'http://localhost:4201',
    'https://localhost:4200',
    'http://localhost:4200.evil.example',
    'http://LOCALHOST:4200',
    'null',
    undefined,
  ]) {
    it(`that is not configured gets no word of it: ${origin ?? 'none'}`, async () => {
      const answer = await preflight(origin);
      assert.equal(answer.status, 204);
      assert.deepEqual(corsOf(answer), []);
    });
  }

  it('calls, and reads what the broker says about failures', async () => {
    const alice = await loggedIn(broker.origin);
    const answer = await alice.fetch(`${broker.origin}/api/orders`, { from: app });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('access-control-allow-origin'), app);
    assert.equal(answer.headers.get('access-control-expose-headers'), 'bff-error, retry-after');
    assert.match(answer.headers.get('vary') ?? '', /Origin/);
    const refused = await createBrowser().fetch(`${broker.origin}/api/orders`, { from: app });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('access-control-allow-origin'), app);
    assert.equal(((await refused.json()) as { login_url: string }).login_url, `${broker.origin}/bff/login`);
  });

  it('does not inherit what the API allows to others', async () => {
    const alice = await loggedIn(broker.origin);
    const query = 'access-control-allow-origin=https://evil.example&access-control-allow-credentials=true';
    const answer = await alice.fetch(`${broker.origin}/api/orders/headers?${query}`);
    assert.deepEqual(corsOf(answer), []);
    const remote = await alice.fetch(`${broker.origin}/api/orders/headers?${query}`, { from: app });
    assert.equal(remote.headers.get('access-control-allow-origin'), app);
  });
});
