/** When a key is made and when one may go, for any ring, any period and any length of a session. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { epochSeconds } from '../../../functions/contract/units.ts';
import { mergeRings, nextRing, type StoredRing } from '../../../functions/rotation/next-ring.ts';
import { shortestPeriodHours } from '../../../infra/stage/rotation.ts';
import {
  anyRing,
  anyRules,
  asRead,
  at,
  day,
  hour,
  kidsOf,
  midnight,
  monthly,
  rules,
  sealedWith,
  storedKey,
} from './samples.ts';

const now = epochSeconds(midnight + 20 * day + 5 * hour);

describe('the next ring, whatever the ring is', () => {
  const given = fc.record({ ring: anyRing(now), rules: anyRules, demand: fc.constantFrom('when due', 'at once') });

  it('can be read by the functions, and holds at most twelve keys', () => {
    fc.assert(
      fc.property(given, (each) => {
        const next = nextRing(each.ring, each.rules, at(now, each.demand));
        assert.ok(next.ring.length >= 1 && next.ring.length <= 12);
        asRead(next.ring);
      }),
    );
  });

  it('lacks no key with which a session was sealed that may still live', () => {
    fc.assert(
      fc.property(given, (each) => {
        fc.pre(each.ring.length > 0);
        const next = nextRing(each.ring, each.rules, at(now, each.demand));
        const needed = sealedWith(each.ring, now - each.rules.longestSessionSeconds, now);
        assert.deepEqual(
          [...needed].filter((kid) => !kidsOf(next.ring).includes(kid)),
          [],
        );
      }),
    );
  });

  it('seals at this moment with the key that sealed before', () => {
    fc.assert(
      fc.property(given, (each) => {
        fc.pre(each.ring.length > 0);
        const next = nextRing(each.ring, each.rules, at(now, each.demand));
        assert.equal(asRead(next.ring).sealingAt(now).kid, asRead(each.ring).sealingAt(now).kid);
      }),
    );
  });

  it('differs from the one before by the keys it names and by nothing else', () => {
    fc.assert(
      fc.property(given, (each) => {
        const { ring, added, retired } = nextRing(each.ring, each.rules, at(now, each.demand));
        const expected = each.ring.filter(({ kid }) => !retired.includes(kid));
        assert.deepEqual(
          ring.filter(({ kid }) => kid !== added),
          expected,
        );
        assert.equal(ring.length - expected.length, added === undefined ? 0 : 1);
      }),
    );
  });

  it('gets no second key in the same period, however often somebody asks', () => {
    fc.assert(
      fc.property(given, fc.array(fc.integer({ min: 0, max: 60 * day }), { maxLength: 5 }), (each, pauses) => {
        const { periodSeconds } = each.rules;
        const endsAt = now - (now % periodSeconds) + periodSeconds;
        const first = nextRing(each.ring, each.rules, at(now));
        fc.pre(!first.isFull);
        let { ring } = first;
        for (const later of pauses.map((pause) => now + pause).filter((time) => time < endsAt)) {
          const again = nextRing(ring, each.rules, at(later));
          assert.equal(again.added, undefined);
          ring = again.ring;
        }
      }),
    );
  });
});

describe('a stage that rotates for years', () => {
  const plan = fc
    .record({ session: fc.integer({ min: 60, max: 90 * day }), spare: fc.integer({ min: 0, max: 20 * day }) })
    .map(({ session, spare }) => {
      const shortest = Math.max(2, shortestPeriodHours(rules(1, session).longestSessionSeconds)) * hour;
      return rules(shortest + spare, session);
    });
  const delays = fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 30, maxLength: 40 });

  it('has one key for each period, always room for it, and opens every session until its end', () => {
    fc.assert(
      fc.property(plan, delays, (each, late) => {
        let ring: StoredRing = [];
        const sealed: { kid: string; endsAt: number }[] = [];
        const begin = Math.ceil(midnight / each.periodSeconds) * each.periodSeconds;
        for (const [index, part] of late.entries()) {
          const time = Math.floor(begin + (index + part) * each.periodSeconds);
          const next = nextRing(ring, each, at(time));
          assert.equal(next.isFull, false);
          assert.notEqual(next.added, undefined);
          for (const { kid, endsAt } of sealed) assert.ok(endsAt < time || kidsOf(next.ring).includes(kid));
          ring = next.ring;
          for (const login of [time, time + hour - 1, time + hour]) {
            const { kid } = asRead(ring).sealingAt(epochSeconds(login));
            sealed.push({ kid, endsAt: login + each.longestSessionSeconds });
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes out what no session needs', () => {
    let ring: StoredRing = [];
    for (let month = 0; month < 12; month += 1) ring = nextRing(ring, monthly, at(midnight + month * 30 * day)).ring;
    assert.equal(ring.length, 2);
    const [newest] = ring.slice(-1);
    const later = nextRing(ring, monthly, at((newest?.createdAt ?? 0) + 10 * hour));
    assert.deepEqual(later.ring, [newest]);
    assert.equal(later.retired.length, 1);
  });
});

describe('a key', () => {
  it('is retired two hours and a longest session after the next one was made, not a second earlier', () => {
    const ring = [storedKey('old', midnight), storedKey('new', midnight + 30 * day)];
    const endsAt = midnight + 30 * day + 10 * hour;
    assert.deepEqual(nextRing(ring, monthly, at(endsAt - 1)).retired, []);
    assert.deepEqual(nextRing(ring, monthly, at(endsAt)).retired, ['old']);
  });

  const names: readonly [
    what: string,
    period: number,
    ring: StoredRing,
    demand: 'when due' | 'at once',
    kid: string,
  ][] = [
    ['its day', 30 * day, [], 'when due', '20261212'],
    ['its day and minute where periods are shorter', 6 * hour, [], 'when due', '20261212T0500'],
    ['its minute where the day is taken', 30 * day, [storedKey('20261212', now - 60)], 'at once', '20261212T0500'],
    [
      'its second where the minute is taken',
      6 * hour,
      [storedKey('20261212T0500', now - 1)],
      'at once',
      '20261212T050000',
    ],
  ];
  for (const [what, period, ring, demand, kid] of names) {
    it(`is named by ${what}`, () => {
      assert.equal(nextRing(ring, rules(period, 8 * hour), at(now, demand)).added, kid);
    });
  }

  it('is made once within a second, whoever wants it', () => {
    const first = nextRing([], rules(6 * hour, 8 * hour), at(now, 'at once'));
    const second = nextRing(first.ring, rules(6 * hour, 8 * hour), at(now, 'at once'));
    const third = nextRing(second.ring, rules(6 * hour, 8 * hour), at(now, 'at once'));
    assert.deepEqual(kidsOf(third.ring), ['20261212T0500', '20261212T050000']);
    assert.deepEqual([third.added, third.isFull], [undefined, false]);
  });

  it('counts for its period from its first second to its last', () => {
    const [beganAt, endedAt] = [now - (now % monthly.periodSeconds), now - (now % monthly.periodSeconds) + 30 * day];
    const addedAfter = (createdAt: number) => nextRing([storedKey('k', createdAt)], monthly, at(now)).added;
    assert.deepEqual([beganAt, endedAt - 1].map(addedAfter), [undefined, undefined]);
    assert.deepEqual([beganAt - 1, endedAt].map(addedAfter), ['20261212', '20261212']);
  });

  it('from the future does not stand in for the one that is due', () => {
    const ring = [storedKey('ahead', now + 400 * day)];
    assert.notEqual(nextRing(ring, monthly, at(now)).added, undefined);
  });

  it('is put off while twelve are needed', () => {
    const ring = Array.from({ length: 12 }, (_, index) => storedKey(`k${index}`, now - (13 - index) * 60));
    const next = nextRing(ring, monthly, at(now, 'at once'));
    assert.deepEqual([next.ring, next.added, next.isFull], [ring, undefined, true]);
  });
});

describe('merged rings', () => {
  const base = fc.record({ ring: anyRing(now), rules: anyRules });
  const times = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 4 });

  it('are one ring of at most twelve keys, whatever is merged, and merge into themselves', () => {
    fc.assert(
      fc.property(base, fc.array(anyRing(now), { maxLength: 3 }), (each, others) => {
        const merged = mergeRings([...others, each.ring], now, each.rules);
        assert.ok(merged.length <= 12);
        assert.deepEqual(mergeRings([...others, merged], now, each.rules), merged);
      }),
    );
  });

  it('lose no key that sealed for anybody, and hold the new keys as long as there is room', () => {
    fc.assert(
      fc.property(base, times, (each, pauses) => {
        fc.pre(each.ring.length > 0);
        const nexts = pauses.map((pause) => nextRing(each.ring, each.rules, at(now + pause, 'at once')));
        const time = epochSeconds(now + 90);
        const merged = mergeRings(
          nexts.map(({ ring }) => ring),
          time,
          each.rules,
        );
        const needed = sealedWith(each.ring, time - each.rules.longestSessionSeconds, time);
        assert.deepEqual(
          [...needed].filter((kid) => !kidsOf(merged).includes(kid)),
          [],
        );
        if (merged.length < 12)
          for (const { added } of nexts) assert.ok(added === undefined || kidsOf(merged).includes(added));
      }),
    );
  });

  it('give up the newest key where there is one too many, since it has sealed nothing', () => {
    const needed = Array.from({ length: 11 }, (_, index) => storedKey(`k${index}`, now - (13 - index) * 1800));
    const [first, second] = [storedKey('first', now - 2), storedKey('second', now - 1)];
    const merged = mergeRings(
      [
        [...needed, second],
        [...needed, first],
      ],
      now,
      monthly,
    );
    assert.deepEqual(kidsOf(merged), [...kidsOf(needed), 'first']);
  });

  it('hold, of two keys of one name, the one written first', () => {
    const [first, second] = [[storedKey('same', now)], [storedKey('same', now - 1)]];
    assert.deepEqual(mergeRings([first, second], now, monthly), first);
  });
});
