/** The edge: the app and the broker on one origin, upgrades included. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEdge } from '../../../infra/local/edge/edge.ts';
import type { App, Edge } from '../../../infra/local/edge/edge.ts';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { sendRaw, valuesOf } from './raw-http.ts';

/** Answers with what it received. */
function report(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  if (url?.startsWith('/bff/login') === true) {
    const location = 'https://provider.example.com/authorize?audience=a&resource=b&scope=openid';
    response.writeHead(302, { location, 'x-target': url }).end();
    return;
  }
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.end(JSON.stringify({ method, url, headers }));
}

interface Report {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const brokerPaths = ['/bff', '/api'];
const received = (body: string): Report => JSON.parse(body) as Report;

async function edgeFor(app: App, gatewayOrigin: string): Promise<Edge> {
  const edge = await startEdge({ port: 0, brokerPaths, loginPath: '/bff/login', app });
  edge.connect(gatewayOrigin);
  return edge;
}

describe('in front of a folder', () => {
  let folder: string;
  let gateway: Server;
  let edge: Edge;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-app-'));
    await writeFile(join(folder, 'index.html'), '<p>page</p>');
    await writeFile(join(folder, 'app.js'), 'export {};');
    gateway = createServer(report);
    edge = await edgeFor({ kind: 'folder', path: folder }, await listen(gateway));
  });

  after(async () => {
    await edge.close();
    await shut(gateway);
    await rm(folder, { recursive: true, force: true });
  });

  const get = async (target: string, headers: string[] = []) => sendRaw(edge.origin, `GET ${target} HTTP/1.1`, headers);

  for (const target of ['/bff', '/bff/user?slide=false', '/api/orders/1%2F2']) {
    test(`${target} goes to the gateway as it is`, async () => {
      assert.equal(received((await get(target)).body).url, target);
    });
  }

  for (const target of ['/bfff', '/apis/x']) {
    test(`${target} does not`, async () => {
      assert.equal((await get(target)).status, 404);
    });
  }

  test("the viewer's host is left out, and the edge says that it was on the way", async () => {
    const { headers } = received((await get('/bff/user', ['X-Forwarded-For: 192.0.2.1'])).body);
    assert.doesNotMatch(headers['host'] ?? '', /localhost/);
    assert.match(headers['via'] ?? '', /cloudfront/i);
    assert.equal(headers['x-forwarded-for'], '192.0.2.1, 127.0.0.1');
  });

  test('every Set-Cookie of an answer comes through', async () => {
    assert.deepEqual(valuesOf(await get('/bff/user'), 'set-cookie'), ['a=1', 'b=2']);
  });

  test('a file is served with its type', async () => {
    const answer = await get('/app.js?v=1');
    assert.deepEqual(
      [answer.body, valuesOf(answer, 'content-type')],
      ['export {};', ['text/javascript; charset=utf-8']],
    );
  });

  test('a navigation to any other path gets the page', async () => {
    assert.equal((await get('/orders/7', ['Sec-Fetch-Mode: navigate'])).body, '<p>page</p>');
  });

  test('anything else that is not there is 404', async () => {
    assert.equal((await get('/missing.js')).status, 404);
  });

  for (const target of ['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/%00', '/%zz']) {
    test(`${target} does not lead out of the folder`, async () => {
      assert.equal((await get(target)).status, 404);
    });
  }

  test('a POST to the app is refused', async () => {
    assert.equal((await sendRaw(edge.origin, 'POST /app.js HTTP/1.1', ['Content-Length: 0'])).status, 405);
  });

  const limits: readonly [what: string, target: string, headers: string[], status: number][] = [
    ['a URL above 8,192 bytes', `/bff/${'x'.repeat(8_192)}`, [], 414],
    ['a request above 20,480 bytes', '/bff/user', [`X-Pad: ${'x'.repeat(20_480)}`], 413],
  ];
  for (const [what, target, headers, status] of limits) {
    test(`${what} is refused with ${status}`, async () => {
      assert.equal((await get(target, headers)).status, status);
    });
  }

  test('an upgrade on a path of the broker is answered like any request, and the broker sees it', async () => {
    const answer = await get('/api/orders', ['Upgrade: websocket', 'Connection: Upgrade']);
    assert.equal(received(answer.body).headers['upgrade'], 'websocket');
  });

  test('a login without the audience loses it in the redirect and never in the request to the broker', async () => {
    const answer = await get('/bff/login?returnUrl=%2F&without=audience');
    assert.deepEqual(valuesOf(answer, 'location'), ['https://provider.example.com/authorize?scope=openid']);
    assert.deepEqual(valuesOf(answer, 'x-target'), ['/bff/login?returnUrl=%2F']);
  });

  test('any other login keeps it', async () => {
    assert.match(valuesOf(await get('/bff/login?returnUrl=%2F'), 'location')[0] ?? '', /audience=a/);
  });
});

describe("in front of the app's own server", () => {
  let app: Server;
  let appOrigin: string;
  let gateway: Server;
  let edge: Edge;

  before(async () => {
    gateway = createServer(report);
    app = createServer((request, response) => report(request, response.setHeader('x-app', 'yes')));
    app.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nX-Host: ${request.headers.host}\r\n\r\n`);
      socket.write(head);
      socket.pipe(socket);
    });
    appOrigin = await listen(app);
    edge = await edgeFor({ kind: 'server', origin: appOrigin }, await listen(gateway));
  });

  after(async () => {
    await edge.close();
    await Promise.all([shut(gateway), shut(app)]);
  });

  test('everything but the broker goes there', async () => {
    const answer = await sendRaw(edge.origin, 'GET /assets/x.js?y HTTP/1.1');
    assert.deepEqual([valuesOf(answer, 'x-app'), received(answer.body).url], [['yes'], '/assets/x.js?y']);
  });

  test('the broker stays where it is', async () => {
    assert.deepEqual(valuesOf(await sendRaw(edge.origin, 'GET /bff/user HTTP/1.1'), 'x-app'), []);
  });

  test('an upgraded socket carries bytes in both directions', async () => {
    const socket = connect(Number(new URL(edge.origin).port), '127.0.0.1');
    let seen = '';
    const echoed = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        seen += chunk.toString();
        if (seen.endsWith('early late')) resolve();
      });
    });
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly');
    await once(socket, 'data');
    socket.write(' late');
    await echoed;
    socket.destroy();
    assert.match(seen, /^HTTP\/1\.1 101 /);
  });

  test('closing ends upgraded sockets', { timeout: 5_000 }, async () => {
    const closing = await edgeFor({ kind: 'server', origin: appOrigin }, appOrigin);
    const socket = connect(Number(new URL(closing.origin).port), '127.0.0.1');
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(socket, 'data');
    const ended = once(socket, 'close');
    await Promise.all([closing.close(), ended]);
  });

  test('an app that is not there is named', async () => {
    const gone = createServer();
    const origin = await listen(gone);
    await shut(gone);
    const lonely = await edgeFor({ kind: 'server', origin }, origin);
    const answer = await sendRaw(lonely.origin, 'GET / HTTP/1.1');
    await lonely.close();
    assert.deepEqual([answer.status, answer.body.includes(origin)], [502, true]);
  });
});
