import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { spell, wayOf, type Wish } from '../../../functions/audience/dialects.ts';
import { hold } from '../../../functions/audience/guarantee.ts';
import {
  addToReport,
  decodeReport,
  encodeReport,
  entryOf,
  longestReport,
  type Report,
  type ReportEntry,
} from '../../../functions/audience/report.ts';
import { answerWith, asked, expectOf, goodClaims, issuer, jwe, jwt, now, opaque, orders } from './tokens.ts';

const way = wayOf({ preset: 'auth0' });
const wish: Wish = { asked: { audience: orders, scopes: ['read:orders'] }, further: [], openidScopes: ['openid'] };
const spelled = spell(way, 'authorize', wish);

const entryFor = (token: string, api = 'orders', expected = expectOf()): ReportEntry =>
  entryOf(api, way, wish, spelled, hold(answerWith(token), expected, asked));

describe('an entry of the development report', () => {
  it('says what was asked, what came back, which check failed and what to do', () => {
    const { fix, ...entry } = entryFor(jwt({ ...goodClaims, aud: 'https://first' }));
    assert.deepEqual(entry, {
      api: 'orders',
      asked: {
        leg: 'authorize',
        dialect: 'param',
        parameters: ['scope', 'audience'],
        audience: orders,
        scope: 'openid read:orders',
      },
      came: {
        format: 'jwt',
        typ: 'JWT',
        aud: ['https://first'],
        iss: issuer,
        scope: 'openid read:orders',
        expiresAt: now + 3600,
      },
      result: 'audience_substituted',
      cause: "The access token names another audience than this API's.",
    });
    assert.match(fix ?? '', /multi-resource/);
  });

  it('says so when all is well', () => assert.equal(entryFor(jwt()).result, 'satisfied'));

  it('marks a token that nobody looked into', () => {
    const expected = expectOf({ expect: { format: 'encrypted' } });
    assert.equal(entryFor(jwe('RSA-OAEP-256'), 'orders', expected).result, 'unverified');
  });

  it('never holds the token', () => {
    for (const token of [jwt(), opaque]) assert.ok(!JSON.stringify(entryFor(token)).includes(token));
  });
});

describe('a report', () => {
  it('keeps the newest entry of each API', () => {
    const first = addToReport(undefined, entryFor(opaque, 'orders'), now);
    const second = addToReport(first, entryFor(jwt(), 'profile'), now);
    const third = addToReport(second, entryFor(jwt(), 'orders'), now);
    assert.deepEqual(
      third.entries.map(({ api, result }) => [api, result]),
      [
        ['orders', 'satisfied'],
        ['profile', 'satisfied'],
      ],
    );
  });

  it('comes back as it was written', () => {
    const report = addToReport(undefined, entryFor(opaque), now);
    assert.deepEqual(decodeReport(encodeReport(report)), report);
  });

  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '{"at":1,"omitted":0}',
    '{"at":"1","omitted":0,"entries":[]}',
    '{"at":1',
  ]) {
    it(`is not made of ${text === '' ? 'nothing' : text}`, () => assert.equal(decodeReport(text), undefined));
  }
});

describe('a report that does not fit', () => {
  const many: Report = {
    at: now,
    omitted: 0,
    entries: Array.from({ length: 20 }, (_, index) => entryFor(index === 19 ? opaque : jwt(), `api-${index}`)),
  };

  it('drops entries without a fault first and counts them', () => {
    const read = decodeReport(encodeReport(many));
    assert.ok(read !== undefined && read.entries.some(({ api }) => api === 'api-19'));
    assert.equal(read.entries.length + read.omitted, 20);
  });

  it('cuts texts before it drops an entry', () => {
    const long = entryFor(jwt({ ...goodClaims, iss: 'x'.repeat(5000) }));
    const read = decodeReport(encodeReport({ at: now, omitted: 0, entries: [long] }));
    assert.equal(read?.omitted, 0);
    assert.match(read.entries[0]?.came.iss ?? '', /^x+…$/);
  });

  it('is never longer than its cookie may be', () => {
    const text = fc.string({ unit: 'binary', maxLength: 500 });
    const entry = fc.record({ aud: fc.array(text, { maxLength: 8 }), iss: text, typ: text, scope: text });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (all) => {
        const entries = all.map((came, index) => ({
          ...entryFor(opaque, `api-${index}`),
          came: { ...came, format: 'jwt' as const },
        }));
        return Buffer.byteLength(encodeReport({ at: now, omitted: 0, entries })) <= longestReport;
      }),
    );
  });
});
