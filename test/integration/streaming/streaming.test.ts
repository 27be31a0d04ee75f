/**
 * Answers that an API sends piece by piece reach the browser piece by piece, through the packaged function: at its own URL,
 * where the edge leads to it, and as an integration of a REST API.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { before, describe, it } from 'node:test';
import type { Events } from '../../../infra/local/gateway/kinds.ts';
import type { Browser } from '../broker/browser.ts';
import { loggedIn } from '../broker/person.ts';
import { running, usual } from '../broker/running.ts';
import { byEventSource, byFetch, next, open, rest } from './client.ts';
import { startUpstream } from './upstream.ts';

const upstream = await startUpstream();

const configuration = {
  ...usual,
  apis: {
    ...usual.apis,
    orders: {
      ...usual.apis.orders,
      upstream: upstream.origin,
      stream: ['/events/*'],
      headerless: ['/events/*'],
      timeouts: { silence: '2s' },
      methods: ['GET', 'HEAD', 'POST'],
      bodyLimitBytes: 1000,
    },
  },
};

const events = { 'content-type': 'text/event-stream' };

/** Long enough for whatever drains to have drained. */
async function quiet(): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, 500, false));
}

function streams(gateway: Events): void {
  const broker = running({ configuration: { value: configuration }, events: gateway });
  let alice: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
  });

  const opened = async (name: string, options: Parameters<typeof open>[3] = {}) => {
    const path = `/events/${name}`;
    const answer = open(broker.origin, `/api/orders${path}`, alice, options);
    return { asked: await upstream.asked(path), answer };
  };

  it('comes with its head before anything of its body, and then piece by piece', async () => {
    const { asked, answer } = await opened('pieces');
    assert.match(asked.request.headers.authorization ?? '', /^Bearer /);
    asked.response.writeHead(200, { ...events, 'x-total-count': '2' }).flushHeaders();
    const head = await answer;
    assert.equal(head.statusCode, 200);
    assert.equal(head.headers['content-type'], 'text/event-stream');
    assert.equal(head.headers['x-total-count'], '2');
    assert.equal(head.headers['cache-control'], 'no-store');
    for (const piece of ['data: 1\n\n', 'data: 2\n\n']) {
      asked.response.write(piece);
      assert.equal(await next(head), piece);
    }
    asked.response.end();
    assert.equal(await rest(head), 0);
  });

  it("comes to the browser's own EventSource, which sends no header, sandboxed", async () => {
    const { asked, answer } = await opened('source', { headers: byEventSource });
    asked.response.writeHead(200, events).end('data: 1\n\n');
    const head = await answer;
    assert.equal(head.statusCode, 200);
    assert.equal(head.headers['content-security-policy'], 'sandbox');
    assert.equal(await rest(head), 9);
  });

  it('does not come to another site', async () => {
    const headers = { ...byEventSource, 'sec-fetch-site': 'cross-site' };
    const answer = await open(broker.origin, '/api/orders/events/foreign', alice, { headers });
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.headers['bff-error'], 'csrf_rejected');
    answer.resume();
  });

  it('does not come to nobody', async () => {
    const answer = await open(broker.origin, '/api/orders/events/nobody', { jar: [] });
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.headers['bff-error'], 'login_required');
    assert.ok(Number(answer.headers['content-length']) > 0);
    answer.resume();
  });

  it('may be larger than a function may answer at once', async () => {
    const { asked, answer } = await opened('large');
    const size = 20_000_000;
    asked.response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
    asked.response.end(Buffer.alloc(size, 1));
    const head = await answer;
    assert.equal(head.headers['content-length'], String(size));
    assert.equal(await rest(head), size);
  });

  for (const [what, status, body] of [
    ['204', 204, ''],
    ['304', 304, ''],
    ['an empty 200', 200, ''],
    ['an empty 302', 302, ''],
    ['404', 404, '{}'],
    ['500', 500, '{}'],
  ] as const) {
    it(`keeps its status and headers where the API answers ${what}`, async () => {
      const { asked, answer } = await opened(`status-${status}`);
      asked.response.writeHead(status, { etag: '"17"', ...(status === 302 && { location: '/elsewhere' }) }).end(body);
      const head = await answer;
      assert.equal(head.statusCode, status);
      assert.equal(head.headers.etag, '"17"');
      assert.equal(head.headers['bff-error'], undefined);
      assert.equal(await rest(head), body.length);
    });
  }

  it('keeps status, headers and length where HEAD is asked', async () => {
    const { asked, answer } = await opened('head', { method: 'HEAD' });
    assert.equal(asked.request.method, 'HEAD');
    asked.response.writeHead(200, { 'content-length': '17' }).end();
    const head = await answer;
    assert.equal(head.statusCode, 200);
    assert.equal(head.headers['content-length'], '17');
    assert.equal(await rest(head), 0);
  });

  it('brings the cookies of a refresh with its head', async () => {
    alice.forget(({ name }) => name === '__Secure-bff-orders');
    const { asked, answer } = await opened('renewed');
    asked.response.writeHead(200, events).flushHeaders();
    const head = await answer;
    const names = (head.headers['set-cookie'] ?? []).map((line) => line.split('=', 1)[0]);
    assert.ok(names.includes('__Secure-bff-orders'), names.join());
    assert.equal(head.headers['cache-control'], 'no-store');
    asked.response.end('data: 1\n\n');
    assert.equal(await rest(head), 9);
    alice = await loggedIn(broker.origin);
  });

  if (gateway === 'rest') {
    it('follows a POST, whose body arrives whole, and is not asked for twice', async () => {
      const options = { method: 'POST', headers: { ...byFetch, 'content-type': 'text/plain' }, body: 'a question' };
      const { asked, answer } = await opened('post', options);
      assert.equal(asked.request.method, 'POST');
      assert.equal(await text(asked.request), 'a question');
      asked.response.writeHead(200, events).flushHeaders();
      const head = await answer;
      asked.response.write('data: 1\n\n');
      assert.equal(await next(head), 'data: 1\n\n');
      asked.response.end();
      assert.equal(await rest(head), 0);
    });

    it('follows no method that the API does not take', async () => {
      const answer = await open(broker.origin, '/api/orders/events/trace', alice, { method: 'DELETE' });
      assert.equal(answer.statusCode, 405);
      assert.equal(answer.headers.allow, 'GET, HEAD, POST');
      answer.resume();
    });

    it('follows no POST of another site', async () => {
      const headers = { ...byFetch, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const answer = await open(broker.origin, '/api/orders/events/forged', alice, { method: 'POST', headers });
      assert.equal(answer.statusCode, 403);
      assert.equal(answer.headers['bff-error'], 'csrf_rejected');
      answer.resume();
    });

    it('follows no body that is larger than the API takes', async () => {
      const options = { method: 'POST', headers: byFetch, body: 'x'.repeat(1001) };
      const answer = await open(broker.origin, '/api/orders/events/much', alice, options);
      assert.equal(answer.statusCode, 413);
      assert.equal(answer.headers['bff-error'], 'body_too_large');
      answer.resume();
    });
  } else {
    it('is for GET and HEAD alone', async () => {
      const answer = await open(broker.origin, '/api/orders/events/post', alice, { method: 'POST' });
      assert.equal(answer.statusCode, 405);
      assert.equal(answer.headers.allow, 'GET, HEAD');
      answer.resume();
    });
  }

  it('is a problem where it is larger than Lambda streams, and says so at once', async () => {
    const { asked, answer } = await opened('too-large');
    asked.response.writeHead(200, { 'content-length': 200 * 1024 * 1024 + 1 }).flushHeaders();
    const head = await answer;
    assert.equal(head.statusCode, 502);
    assert.equal(head.headers['bff-error'], 'upstream_too_large');
    await asked.dropped;
    head.resume();
  });

  it('is a problem where its head is larger than a gateway reads', async () => {
    const { asked, answer } = await opened('long-head');
    asked.response.writeHead(200, { ...events, 'x-long': 'x'.repeat(7 * 1024) }).flushHeaders();
    const head = await answer;
    assert.equal(head.statusCode, 502);
    assert.equal(head.headers['bff-error'], 'upstream_too_large');
    await asked.dropped;
    head.resume();
  });

  it('is cut off above what Lambda streams, where nobody knew how large it would be', async () => {
    const { asked, answer } = await opened('endless');
    const { response } = asked;
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    const received = rest(await answer);
    const piece = Buffer.alloc(1024 * 1024, 1);
    for (let sent = 0; sent <= 200 && !response.destroyed; sent += 1) {
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), asked.dropped]);
    }
    assert.equal(await received, 'cut');
    await asked.dropped;
  });

  it('is cut off where the API breaks off', async () => {
    const { asked, answer } = await opened('broken');
    asked.response.writeHead(200, { 'content-type': 'text/plain' }).write('half');
    const head = await answer;
    assert.equal(await next(head), 'half');
    asked.response.destroy();
    assert.equal(await rest(head), 'cut');
    await broker.logged(({ event, how }) => event === 'stream_ended' && how === 'broken');
  });

  it('is ended where the API falls silent, so that an EventSource takes it up again', async () => {
    const { asked, answer } = await opened('silent');
    asked.response.writeHead(200, events).write(': hello\n\n');
    const head = await answer;
    await next(head);
    assert.equal(await rest(head), 0);
    await asked.dropped;
    const line = await broker.logged(({ event, how }) => event === 'stream_ended' && how === 'silent');
    assert.equal(line['level'], 'info');
  });

  it('is a problem where no API is there', async () => {
    const { asked, answer } = await opened(`hang-up-${gateway}`);
    asked.request.socket.destroy();
    // A kept connection may have died of age, so that a GET is sent once more over a new one.
    void upstream.asked(`/events/hang-up-${gateway}`).then(({ request }) => request.socket.destroy());
    const head = await answer;
    assert.equal(head.statusCode, 502);
    assert.equal(head.headers['bff-error'], 'upstream_unreachable');
    head.resume();
  });

  it('stops the API from sending more than the browser takes, and lets it go on afterwards', async () => {
    const { asked, answer } = await opened('slow');
    const { response } = asked;
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    const head = await answer;
    const piece = Buffer.alloc(1_000_000, 1);
    let sent = 0;
    // The browser reads nothing: what lies in buffers on the way is limited, and then nothing is taken any more.
    while (response.write(piece)) sent += piece.length;
    sent += piece.length;
    for (;;) {
      const drained = await Promise.race([once(response, 'drain').then(() => true), quiet()]);
      if (!drained) break;
      response.write(piece);
      sent += piece.length;
    }
    assert.ok(sent < 60_000_000, `${sent} bytes were taken`);
    const drained = once(response, 'drain');
    const received = rest(head);
    await drained;
    response.end();
    assert.equal(await received, sent);
  });

  it('is not asked for any longer once the browser has left', async () => {
    const { asked, answer } = await opened('left');
    asked.response.writeHead(200, events).write('data: 1\n\n');
    const head = await answer;
    await next(head);
    head.destroy();
    await asked.dropped;
    const after = await opened('after');
    after.asked.response.writeHead(200, events).end('data: 1\n\n');
    assert.equal(await rest(await after.answer), 9);
  });
}

for (const gateway of ['http-api', 'rest'] as const) {
  describe(gateway === 'rest' ? 'an answer that a REST API streams' : 'an answer that a function URL streams', () => {
    streams(gateway);
  });
}
