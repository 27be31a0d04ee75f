/** Who is logged in: `GET /bff/user`, and for how long a session lasts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { loggedIn } from './person.ts';
import { running, usual } from './running.ts';

const clock = startClock();

type Claims = readonly { readonly type: string; readonly value: unknown }[];

const valueOf = (claims: Claims, type: string): unknown => claims.find((claim) => claim.type === type)?.value;

const setNames = (answer: Response): readonly string[] =>
  answer.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')));

async function claimsOf(browser: Browser, origin: string, query = ''): Promise<Claims> {
  const answer = await browser.fetch(`${origin}/bff/user${query}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Claims;
}

const secondsLeft = async (browser: Browser, origin: string): Promise<unknown> =>
  valueOf(await claimsOf(browser, origin, '?slide=false'), 'bff:session_expires_in');

/** So many seconds, or a few less on a slow machine. */
function assertAbout(actual: unknown, expected: number): void {
  assert.equal(typeof actual, 'number');
  const isAbout = Number(actual) <= expected && Number(actual) > expected - 15;
  assert.ok(isAbout, `${String(actual)} is not about ${expected}`);
}

async function assertNobody(answer: Response): Promise<void> {
  assert.equal(answer.status, 401);
  assert.equal(await answer.text(), '');
  assert.deepEqual(answer.headers.getSetCookie(), []);
}

describe('the user endpoint', () => {
  const broker = running({ table: false });

  it('shows the allow-listed claims and what the application needs for a logout', async () => {
    const browser = await loggedIn(broker.origin);
    const claims = await claimsOf(browser, broker.origin);
    assert.deepEqual(
      claims.map(({ type }) => type),
      ['sub', 'name', 'email', 'bff:logout_url', 'bff:session_expires_in'],
    );
    assert.equal(valueOf(claims, 'sub'), 'auth0|alice');
    assert.equal(valueOf(claims, 'email'), 'alice@example.com');
    assert.match(String(valueOf(claims, 'bff:logout_url')), /^\/bff\/logout\?sid=[\w-]{22}$/);
    assertAbout(valueOf(claims, 'bff:session_expires_in'), 1800);
  });

  it('is read as JSON', async () => {
    const browser = await loggedIn(broker.origin);
    const answer = await browser.fetch(`${broker.origin}/bff/user`);
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  });

  it('tells nobody apart from somebody without the header', async () => {
    const browser = await loggedIn(broker.origin);
    const url = `${broker.origin}/bff/user`;
    await assertNobody(await browser.fetch(url, { csrf: false }));
    for (const value of ['', '0', '2', 'true', '1, 1']) {
      await assertNobody(await browser.fetch(url, { csrf: false, headers: { 'x-csrf': value } }));
    }
    await assertNobody(await createBrowser().fetch(url));
  });

  it('knows the header in any spelling of its name', async () => {
    const browser = await loggedIn(broker.origin);
    const headers = { 'X-CSRF': '1' };
    assert.equal((await browser.fetch(`${broker.origin}/bff/user`, { csrf: false, headers })).status, 200);
  });

  it('answers another site as if nobody were logged in', async () => {
    const browser = await loggedIn(broker.origin);
    const url = `${broker.origin}/bff/user`;
    const cookie = browser.jar.map(({ name, value }) => `${name}=${value}`).join('; ');
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      await assertNobody(await browser.fetch(url, { headers: { cookie, ...headers } }));
    }
  });

  it('takes GET alone', async () => {
    const browser = await loggedIn(broker.origin);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await browser.fetch(`${broker.origin}/bff/user`, { method });
      assert.equal(answer.status, 405, method);
      assert.equal(answer.headers.get('allow'), 'GET');
    }
  });

  it('shows each person their own claims', async () => {
    const [alice, bob] = [await loggedIn(broker.origin), await loggedIn(broker.origin, 'bob')];
    assert.equal(valueOf(await claimsOf(alice, broker.origin), 'sub'), 'auth0|alice');
    assert.equal(valueOf(await claimsOf(bob, broker.origin), 'sub'), 'auth0|bob');
    assert.notEqual(
      valueOf(await claimsOf(alice, broker.origin), 'bff:logout_url'),
      valueOf(await claimsOf(bob, broker.origin), 'bff:logout_url'),
    );
  });
});

describe('a session of twenty idle minutes and one hour at most', () => {
  const minute = 60;
  const broker = running({
    table: false,
    configuration: { value: { ...usual, session: { idle: '20m', absolute: '60m' } } },
  });

  it('counts down until it is used', async () => {
    const browser = await loggedIn(broker.origin);
    assertAbout(await secondsLeft(browser, broker.origin), 20 * minute);
    clock.advance(5 * minute);
    assertAbout(await secondsLeft(browser, broker.origin), 15 * minute);
    const prolonged = await claimsOf(browser, broker.origin);
    assertAbout(valueOf(prolonged, 'bff:session_expires_in'), 20 * minute);
    assertAbout(await secondsLeft(browser, broker.origin), 20 * minute);
  });

  it('is not prolonged by a look that says so', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(5 * minute);
    const answer = await browser.fetch(`${broker.origin}/bff/user?slide=false`);
    assert.deepEqual(answer.headers.getSetCookie(), []);
    clock.advance(16 * minute);
    await assertNobody(await browser.fetch(`${broker.origin}/bff/user`));
  });

  it('writes its use down at most every tenth of the idle time', async () => {
    const browser = await loggedIn(broker.origin);
    const url = `${broker.origin}/bff/user`;
    assert.deepEqual(setNames(await browser.fetch(url)), []);
    clock.advance(2 * minute - 20);
    assert.deepEqual(setNames(await browser.fetch(url)), []);
    clock.advance(30);
    assert.deepEqual(setNames(await browser.fetch(url)), ['__Host-Http-bff-seen']);
    assert.deepEqual(setNames(await browser.fetch(url)), []);
    clock.advance(2 * minute);
    assert.deepEqual(setNames(await browser.fetch(`${broker.origin}/api/orders`)), ['__Host-Http-bff-seen']);
  });

  it('ends when it was not used for that long, and a call says so and names a login', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(20 * minute + 1);
    await assertNobody(await browser.fetch(`${broker.origin}/bff/user`));
    const answer = await browser.fetch(`${broker.origin}/api/orders`);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('bff-error'), 'session_expired');
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.equal(((await answer.json()) as { login_url: string }).login_url, '/bff/login');
  });

  it('ends after the absolute time however much it is used, also for cookies that were kept', async () => {
    const browser = await loggedIn(broker.origin);
    for (let used = 0; used < 55; used += 11) {
      clock.advance(11 * minute);
      if (used < 44) await claimsOf(browser, broker.origin);
    }
    const kept = browser.copy();
    assert.ok(Number(await secondsLeft(browser, broker.origin)) <= 5 * minute);
    const cookie = browser.jar.map(({ name, value }) => `${name}=${value}`).join('; ');
    clock.advance(5 * minute);
    await assertNobody(await kept.fetch(`${broker.origin}/bff/user`));
    await assertNobody(await createBrowser().fetch(`${broker.origin}/bff/user`, { headers: { cookie } }));
  });

  it('is not shown to last longer than its absolute end', async () => {
    const browser = await loggedIn(broker.origin);
    for (const minutes of [19, 19, 15]) {
      clock.advance(minutes * minute);
      await claimsOf(browser, broker.origin);
    }
    assertAbout(await secondsLeft(browser, broker.origin), 7 * minute);
  });
});

describe('where anonymity is no error', () => {
  const broker = running({
    table: false,
    configuration: {
      value: {
        ...usual,
        session: { anonymous: 'null', claims: ['sub', 'email_verified', 'sid', 'nickname', 'nonce', 'aud'] },
      },
    },
  });

  it('nobody is null', async () => {
    const answer = await createBrowser().fetch(`${broker.origin}/bff/user`);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'null');
  });

  it('a missing header is 401 all the same', async () => {
    await assertNobody(await createBrowser().fetch(`${broker.origin}/bff/user`, { csrf: false }));
  });

  it('claims are those that the configuration names, as the provider typed them', async () => {
    const claims = await claimsOf(await loggedIn(broker.origin), broker.origin);
    assert.equal(valueOf(claims, 'email_verified'), true);
    assert.equal(valueOf(claims, 'nickname'), 'alice');
    assert.equal(valueOf(claims, 'name'), undefined);
  });
});
