import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { cookie } from '../../../functions/contract/wire.ts';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { EpochSeconds } from '../../../functions/contract/units.ts';
import type { Cookies, SetCookie } from '../../../functions/http/message.ts';
import { readSession } from '../../../functions/session/jar.ts';
import { seenCookie } from '../../../functions/session/seen-cookie.ts';
import { createStandings, standingOf, type Standings } from '../../../functions/session/standing.ts';
import { after, idleSeconds, issued, live, now, pick, rules, sealer, sent, sessionOf, tokenOf } from './sample.ts';

const alice = sessionOf('alice', { orders: tokenOf(900) });
const jar = issued(alice);
const bobsJar = issued(sessionOf('bob', { orders: tokenOf(900) }));

/** A login whose token is all that it has: it ends with it. */
const { refreshToken: _, ...withoutRefresh } = alice.grant;
const carolsJar = issued({ ...sessionOf('carol', { orders: tokenOf(900) }), grant: withoutRefresh });

const seenAt = (length: number, of: readonly SetCookie[]): readonly SetCookie[] => {
  const seen = seenCookie(live(sent(of)), idleSeconds, { ...sealer, now: after(length) });
  return seen === undefined ? [] : [seen];
};

/** The same session, its grant sealed again some time later. */
const regranted = (length: number): readonly SetCookie[] =>
  pick(issued(alice, { ...sealer, now: after(length) }), cookie.grant);

/** Remembers as the broker does, once the cookies have been read. */
function knowing(...jars: readonly Cookies[]) {
  const standings = createStandings();
  for (const cookies of jars) standings.remember(cookies, standingOf(live(cookies)));
  return standings;
}

const other = (index: number): Cookies =>
  sent([{ name: cookie.session, value: `x${index}`, path: '/', sameSite: 'Strict' }]);

describe('what is known of a jar', () => {
  test('is what reading it has found', () => {
    const found = knowing(sent(jar)).find(sent(jar), now, idleSeconds);
    assert.deepEqual(found, standingOf(live(sent(jar))));
  });

  test('is nothing before it has been read', () => {
    assert.equal(knowing(sent(bobsJar)).find(sent(jar), now, idleSeconds), undefined);
  });

  for (const name of [cookie.session, cookie.grant]) {
    test(`is nothing once a character of ${name} is another one, or it is away, or another session's`, () => {
      const standings = knowing(sent(jar), sent(bobsJar));
      const rest = jar.filter((one) => one.name !== name);
      const value = pick(jar, name)[0]?.value ?? '';
      const others = [`${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`, value.slice(1), `${value}A`, ''];
      for (const text of others) {
        const changed = [{ name, value: text, path: '/', sameSite: 'Strict' } as const];
        assert.equal(standings.find(sent(rest, changed), now, idleSeconds), undefined);
      }
      assert.equal(standings.find(sent(rest), now, idleSeconds), undefined);
      assert.equal(standings.find(sent(rest, pick(bobsJar, name)), now, idleSeconds), undefined);
    });
  }

  test('is nothing once the session has ended, however short ago it was active', () => {
    const ends: readonly (readonly [of: readonly SetCookie[], endsAt: number])[] = [
      [carolsJar, 300],
      [jar, 28_800],
    ];
    for (const [of, endsAt] of ends) {
      const cookies = sent(of, seenAt(endsAt - 100, of));
      const standings = createStandings();
      standings.remember(cookies, standingOf(live(cookies, { ...rules, now: after(endsAt - 50) })));
      assert.notEqual(standings.find(cookies, after(endsAt - 1), idleSeconds), undefined);
      assert.equal(standings.find(cookies, after(endsAt), idleSeconds), undefined);
    }
  });

  test('is nothing where a part of a cookie lies in the next one', () => {
    const value = pick(jar, cookie.session)[0]?.value ?? '';
    const parts = [value.slice(0, -1), value.slice(-1)].map((part, index) => ({
      name: index === 0 ? cookie.session : `${cookie.session}.1`,
      value: part,
      path: '/',
      sameSite: 'Strict' as const,
    }));
    const rest = jar.filter(({ name }) => name !== cookie.session);
    assert.equal(knowing(sent(jar)).find(sent(rest, parts), now, idleSeconds), undefined);
  });

  test('is nothing where a cookie comes twice', () => {
    assert.equal(knowing(sent(jar)).find(sent(jar, pick(jar, cookie.grant)), now, idleSeconds), undefined);
  });

  test('is nothing where cookies have changed their names', () => {
    const swapped = jar.map((one) => {
      if (one.name === cookie.session) return { ...one, name: cookie.grant };
      return one.name === cookie.grant ? { ...one, name: cookie.session } : one;
    });
    assert.equal(knowing(sent(jar)).find(sent(swapped), now, idleSeconds), undefined);
  });

  test('is to be found out anew when activity is to be written down', () => {
    const standings = knowing(sent(jar));
    assert.notEqual(standings.find(sent(jar), after(179), idleSeconds), undefined);
    assert.equal(standings.find(sent(jar), after(180), idleSeconds), undefined);
  });

  test('holds no token, no secret, and nothing of the person', () => {
    const text = JSON.stringify(standingOf(live(sent(jar))), (_key, value: unknown) =>
      value instanceof Map ? [...value] : value,
    );
    const { sessionId, tableSecret, subject } = alice.identity;
    for (const secret of [sessionId, tableSecret, subject, alice.grant.refreshToken ?? '', 'alice@example.com']) {
      assert.equal(text.includes(secret), false);
    }
  });

  test('is of the last hundred jars', () => {
    const standing = standingOf(live(sent(jar)));
    const standings = knowing(sent(jar));
    for (let index = 1; index < 100; index += 1) standings.remember(other(index), standing);
    assert.notEqual(standings.find(sent(jar), now, idleSeconds), undefined);
    standings.remember(other(100), standing);
    assert.equal(standings.find(sent(jar), now, idleSeconds), undefined);
    assert.notEqual(standings.find(other(1), now, idleSeconds), undefined);
  });

  test('is never more than reading it would find at that moment, whatever came before', () => {
    const ownGrants = [pick(jar, cookie.grant), regranted(150), regranted(1000)];
    const ownSeen = [[], ...[200, 1000, 5000].map((length) => seenAt(length, jar))];
    const own = fc.record({
      session: fc.constant(pick(jar, cookie.session)),
      grant: fc.constantFrom(...ownGrants),
      seen: fc.constantFrom(...ownSeen),
    });
    const mixed = fc.record({
      session: fc.constantFrom([], ...[jar, bobsJar, carolsJar].map((one) => pick(one, cookie.session))),
      grant: fc.constantFrom([], ...ownGrants, ...[bobsJar, carolsJar].map((one) => pick(one, cookie.grant))),
      seen: fc.constantFrom(...ownSeen, ...[200, 1000].map((length) => seenAt(length, bobsJar))),
    });
    const jars = fc.array(fc.oneof(own, mixed), { minLength: 1, maxLength: 3 });
    const requests = fc.array(
      fc.record({ which: fc.nat(2), pause: fc.constantFrom(0, 1, 29, 120, 179, 180, 1600, 9000) }),
      { maxLength: 12 },
    );
    let known = 0;
    const check = (sentCookies: readonly Cookies[], which: number, at: EpochSeconds, standings: Standings): void => {
      const cookies = sentCookies[which % sentCookies.length];
      if (cookies === undefined) return;
      const reading = readSession(cookies, { ...rules, now: at });
      const found = standings.find(cookies, at, idleSeconds);
      if (found !== undefined) {
        known += 1;
        assert.deepEqual(found, reading.kind === 'live' ? standingOf(reading) : reading.kind);
      }
      if (reading.kind === 'live') standings.remember(cookies, standingOf(reading));
    };
    fc.assert(
      fc.property(jars, requests, (stored, asked) => {
        const standings = createStandings();
        const sentCookies = stored.map(({ session, grant, seen }) => sent(session, grant, seen));
        let at = now;
        for (const { which, pause } of asked) {
          at = epochSeconds(at + pause);
          check(sentCookies, which, at, standings);
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(known > 500, `known ${known} times`);
  });
});
