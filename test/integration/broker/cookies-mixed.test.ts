/** Cookies that do not belong together, were changed, came twice or from elsewhere: nobody is ever taken for somebody else. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { createBrowser, type Browser, type JarCookie } from './browser.ts';
import { loggedIn } from './person.ts';
import { ask, codeOf, cookiesFor, header } from './raw.ts';
import { receivedHeader, running } from './running.ts';
import { cookieOf, spoiled, withCookie } from './sealed.ts';

const names = {
  session: '__Host-Http-bff',
  grant: '__Host-Http-bff-grant',
  orders: '__Secure-bff-orders',
  profile: '__Secure-bff-profile',
} as const;

describe('cookies of several people and places', () => {
  const broker = running({ table: false });

  const csrf = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };

  let alice: Browser;
  let bob: Browser;

  before(async () => {
    alice = await loggedIn(broker.origin);
    bob = await loggedIn(broker.origin, 'bob');
  });

  const asked = async (target: string, cookie: string) => ask(broker.origin, target, { headers: csrf, cookie });

  /** Whom `/bff/user` names; undefined where it names nobody. */
  async function userOf(cookie: string): Promise<string | undefined> {
    const answer = await asked('/bff/user', cookie);
    if (answer.status !== 200) return undefined;
    const claims = (await answer.json()) as readonly { type: string; value: string }[];
    return claims.find(({ type }) => type === 'sub')?.value;
  }

  /** Whose token arrived at the orders API; undefined where the call did not get there. */
  async function callerOf(cookie: string): Promise<string | undefined> {
    const calls = broker.apis.orders.requests.length;
    await asked('/api/orders', cookie);
    if (broker.apis.orders.requests.length === calls) return undefined;
    const token = receivedHeader(broker.apis.orders, 'authorization')?.slice('Bearer '.length) ?? '';
    const { aud, sub } = decodeJwt(token);
    assert.ok([aud].flat().includes('https://orders.example.com'), 'a token of another API arrived');
    return sub;
  }

  const sources = (name: string): readonly (readonly [owner: string, cookie: JarCookie | undefined])[] => [
    ['auth0|alice', cookieOf(alice, name)],
    ['auth0|bob', cookieOf(bob, name)],
    ['nobody', undefined],
  ];

  describe('cookies of two sessions', () => {
    it('mixed in every way show and send nothing but what belongs to the person of the session cookie', async () => {
      let people = 0;
      for (const [owner, session] of sources(names.session)) {
        for (const [grantor, grant] of sources(names.grant)) {
          for (const [, token] of sources(names.orders)) {
            const cookie = header([session, grant, token].filter((one) => one !== undefined));
            const [user, caller] = [await userOf(cookie), await callerOf(cookie)];
            assert.ok([owner, undefined].includes(user), `${owner}'s session shows ${user}`);
            assert.ok([owner, undefined].includes(caller), `${owner}'s session calls as ${caller}`);
            if (owner !== grantor) assert.equal(user, undefined);
            if (user !== undefined) people += 1;
          }
        }
      }
      assert.equal(people, 6, 'each person is known by their own session and grant');
    });

    it('under the names of others are nothing', async () => {
      const values = Object.values(names).map((name) => cookieOf(alice, name));
      for (const { name } of values) {
        for (const { value } of values.filter((other) => other.name !== name)) {
          const cookie = header([...values.filter((one) => one.name !== name), { name, value }]);
          if (name === names.session || name === names.grant) assert.equal(await userOf(cookie), undefined);
          assert.ok(['auth0|alice', undefined].includes(await callerOf(cookie)));
        }
      }
    });

    it('in turns on one process never cross', async () => {
      const cookies = [alice, bob].map((browser) => header(cookiesFor(browser, '/api/orders')));
      for (let turn = 0; turn < 40; turn += 1) {
        const cookie = cookies[turn % 2] ?? '';
        const expected = turn % 2 === 0 ? 'auth0|alice' : 'auth0|bob';
        assert.equal(await userOf(cookie), expected);
        assert.equal(await callerOf(cookie), expected);
      }
      const hot = broker.stack.lambda.processes().filter(({ functionName }) => functionName.endsWith('-api'));
      assert.equal(hot.length, 1, 'all of it ran in one process');
    });

    it('at the same time never cross', async () => {
      const cookies = [alice, bob].map((browser) => header(cookiesFor(browser, '/bff/user')));
      const users = await Promise.all(Array.from({ length: 12 }, async (_, turn) => userOf(cookies[turn % 2] ?? '')));
      assert.deepEqual(
        users,
        Array.from({ length: 12 }, (_, turn) => (turn % 2 === 0 ? 'auth0|alice' : 'auth0|bob')),
      );
    });
  });

  describe('a changed cookie', () => {
    for (const name of [names.session, names.grant]) {
      it(`${name} is no session, in whatever way it was changed`, async () => {
        for (const value of spoiled(cookieOf(alice, name).value)) {
          const copy = withCookie(alice, name, value);
          const answer = await copy.fetch(`${broker.origin}/bff/user`);
          assert.equal(answer.status, 401, value.slice(0, 40));
          assert.deepEqual(answer.headers.getSetCookie(), []);
          const call = await copy.fetch(`${broker.origin}/api/orders`);
          assert.equal(call.status, 401, value.slice(0, 40));
          assert.match(codeOf(call) ?? '', /^(?:login_required|session_over)$/);
        }
      });
    }

    it('with a token never sends another token than the one of this person for this API', async () => {
      for (const value of spoiled(cookieOf(alice, names.orders).value)) {
        const cookie = header(cookiesFor(withCookie(alice, names.orders, value), '/api/orders'));
        assert.ok(['auth0|alice', undefined].includes(await callerOf(cookie)), value.slice(0, 40));
      }
    });

    it('keeps nobody from logging in', async () => {
      for (const value of spoiled(cookieOf(alice, names.session).value).slice(0, 6)) {
        const answer = await ask(broker.origin, '/bff/login', { cookie: `${names.session}=${value}` });
        assert.equal(answer.status, 302);
      }
    });
  });

  describe('two cookies of one protected name', () => {
    for (const name of [names.session, names.grant, '__Host-Http-bff-seen', `${names.session}.1`, `${names.grant}.2`]) {
      for (const order of ['before', 'after']) {
        it(`${name}, the other one ${order}, are refused without a guess, and a login is possible`, async () => {
          const own = cookiesFor(alice, '/api/orders');
          const again = own.find((cookie) => cookie.name === name)?.value ?? 'planted';
          const twice = [
            { name, value: 'planted' },
            { name, value: again },
          ];
          const cookie = header(
            order === 'before'
              ? [...twice, ...own.filter((one) => one.name !== name)]
              : [...own.filter((one) => one.name !== name), ...twice.toReversed()],
          );
          for (const target of ['/bff/user', '/api/orders', '/bff/logout?sid=x']) {
            const answer = await asked(target, cookie);
            assert.equal(answer.status, 400, target);
            assert.equal(codeOf(answer), 'cookies_ambiguous');
            assert.deepEqual(answer.headers.getSetCookie(), []);
          }
          assert.equal((await ask(broker.origin, '/bff/login', { cookie })).status, 302);
        });
      }
    }
  });

  const planted = (count: number): { name: string; value: string }[] =>
    [cookieOf(bob, names.orders).value, 'junk', cookieOf(alice, names.profile).value]
      .slice(0, count)
      .map((value) => ({ name: names.orders, value }));

  describe('token cookies that a sibling domain planted', () => {
    for (const count of [1, 2, 3]) {
      it(`do not take the place of the own one, ${count} before it or behind it`, async () => {
        const own = cookiesFor(alice, '/api/orders');
        assert.equal(await callerOf(header([...planted(count), ...own])), 'auth0|alice');
        assert.equal(await callerOf(header([...own, ...planted(count)])), 'auth0|alice');
      });
    }

    it('do not send the token of somebody else, however many there are', async () => {
      const own = cookiesFor(alice, '/api/orders');
      const flood = Array.from({ length: 20 }, (_, index) => ({
        name: names.orders,
        value: index % 2 === 0 ? 'junk' : cookieOf(bob, names.orders).value,
      }));
      assert.ok(['auth0|alice', undefined].includes(await callerOf(header([...flood, ...own]))));
    });
  });

  describe('odd cookies beside the own ones', () => {
    it('mean nothing', async () => {
      const own = header(cookiesFor(alice, '/api/orders'));
      for (const odd of [
        '__proto__=1',
        'constructor=x',
        'toString',
        '=x',
        '$Version=1',
        '$Path="/"',
        'a="b; c"',
        ';;;',
        'é=é',
        '__host-http-bff=x',
      ]) {
        assert.equal(await userOf(`${odd}; ${own}`), 'auth0|alice', odd);
        assert.equal(await userOf(`${own}; ${odd}`), 'auth0|alice', odd);
      }
    });

    it('quoted values are no values', async () => {
      const quoted = cookiesFor(alice, '/bff/user').map(({ name, value }) => ({ name, value: `"${value}"` }));
      assert.equal(await userOf(header(quoted)), undefined);
    });

    it('more than the header may hold are refused before anything is opened', async () => {
      const browser = createBrowser();
      const cookie = Array.from({ length: 400 }, (_, index) => `c${index}=1`).join('; ');
      const answer = await browser.fetch(`${broker.origin}/bff/user`, { headers: { cookie } });
      assert.equal(answer.status, 431);
      assert.equal(codeOf(answer), 'headers_too_large');
    });
  });
});
