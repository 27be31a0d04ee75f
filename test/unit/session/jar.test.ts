import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookie } from '../../../functions/contract/wire.ts';
import { seconds } from '../../../functions/contract/units.ts';
import type { SetCookie } from '../../../functions/http/message.ts';
import { sealChunks } from '../../../functions/session/chunks.ts';
import { encodeGrant } from '../../../functions/session/grant.ts';
import type { BoundGrant } from '../../../functions/session/grant.ts';
import { bindingOf } from '../../../functions/session/identity.ts';
import { readApiToken, readSession } from '../../../functions/session/jar.ts';
import { sessionEndsAt } from '../../../functions/session/lifetimes.ts';
import { seenCookie } from '../../../functions/session/seen-cookie.ts';
import {
  after,
  fingerprint,
  idleSeconds,
  issued,
  live,
  now,
  pick,
  ringOf,
  rules,
  sealer,
  sent,
  sessionOf,
  tokenOf,
} from './sample.ts';

const token = tokenOf(1024);
const alice = sessionOf('alice', { orders: token });
const jar = issued(alice);
const bob = sessionOf('bob', { orders: tokenOf(1024) });
const bobsJar = issued(bob);

const at = (length: number, unknownKey: 'unreadable' | 'absent' = 'unreadable'): typeof rules => ({
  ...rules,
  now: after(length),
  unknownKey,
});

const cookieOf = (name: string, value: string): SetCookie => ({ name, value, path: '/', sameSite: 'Strict' });

const without = (name: string): readonly SetCookie[] => jar.filter((one) => one.name !== name);

const seenAt = (length: number, session = live(sent(jar))): readonly SetCookie[] => {
  const seen = seenCookie(session, idleSeconds, { ...sealer, now: after(length) });
  return seen ? [seen] : [];
};

/** The grant of the same session, sealed again with something changed. */
function regranted(changed: Partial<BoundGrant>): readonly SetCookie[] {
  const { identity, grant } = alice;
  const bound: BoundGrant = {
    ...grant,
    sealedAt: now,
    binding: bindingOf(identity),
    endsAt: identity.endsAt,
    ...changed,
  };
  return sealChunks(cookie.grant, 'grant', encodeGrant(bound), sealer).map((value) => cookieOf(cookie.grant, value));
}

/** A value that claims to be of a newer format. */
const newer = `${Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"20261122","v":2,"p":"session"}').toString('base64url')}..a.b.c`;

/** The same session under a key that the ring lacks. */
const otherRing = ringOf(['20261201', now - 7200]);
const underOtherKey = issued(alice, { ...sealer, ring: otherRing });

const generationIn = (reading: ReturnType<typeof readApiToken>): number =>
  reading.kind === 'token' ? reading.generation : 0;

describe('a session', () => {
  test('is live with its identity and grant', () => {
    const session = live(sent(jar));
    assert.deepEqual(session.identity, alice.identity);
    assert.equal(session.grant.refreshToken, alice.grant.refreshToken);
    assert.deepEqual(session.grant.tokens, alice.grant.tokens);
    assert.equal(session.lastActiveAt, now);
  });

  test('is absent without cookies', () => {
    assert.deepEqual(readSession(sent([]), rules), { kind: 'absent' });
  });

  test('is absent when its cookie does not open', () => {
    for (const value of ['', 'x', 'a..b.c.d', pick(jar, cookie.grant)[0]?.value ?? '']) {
      assert.deepEqual(readSession(sent(without(cookie.session), [cookieOf(cookie.session, value)]), rules), {
        kind: 'absent',
      });
    }
  });

  test('is grantless without its grant', () => {
    assert.deepEqual(readSession(sent(without(cookie.grant)), rules), { kind: 'grantless', identity: alice.identity });
  });

  test('is grantless with the grant of another session', () => {
    assert.equal(readSession(sent(without(cookie.grant), pick(bobsJar, cookie.grant)), rules).kind, 'grantless');
  });

  test('is grantless with a grant that does not open', () => {
    assert.equal(readSession(sent(without(cookie.grant), [cookieOf(cookie.grant, 'x')]), rules).kind, 'grantless');
  });

  test('expires absolutely, whatever its activity', () => {
    const busy = seenAt(28_700);
    assert.equal(readSession(sent(jar, busy), at(28_799)).kind, 'live');
    assert.deepEqual(readSession(sent(jar, busy), at(28_800)), {
      kind: 'expired',
      identity: alice.identity,
      by: 'absolute',
    });
  });

  test('expires when it has been idle since its grant was sealed', () => {
    assert.equal(readSession(sent(jar), at(1799)).kind, 'live');
    assert.deepEqual(readSession(sent(jar), at(1800)), { kind: 'expired', identity: alice.identity, by: 'idle' });
  });

  test('is prolonged by its seen cookie', () => {
    const reading = readSession(sent(jar, seenAt(1500)), at(3299));
    assert.equal(reading.kind === 'live' && reading.lastActiveAt, after(1500));
    assert.equal(readSession(sent(jar, seenAt(1500)), at(3300)).kind, 'expired');
  });

  test('is not prolonged by the seen cookie of another session', () => {
    assert.equal(readSession(sent(jar, seenAt(1500, live(sent(bobsJar)))), at(1800)).kind, 'expired');
  });

  test('was last active when its grant was sealed where the seen cookie is older', () => {
    const refreshed = regranted({ generation: 2, sealedAt: after(1700) });
    assert.equal(live(sent(pick(jar, cookie.session), refreshed, seenAt(300)), at(2000)).lastActiveAt, after(1700));
  });

  test('is grantless when its grant says that it ended earlier', () => {
    const cookies = sent(pick(jar, cookie.session), regranted({ endsAt: after(100) }));
    assert.equal(readSession(cookies, at(99)).kind, 'live');
    assert.equal(readSession(cookies, at(100)).kind, 'grantless');
  });
});

describe('a session without a refresh token', () => {
  const { refreshToken: _, ...grant } = alice.grant;

  test('ends with the last of its tokens', () => {
    const ends = new Map([
      ['orders', { endsAt: after(300), refreshAt: after(240) }],
      ['profile', { endsAt: after(200), refreshAt: after(150) }],
    ]);
    const short = sent(issued({ ...alice, grant: { ...grant, tokens: ends } }));
    assert.equal(readSession(short, at(299)).kind, 'live');
    assert.equal(readSession(short, at(300)).kind, 'over');
    assert.equal(sessionEndsAt(live(short), idleSeconds), after(300));
  });

  test('lasts until its absolute end where it has no tokens', () => {
    const long = sent(issued({ ...alice, grant: { ...grant, tokens: new Map() } }), seenAt(28_000));
    assert.equal(readSession(long, at(28_799)).kind, 'live');
  });
});

test('a session ends at the earliest of its ends', () => {
  const session = live(sent(jar));
  assert.equal(sessionEndsAt(session, idleSeconds), after(1800));
  assert.equal(sessionEndsAt(session, seconds(90_000)), after(28_800));
  assert.equal(sessionEndsAt({ ...session, lastActiveAt: after(28_000) }, idleSeconds), after(28_800));
});

describe('the seen cookie', () => {
  for (const [idle, quiet, due] of [
    [1800, 179, 180],
    [600, 59, 60],
    [5, 0, 1],
  ] as const) {
    test(`is written at most every tenth of ${idle} seconds`, () => {
      const session = live(sent(jar));
      assert.equal(seenCookie(session, seconds(idle), { ...sealer, now: after(quiet) }), undefined);
      assert.ok(seenCookie(session, seconds(idle), { ...sealer, now: after(due) }));
    });
  }

  test('is Strict, at the root, and ends with the session', () => {
    const [seen] = seenAt(800);
    assert.deepEqual(
      { ...seen, value: '' },
      { name: cookie.seen, value: '', path: '/', sameSite: 'Strict', maxAgeSeconds: 28_000 },
    );
  });

  test('just written makes the next one unnecessary', () => {
    const session = live(sent(jar, seenAt(400)), at(500));
    assert.equal(session.lastActiveAt, after(400));
    assert.equal(seenCookie(session, idleSeconds, { ...sealer, now: after(500) }), undefined);
  });
});

describe('a name that only this host can set', () => {
  for (const name of [cookie.session, cookie.grant, cookie.seen, `${cookie.session}.1`, `${cookie.grant}.2`]) {
    test(`is refused when it comes twice: ${name}`, () => {
      const twice = sent(
        jar.filter((one) => one.name !== name),
        [cookieOf(name, 'a'), cookieOf(name, 'b')],
      );
      assert.deepEqual(readSession(twice, rules), { kind: 'ambiguous', name });
    });
  }

  test('is refused in both orders, also where one of the two is genuine', () => {
    const planted = [cookieOf(cookie.session, 'x')];
    for (const cookies of [sent(jar, planted), sent(planted, jar)]) {
      assert.deepEqual(readSession(cookies, rules), { kind: 'ambiguous', name: cookie.session });
    }
  });
});

describe('a value that this instance cannot open', () => {
  const cases = [
    { title: 'the session', names: [cookie.session], length: 0, afterwards: 'absent' },
    { title: 'the grant', names: [cookie.grant], length: 0, afterwards: 'grantless' },
  ] as const;
  for (const { title, names, length, afterwards } of cases) {
    test(`is unreadable while its key is unknown: ${title}`, () => {
      const cookies = sent(
        jar.filter(({ name }) => name !== names[0]),
        pick(underOtherKey, ...names),
      );
      assert.deepEqual(readSession(cookies, at(length)), { kind: 'unreadable', reason: 'unknown_key' });
      assert.equal(readSession(cookies, at(length, 'absent')).kind, afterwards);
    });
    test(`is unreadable in a newer format, for good: ${title}`, () => {
      const cookies = sent(
        jar.filter(({ name }) => name !== names[0]),
        [cookieOf(names[0], newer)],
      );
      assert.deepEqual(readSession(cookies, at(length)), { kind: 'unreadable', reason: 'newer_format' });
      assert.deepEqual(readSession(cookies, at(length, 'absent')), { kind: 'unreadable', reason: 'newer_format' });
    });
  }

  test('does not matter in the seen cookie while the grant shows that the session is active', () => {
    assert.equal(readSession(sent(jar, [cookieOf(cookie.seen, newer)]), at(100)).kind, 'live');
    assert.equal(readSession(sent(jar, [cookieOf(cookie.seen, newer)]), at(1000)).kind, 'unreadable');
  });
});

describe('an API’s token', () => {
  const binding = bindingOf(live(sent(jar)).identity);
  const read = (...stored: readonly (readonly SetCookie[])[]): ReturnType<typeof readApiToken> =>
    readApiToken(sent(...stored), 'orders', binding, fingerprint, rules);
  const name = `${cookie.apiTokenPrefix}orders`;
  const planted = (value: string): readonly SetCookie[] => [cookieOf(name, value)];
  const generation = (number: number): readonly SetCookie[] =>
    pick(issued({ ...alice, tokens: new Map([['orders', tokenOf(900, number)]]) }), name);

  test('is read with its end and generation', () => {
    const reading = read(jar);
    assert.equal(reading.kind, 'token');
    assert.partialDeepStrictEqual(reading, token);
  });

  test('is returned when it has ended', () => {
    assert.equal(readApiToken(sent(jar), 'orders', binding, fingerprint, at(9000)).kind, 'token');
  });

  test('is missing where there is no cookie', () => {
    assert.deepEqual(read([]), { kind: 'missing' });
    assert.deepEqual(readApiToken(sent(jar), 'constructor', binding, fingerprint, rules), { kind: 'missing' });
  });

  test('is missing when it was asked for under another configuration', () => {
    assert.deepEqual(readApiToken(sent(jar), 'orders', binding, 'AAAAAAAA', rules), { kind: 'missing' });
  });

  test('is missing when it belongs to another session', () => {
    assert.deepEqual(read(pick(bobsJar, name)), { kind: 'missing' });
  });

  test('is missing when it is another API’s cookie under this name', () => {
    const profile = issued(sessionOf('alice', { profile: token }));
    assert.deepEqual(read(planted(pick(profile, `${cookie.apiTokenPrefix}profile`)[0]?.value ?? '')), {
      kind: 'missing',
    });
  });

  test('is found beside up to three values that a sibling domain planted, in any order', () => {
    const strangers = [planted('x'), pick(bobsJar, name), planted('a..b.c.d')];
    assert.equal(read(...strangers, jar).kind, 'token');
    assert.equal(read(jar, ...strangers).kind, 'token');
  });

  test('is not looked for behind a fourth planted value', () => {
    assert.deepEqual(read(planted('a'), planted('b'), planted('c'), planted('d'), jar), { kind: 'missing' });
  });

  test('is the one of the highest generation', () => {
    for (const order of [
      [2, 3, 1],
      [3, 2],
      [1, 2, 3],
    ])
      assert.equal(generationIn(read(...order.map(generation))), 3);
  });

  test('is unreadable while its key is unknown, missing once the key is retired', () => {
    const cookies = sent(pick(underOtherKey, name));
    assert.deepEqual(readApiToken(cookies, 'orders', binding, fingerprint, rules), {
      kind: 'unreadable',
      reason: 'unknown_key',
    });
    assert.deepEqual(readApiToken(cookies, 'orders', binding, fingerprint, at(0, 'absent')), { kind: 'missing' });
  });

  test('counts before a planted value that cannot be read', () => {
    assert.equal(read(planted(newer), jar).kind, 'token');
    assert.deepEqual(read(planted(newer)), { kind: 'unreadable', reason: 'newer_format' });
  });
});
