import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { endOf } from '../../../functions/audience/expiry.ts';
import { now } from './tokens.ts';

const year = 31_536_000;

describe('when a JWT ends', () => {
  for (const [what, exp, expiresIn, end] of [
    ['exp alone', now + 600, undefined, now + 600],
    ['exp before expires_in', now + 600, 3600, now + 600],
    ['expires_in before exp', now + 3600, 600, now + 600],
    ['expires_in as a string', now + 3600, '600', now + 600],
    ['expires_in 0: at once', now + 3600, 0, now],
    ['expires_in negative: it has ended', now + 3600, -1, now - 1],
    ['expires_in no number: exp counts', now + 600, 'soon', now + 600],
    ['expires_in NaN: exp counts', now + 600, Number.NaN, now + 600],
    ['expires_in infinite: exp counts', now + 600, Number.POSITIVE_INFINITY, now + 600],
    ['expires_in null: exp counts', now + 600, null, now + 600],
    ['expires_in a list: exp counts', now + 600, [60], now + 600],
    ['expires_in huge: exp counts', now + 600, 1e300, now + 600],
    ['both huge: a year', 1e300, 1e300, now + year],
    ['exp in milliseconds: a year', now * 1000, undefined, now + year],
    ['exp with a fraction', now + 600.9, undefined, now + 600],
    ['exp in the past', now - 1, 3600, now - 1],
    ['exp negative', -1, 3600, 0],
    ['no exp: no end', undefined, 3600, 0],
    ['exp a string: no end', String(now + 600), 3600, 0],
    ['exp infinite: no end', Number.POSITIVE_INFINITY, 3600, 0],
  ] as const) {
    it(what, () => assert.equal(endOf({ exp }, expiresIn, now), end));
  }
});

describe('when a token that cannot be read ends', () => {
  for (const [what, expiresIn, end] of [
    ['as expires_in says', 600, now + 600],
    ['after five minutes if nobody says', undefined, now + 300],
    ['after five minutes if nobody says so in numbers', 'soon', now + 300],
    ['after a year at most', 1e12, now + year],
    ['at once', 0, now],
  ] as const) {
    it(what, () => assert.equal(endOf(undefined, expiresIn, now), end));
  }
});

it('the end is a whole number that a cookie can carry, whatever the provider says', () => {
  const claims = fc.option(fc.record({ exp: fc.anything() }), { nil: undefined });
  fc.assert(
    fc.property(claims, fc.anything(), (read, expiresIn) => {
      const end = endOf(read, expiresIn, now);
      return Number.isSafeInteger(end) && end >= 0 && end <= now + year;
    }),
  );
});
