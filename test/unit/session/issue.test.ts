import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { cookie } from '../../../functions/contract/wire.ts';
import { seconds } from '../../../functions/contract/units.ts';
import { serializedBytes } from '../../../functions/http/cookies.ts';
import type { SetCookie } from '../../../functions/http/message.ts';
import { chunkNames } from '../../../functions/session/chunks.ts';
import { endSession, issueSession } from '../../../functions/session/issue.ts';
import type { JarLayout } from '../../../functions/session/issue.ts';
import { bindingOf } from '../../../functions/session/identity.ts';
import { readApiToken, readSession } from '../../../functions/session/jar.ts';
import { readIdToken } from '../../../functions/session/logout.ts';
import { seenCookie } from '../../../functions/session/seen-cookie.ts';
import {
  after,
  around,
  fingerprint,
  idleSeconds,
  issued,
  jwtOf,
  layout,
  live,
  pick,
  rules,
  sealer,
  sent,
  sessionOf,
  tokenOf,
} from './sample.ts';

const orders = `${cookie.apiTokenPrefix}orders`;
const profile = `${cookie.apiTokenPrefix}profile`;

const isDeletion = ({ value, maxAgeSeconds }: SetCookie): boolean => value === '' && maxAgeSeconds === 0;
const namesOf = (cookies: readonly SetCookie[]): readonly string[] => cookies.map(({ name }) => name).sort();
const valueOf = (cookies: readonly SetCookie[], name: string): string => pick(cookies, name)[0]?.value ?? '';

const alice = sessionOf('alice', { orders: tokenOf(1024) });
const jar = issued(alice);

const manyApis = (count: number): JarLayout => ({
  ...layout,
  apis: Array.from({ length: count }, (_, index) => ({ name: `api-${index}`, path: `/api/number-${index}` })),
});

describe('a login', () => {
  test('sets session, grant and the token that it brought, and deletes every other name it might have set', () => {
    const everyName = [cookie.session, cookie.grant, orders, profile, cookie.idToken]
      .flatMap(chunkNames)
      .concat(cookie.seen);
    assert.deepEqual(namesOf(jar), everyName.sort());
    assert.deepEqual(namesOf(jar.filter((one) => !isDeletion(one))), [cookie.session, cookie.grant, orders].sort());
  });

  test('sets each cookie at its own path, Strict, until the session’s absolute end', () => {
    const paths = { [cookie.idToken]: '/bff/logout', [orders]: '/api/orders', [profile]: '/api/profile' };
    for (const one of jar) {
      const path = paths[one.name.replace(/\.[12]$/, '') as keyof typeof paths] ?? '/';
      assert.deepEqual([one.path, one.sameSite], [path, 'Strict'], one.name);
      if (!isDeletion(one)) assert.equal(one.maxAgeSeconds, 28_800, one.name);
    }
  });

  test('of another person takes the place of the first, with nothing of the first one left readable', () => {
    const store = new Map<string, SetCookie>();
    for (const one of [...issued(sessionOf('bob', { orders: tokenOf(900), profile: tokenOf(900) })), ...jar])
      store.set(one.name, one);
    const cookies = sent([...store.values()]);
    const session = live(cookies);
    assert.equal(session.identity.subject, 'alice');
    assert.deepEqual(readApiToken(cookies, 'profile', bindingOf(session.identity), fingerprint, rules), {
      kind: 'missing',
    });
  });

  test('keeps the ID token where the provider’s logout needs it', () => {
    const idToken = jwtOf(1200);
    const cookies = sent(issued({ ...alice, idToken }));
    assert.equal(readIdToken(cookies, live(cookies), rules), idToken);
    assert.equal(readIdToken(cookies, live(cookies), { ...rules, now: after(28_800) }), undefined);
    assert.equal(readIdToken(sent(jar), live(sent(jar)), rules), undefined);
    assert.equal(readIdToken(sent(issued({ ...sessionOf('bob', {}), idToken })), live(cookies), rules), undefined);
  });

  test('without any API keeps a session alone', () => {
    const cookies = issued(sessionOf('alice', {}));
    assert.equal(readSession(sent(cookies), rules).kind, 'live');
  });

  test('shows no token, subject, address or secret in any cookie, in clear or in base64', () => {
    const idToken = jwtOf(1200);
    const cookies = issued({ ...alice, idToken });
    const everything = cookies.map(({ value }) => value).join('\n');
    const decoded = everything
      .split(/[.\n]/)
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join('\n');
    const { identity, grant } = alice;
    const token = alice.tokens.get('orders')?.token ?? '';
    const secrets = [
      identity.sessionId,
      identity.tableSecret,
      'alice',
      'example.com',
      grant.refreshToken ?? '',
      ...token.split('.'),
      ...idToken.split('.'),
    ];
    for (const secret of secrets) {
      assert.ok(!everything.includes(secret) && !decoded.includes(secret), secret.slice(0, 8));
      assert.ok(
        !decoded.includes(Buffer.from(secret, 'base64url').toString('latin1')) || secret === 'alice',
        secret.slice(0, 8),
      );
    }
  });

  test('seals each time anew', () => {
    const again = issued(alice);
    for (const name of [cookie.session, cookie.grant, orders])
      assert.notEqual(valueOf(again, name), valueOf(jar, name));
  });
});

describe('bytes', () => {
  for (const length of [700, 1000, 1024, 1100, 1500, 2000]) {
    test(`a JWT of ${length} characters takes at most 160 more as a cookie`, () => {
      for (const generation of [1, 200]) {
        const token = tokenOf(length, generation);
        const value = valueOf(issued({ ...alice, tokens: new Map([['orders', token]]) }), orders);
        assert.ok(value.length <= token.token.length + 160, `${value.length - token.token.length} more`);
      }
    });
  }

  const sizes = [
    { length: 1024, chunks: 1 },
    { length: 3072, chunks: 1 },
    { length: 3700, chunks: 1 },
  ];
  for (const { length, chunks } of sizes) {
    test(`a token of ${length} characters lies in ${chunks} cookie and comes back`, () => {
      const token = tokenOf(length);
      const cookies = issued({ ...alice, tokens: new Map([['orders', token]]) });
      assert.equal(chunkNames(orders).filter((name) => valueOf(cookies, name) !== '').length, chunks);
      const reading = readApiToken(
        sent(cookies),
        'orders',
        bindingOf(live(sent(cookies)).identity),
        fingerprint,
        rules,
      );
      assert.equal(reading.kind === 'token' && reading.token, token.token);
    });
  }

  for (const length of [5 * 1024, 12 * 1024, 60 * 1024]) {
    test(`a token of ${length} characters does not fit`, () => {
      const result = issueSession({ ...alice, tokens: new Map([['orders', tokenOf(length)]]) }, layout, sealer, around);
      assert.equal(result.kind, 'too_large');
      assert.ok(result.kind === 'too_large' && result.bytes > length && result.limit === 5120);
    });
  }

  test('no request has more than 5,120 bytes of own cookies, at no API’s path, and everything up to that fits', () => {
    let largest = 0;
    for (let length = 3000; length < 4600; length += 64) {
      const session = {
        ...alice,
        tokens: new Map([
          ['orders', tokenOf(length)],
          ['profile', tokenOf(600)],
        ]),
      };
      const result = issueSession(session, layout, sealer, around);
      if (result.kind === 'too_large') break;
      const seen = seenCookie(live(sent(result.cookies)), idleSeconds, { ...sealer, now: after(900) });
      const kept = [
        ...result.cookies.filter((one) => !isDeletion(one) && (one.path === '/' || one.path === '/api/orders')),
        seen,
      ];
      largest = kept.map((one) => `${one?.name}=${one?.value}; `.length).reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(largest <= 5120, `${largest}`);
    }
    assert.ok(largest > 5000, `${largest}`);
  });

  test('tokens of different APIs do not share one request’s budget', () => {
    const session = {
      ...alice,
      tokens: new Map([
        ['orders', tokenOf(2400)],
        ['profile', tokenOf(2400)],
      ]),
    };
    assert.equal(issueSession(session, layout, sealer, around).kind, 'fits');
  });

  test('the ID token shares the logout’s budget', () => {
    assert.equal(issueSession({ ...alice, idToken: jwtOf(4200) }, layout, sealer, around).kind, 'too_large');
  });

  test('an identity that does not fit is too large', () => {
    const claims = { groups: randomBytes(3000).toString('base64url') };
    const session = { ...alice, identity: { ...alice.identity, claims } };
    assert.equal(issueSession(session, layout, sealer, around).kind, 'too_large');
  });

  test('an answer of more than 8 KB of Set-Cookie is too large, what it sets besides included', () => {
    const apis = manyApis(8);
    const tokens = (length: number): typeof alice =>
      sessionOf('alice', Object.fromEntries(apis.apis.map(({ name }) => [name, tokenOf(length)])));
    const fits = issueSession(tokens(500), manyApis(6), sealer, around);
    assert.equal(fits.kind, 'fits');
    const tooMany = issueSession(tokens(500), apis, sealer, around);
    assert.deepEqual(tooMany.kind === 'too_large' && tooMany.limit, 8192);
    const filler: SetCookie = {
      name: 'x',
      value: 'x'.repeat(4000),
      path: '/',
      sameSite: 'Lax',
      maxAgeSeconds: seconds(1),
    };
    assert.equal(issueSession(tokens(500), manyApis(6), sealer, { ...around, alongside: [filler] }).kind, 'too_large');
  });

  test('every cookie with its name stays below what a browser accepts', () => {
    for (const { name, value } of issued({ ...alice, tokens: new Map([['orders', tokenOf(3690)]]) })) {
      assert.ok(name.length + value.length < 4096);
    }
  });
});

const places = (cookies: readonly SetCookie[]): readonly string[] =>
  cookies.map(({ name, path }) => `${name} ${path}`).sort();

describe('the end of a session', () => {
  test('deletes every name that a login may set, at the same path', () => {
    const ends = endSession(layout, around);
    assert.deepEqual(places(ends), places(jar));
    assert.ok(ends.every(isDeletion));
  });

  test('stays within 8 KB and leaves out further chunks alone', () => {
    const apis = manyApis(25);
    const ends = endSession(apis, around);
    const bytes = ends.reduce((sum, one) => sum + serializedBytes(one), 0);
    assert.ok(bytes <= 8192, `${bytes}`);
    for (const { name } of apis.apis) assert.equal(pick(ends, cookie.apiTokenPrefix + name).length, 1, name);
    assert.ok(
      endSession(manyApis(10), around).length >
        endSession(manyApis(10), {
          ...around,
          alongside: pick(issued({ ...alice, tokens: new Map([['orders', tokenOf(3690)]]) }), orders),
        }).length,
    );
  });

  test('deletes every first chunk, however many there are', () => {
    const apis = manyApis(90);
    assert.equal(endSession(apis, around).length, 94);
  });
});
