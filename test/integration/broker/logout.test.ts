/** The end of a session: who may end it by `/bff/logout`, and what is left of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { isLoggedIn, leave, linkOf, ownCookies } from './leaving.ts';
import { loggedIn } from './person.ts';
import { ask, codeOf, cookiesFor, cookiesSet, header } from './raw.ts';
import { running } from './running.ts';

const clock = startClock();

describe('a logout', () => {
  const broker = running({ table: false, provider: { accessTokenLifetimeSeconds: 300 } });

  const request = async (browser: Browser, target: string, headers: Readonly<Record<string, string>> = {}) =>
    ask(broker.origin, target, { headers, cookie: header(cookiesFor(browser, '/bff/logout')) });

  it('goes through the provider and back to the application', async () => {
    const browser = await loggedIn(broker.origin);
    const link = `${await linkOf(browser, broker.origin)}&returnUrl=${encodeURIComponent('/?bye=1#end')}`;
    const page = await browser.navigate(`${broker.origin}${link}`, { from: `${broker.origin}/` });
    assert.equal(page.url.href, `${broker.origin}/?bye=1#end`);
    assert.deepEqual(
      page.steps.map(({ url }) => url.pathname),
      ['/bff/logout', '/oidc/logout', '/bff/logout/callback', '/'],
    );
    assert.equal(await isLoggedIn(browser, broker.origin), false);
    const again = await browser.navigate(`${broker.origin}/bff/login`, { from: `${broker.origin}/` });
    assert.match(again.text, /name="password"/, 'the provider forgot the person, too');
  });

  it('leaves no cookie of the broker, whatever its path', async () => {
    const browser = await loggedIn(broker.origin);
    await browser.navigate(`${broker.origin}/bff/login`, { from: `${broker.origin}/`, stopAt: () => true });
    clock.advance(200);
    await browser.fetch(`${broker.origin}/bff/user`);
    assert.ok(ownCookies(browser).length >= 7, ownCookies(browser).join());
    await browser.navigate(`${broker.origin}${await linkOf(browser, broker.origin)}`, { from: `${broker.origin}/` });
    assert.deepEqual(ownCookies(browser), []);
  });

  it('deletes every cookie by the name and path under which it was set, further chunks included', async () => {
    const browser = await loggedIn(broker.origin);
    const before = ownCookies(browser);
    const answer = await request(browser, await linkOf(browser, broker.origin));
    const deleted = answer.headers
      .getSetCookie()
      .filter((line) => line.includes('Max-Age=0'))
      .map((line) => `${line.slice(0, line.indexOf('='))} ${/Path=([^;]+)/.exec(line)?.[1]}`);
    const chunks = ['', '.1', '.2'];
    const expected = [
      ...before,
      ...chunks.map((chunk) => `__Host-Http-bff${chunk} /`),
      ...chunks.map((chunk) => `__Host-Http-bff-grant${chunk} /`),
      ...chunks.map((chunk) => `__Secure-bff-orders${chunk} /api/orders`),
      ...chunks.map((chunk) => `__Secure-bff-profile${chunk} /api/profile`),
      ...chunks.map((chunk) => `__Secure-bff-idt${chunk} /bff/logout`),
      '__Host-Http-bff-seen /',
      '__Secure-bff-report /bff/diagnostics',
    ];
    assert.deepEqual(new Set(deleted), new Set(expected));
  });

  for (const site of ['same-origin', 'same-site', 'none', 'cross-site', undefined]) {
    const fetchSite: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
    const from = site ?? 'nobody knows where';

    it(`by the right link counts from ${from}`, async () => {
      const browser = await loggedIn(broker.origin);
      const answer = await request(browser, await linkOf(browser, broker.origin), fetchSite);
      assert.equal(answer.status, 302);
      assert.ok(cookiesSet(answer).deleted.includes('__Host-Http-bff'));
    });

    for (const [kind, query] of [
      ['a wrong', '?sid=AAAAAAAAAAAAAAAAAAAAAA'],
      ['no', ''],
      ['an empty', '?sid='],
      ['a repeated', undefined],
    ] as const) {
      it(`with ${kind} sid from ${from} ${site === 'same-origin' ? 'counts' : 'is refused'}`, async () => {
        const browser = await loggedIn(broker.origin);
        const link = await linkOf(browser, broker.origin);
        const right = new URL(link, broker.origin).searchParams.get('sid') ?? '';
        const answer = await request(browser, `/bff/logout${query ?? `?sid=${right}&sid=${right}`}`, fetchSite);
        if (site === 'same-origin') {
          assert.equal(answer.status, 302);
          return;
        }
        assert.equal(answer.status, 400);
        assert.equal(codeOf(answer), 'logout_sid_mismatch');
        assert.deepEqual(answer.headers.getSetCookie(), []);
        assert.ok(![await answer.text(), ...answer.headers].join().includes(right), 'the right sid is told');
        assert.equal(await isLoggedIn(browser, broker.origin), true);
      });
    }

    it(`of nobody from ${from} ${site === 'cross-site' || site === undefined ? 'asks first' : 'goes home'}`, async () => {
      const answer = await ask(broker.origin, '/bff/logout?sid=x&returnUrl=%2Fbye', { headers: fetchSite });
      if (site === 'cross-site' || site === undefined) {
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.headers.getSetCookie(), []);
        assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
        const links = [...(await answer.text()).matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
        assert.deepEqual(links, [`${broker.origin}/bff/logout?sid=x&amp;returnUrl=%2Fbye`]);
      } else {
        assert.equal(answer.status, 302);
        assert.equal(answer.headers.get('location'), `${broker.origin}/bye`);
        assert.ok(cookiesSet(answer).deleted.includes('__Host-Http-bff'));
      }
    });
  }

  it('asked for by a link on another site happens when the person confirms', async () => {
    const browser = await loggedIn(broker.origin);
    const link = `${broker.origin}${await linkOf(browser, broker.origin)}`;
    const question = await browser.navigate(link, { from: 'https://elsewhere.example/' });
    assert.equal(question.status, 200);
    assert.equal(await isLoggedIn(browser, broker.origin), true);
    const href = /href="([^"]*)"/.exec(question.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    await browser.navigate(href, { from: question.url.href });
    assert.equal(await isLoggedIn(browser, broker.origin), false);
  });

  it('that another site starts without the link changes nothing', async () => {
    const browser = await loggedIn(broker.origin);
    await browser.navigate(`${broker.origin}/bff/logout`, { from: 'https://elsewhere.example/' });
    await request(browser, '/bff/logout', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' });
    assert.equal(await isLoggedIn(browser, broker.origin), true);
  });

  it('twice in a row is fine', async () => {
    const browser = await loggedIn(broker.origin);
    const link = `${broker.origin}${await linkOf(browser, broker.origin)}`;
    await browser.navigate(link, { from: `${broker.origin}/` });
    assert.equal((await browser.navigate(link, { from: `${broker.origin}/` })).url.href, `${broker.origin}/`);
  });

  it('loaded ahead of time has no effect', async () => {
    const browser = await loggedIn(broker.origin);
    const link = await linkOf(browser, broker.origin);
    const purposes = [{ 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }];
    for (const target of [link, '/bff/logout/callback']) {
      for (const purpose of purposes) {
        const answer = await request(browser, target, { 'sec-fetch-site': 'same-origin', ...purpose });
        assert.equal(answer.status, 503);
        assert.equal(codeOf(answer), 'prefetch_refused');
        assert.deepEqual(answer.headers.getSetCookie(), []);
      }
    }
    assert.equal(await isLoggedIn(browser, broker.origin), true);
  });

  for (const returnUrl of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://localhost@evil.example/',
    ' /',
    '/\t/evil.example',
    `/${'a'.repeat(512)}`,
  ]) {
    it(`leads nobody to ${JSON.stringify(returnUrl.slice(0, 40))}`, async () => {
      const browser = await loggedIn(broker.origin);
      const link = await linkOf(browser, broker.origin);
      const answer = await request(browser, `${link}&returnUrl=${encodeURIComponent(returnUrl)}`);
      assert.equal(answer.status, 400);
      assert.equal(codeOf(answer), 'return_url_invalid');
      assert.deepEqual(answer.headers.getSetCookie(), []);
    });
  }

  it('by fetch names where to go', async () => {
    const browser = await loggedIn(broker.origin);
    const answer = await browser.fetch(`${broker.origin}/bff/logout?returnUrl=%2Fbye`, { method: 'POST' });
    assert.equal(answer.status, 200);
    const { logout_url: next } = (await answer.json()) as { logout_url: string };
    assert.equal(new URL(next).origin, broker.provider.origin);
    assert.equal(await isLoggedIn(browser, broker.origin), false);
    assert.equal((await browser.navigate(next, { from: `${broker.origin}/` })).url.href, `${broker.origin}/bye`);
  });

  it('by fetch of nobody goes straight home', async () => {
    const answer = await createBrowser().fetch(`${broker.origin}/bff/logout?returnUrl=%2Fbye`, { method: 'POST' });
    assert.deepEqual(await answer.json(), { logout_url: `${broker.origin}/bye` });
  });

  it('by fetch needs the header', async () => {
    const browser = await loggedIn(broker.origin);
    const revocations = broker.provider.requestsTo('revoke').length;
    for (const options of [{ csrf: false }, { headers: { origin: 'https://evil.example' } }]) {
      const answer = await browser.fetch(`${broker.origin}/bff/logout`, { method: 'POST', ...options });
      assert.equal(answer.status, 403);
      assert.equal(codeOf(answer), 'csrf_rejected');
      assert.deepEqual(answer.headers.getSetCookie(), []);
    }
    assert.equal(broker.provider.requestsTo('revoke').length, revocations);
  });

  it('takes GET and POST alone', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await createBrowser().fetch(`${broker.origin}/bff/logout`, { method });
      // The route of another method leads to the function of the APIs, which knows no such path.
      assert.ok([404, 405].includes(answer.status), `${method} ${answer.status}`);
    }
  });

  it('without a table leaves cookies that somebody copied to work no longer than their tokens', async () => {
    const browser = await loggedIn(broker.origin);
    const copy = browser.copy();
    await leave(browser, broker);
    assert.equal((await copy.fetch(`${broker.origin}/api/orders`)).status, 200);
    clock.advance(301);
    const calls = broker.apis.orders.requests.length;
    const answer = await copy.fetch(`${broker.origin}/api/orders`);
    assert.equal(answer.status, 401);
    assert.equal(codeOf(answer), 'session_over');
    assert.equal(broker.apis.orders.requests.length, calls);
  });
});
