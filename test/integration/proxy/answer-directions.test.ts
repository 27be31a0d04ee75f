/** Where an API's answer may lead a browser, what it may ask of it, and what of it may be kept. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf, rawServer } from '../../unit/outgoing/raw-server.ts';
import { events } from '../broker/running.ts';
import { valuesOf, type RawAnswer } from '../local-lambda/raw-http.ts';
import { answered, recording } from './recording.ts';

describe('the answer of an API', () => {
  const stack = recording();
  const get = async (wire: string, lines: readonly string[] = [], target = '/api/orders/1'): Promise<RawAnswer> => {
    stack.answers(wire);
    const { answer, received } = await stack.send(target, { headers: lines });
    assert.equal(received.length, 1, answer.body);
    return answer;
  };

  const redirected = async (location: string, status = '302 Found'): Promise<readonly string[]> => {
    const answer = await get(answered([`Location: ${location}`, `Content-Location: ${location}`], '', status));
    assert.equal(answer.status, Number(status.slice(0, 3)));
    assert.deepEqual(valuesOf(answer, 'content-location'), valuesOf(answer, 'location'));
    return valuesOf(answer, 'location');
  };

  const challenged = async (...lines: readonly string[]): Promise<readonly string[]> => {
    const wire = answered(
      lines.map((line) => `WWW-Authenticate: ${line}`),
      '{}',
      '403 Forbidden',
    );
    // A REST API keeps the name for itself.
    return valuesOf(await get(wire), events === 'rest' ? 'x-amzn-remapped-www-authenticate' : 'www-authenticate');
  };

  describe('that redirects', () => {
    for (const [location, rewritten] of [
      ['/v1/2?a=1#b', '/api/orders/2?a=1#b'],
      ['2', '/api/orders/2'],
      ['?page=2', '/api/orders/1?page=2'],
      ['/v1', '/api/orders'],
    ] as const) {
      it(`within itself leads to the path that browsers know: ${location}`, async () => {
        for (const status of ['201 Created', '301 Moved', '302 Found', '307 Temporary', '308 Permanent']) {
          assert.deepEqual(await redirected(location, status), [rewritten]);
        }
      });
    }

    it('within itself by its address leads to the path that browsers know', async () => {
      assert.deepEqual(await redirected(`${stack.api.origin}/v1/2`), ['/api/orders/2']);
      assert.deepEqual(await redirected(`${stack.broker.origin}/v1/2`), ['/api/orders/2']);
    });

    for (const location of [
      'https://evil.example/',
      '//evil.example/v1/2',
      '/\\evil.example/v1/2',
      '\\\\evil.example',
      'https:evil.example',
      'javascript:alert(1)',
      'data:text/html,evil',
      '/admin',
      '/v1x',
      '/v1/../admin',
      '/v1/%2e%2e/admin',
      '../../admin',
      '/bff/logout',
      'http://user:pass@127.0.0.1/v1/',
    ]) {
      it(`out of itself leads nowhere: ${location}`, async () => assert.deepEqual(await redirected(location), []));
    }

    it('to somebody who listens is not followed', async () => {
      const evil = await rawServer((socket) => socket.write(answerOf('evil')));
      try {
        for (const location of [`${evil.origin}/v1/2`, evil.origin]) {
          assert.deepEqual(await redirected(location, '307 Temporary'), []);
        }
        assert.equal(evil.connections(), 0);
      } finally {
        await evil.close();
      }
    });
  });

  describe('that asks for credentials', () => {
    for (const scheme of [
      'Basic realm="orders"',
      'bAsIc realm=x',
      'Digest realm="x", nonce="y"',
      'Negotiate',
      'NTLM',
    ]) {
      it(`from the user is not heard: ${scheme}`, async () => assert.deepEqual(await challenged(scheme), []));
    }

    it('of a token is heard among others, without what nobody knows', async () => {
      assert.deepEqual(
        await challenged('Basic realm="x"', 'Bearer error="insufficient_scope", scope="a", evil="1", realm="r"'),
        ['Bearer error="insufficient_scope", scope="a", realm="r"'],
      );
    });

    it('and names a place for its metadata has nobody asked there', async () => {
      const evil = await rawServer((socket) => socket.write(answerOf('{}')));
      try {
        const [challenge] = await challenged(`Bearer resource_metadata="${evil.origin}/.well-known/x"`);
        assert.equal(challenge, `Bearer resource_metadata="${evil.origin}/.well-known/x"`);
        assert.equal(evil.connections(), 0);
      } finally {
        await evil.close();
      }
    });
  });
});

describe('the answer of an API that may be cached', () => {
  const stack = recording({ api: { cache: true } });
  const caching = async (...lines: readonly string[]): Promise<readonly (readonly string[])[]> => {
    stack.answers(answered(lines));
    const { answer } = await stack.send('/api/orders/1');
    return ['cache-control', 'vary', 'set-cookie'].map((name) => valuesOf(answer, name));
  };

  it('is kept by the browser alone, for this session alone', async () => {
    const vary = ['Accept-Language, Cookie, Origin'];
    for (const line of ['max-age=60', 'public, max-age=60, s-maxage=3600', 'private, max-age=60']) {
      assert.deepEqual(await caching(`Cache-Control: ${line}`, 'Vary: Accept-Language'), [
        ['private, max-age=60'],
        vary,
        [],
      ]);
    }
  });

  it('is kept by nobody where the API says nothing', async () => {
    assert.deepEqual((await caching())[0], ['no-store']);
  });

  it('is kept by nobody where the API set a cookie', async () => {
    const [cacheControl, , cookies] = await caching('Cache-Control: max-age=60', 'Set-Cookie: a=b');
    assert.deepEqual([cacheControl, cookies], [['no-store'], []]);
  });
});
