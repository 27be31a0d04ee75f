/** The broker behind each kind of gateway: the same answers, the same calls of the APIs, and the differences that cannot be helped. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { gatewayKinds, type Events } from '../../../infra/local/gateway/kinds.ts';
import type { Browser } from '../broker/browser.ts';
import { loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import { open } from '../streaming/client.ts';
import { call, configuration, walk, type Seen } from './walk.ts';

const csrf = { 'x-csrf': '1' };
const seenBehind = new Map<string, Map<string, Seen>>();

for (const events of Object.keys(gatewayKinds) as Events[]) {
  describe(`behind ${events}`, () => {
    const broker = running({ events, configuration: { value: configuration } });
    let alice: Browser;

    before(async () => {
      seenBehind.set(events, await walk(broker));
      alice = await loggedIn(broker.origin);
    });

    it('every step answers as it does behind an HTTP API', () => {
      const [usual, own] = [seenBehind.get('http-api'), seenBehind.get(events)];
      assert.deepEqual([...(own?.keys() ?? [])], [...(usual?.keys() ?? [])]);
      assert.deepEqual(own, usual);
    });

    it('the walk has seen answers of every sort', () => {
      const statuses = new Set([...(seenBehind.get(events)?.values() ?? [])].map(({ status }) => status));
      for (const status of [200, 204, 302, 400, 401, 403, 404, 405, 413, 503])
        assert.ok(statuses.has(status), String(status));
    });

    it('a body needs its hash where a CDN has to sign it, and there alone', async () => {
      const calledBefore = broker.apis.orders.requests.length;
      const answer = await open(broker.origin, '/api/orders/echo', alice, { method: 'POST', body: 'hello' });
      answer.resume();
      const called = broker.apis.orders.requests.length - calledBefore;
      assert.deepEqual([answer.statusCode, called], events === 'function-url' ? [403, 0] : [200, 1]);
      assert.equal(answer.headers['bff-error'], undefined);
    });

    it('an encoded separator is refused where it can be told from a real one', async () => {
      const { status, upstream } = await call(broker, alice, '/api/orders/a%2Fb', { headers: csrf });
      assert.deepEqual([status, upstream?.line], events === 'http-api' ? [200, 'GET /a/b'] : [400, undefined]);
    });

    it('a query keeps its bytes, or where the gateway has decoded it its meaning', async () => {
      const { upstream } = await call(broker, alice, '/api/orders/1?p=a+b&x=1&y=2&x=3&bare', { headers: csrf });
      const kept = events === 'rest' ? 'p=a%20b&x=1&x=3&y=2&bare=' : 'p=a+b&x=1&y=2&x=3&bare';
      assert.equal(upstream?.line, `GET /1?${kept}`);
    });
  });
}
