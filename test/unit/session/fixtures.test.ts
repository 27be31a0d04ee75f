import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cookie } from '../../../functions/contract/wire.ts';
import { epochSeconds } from '../../../functions/contract/units.ts';
import type { EpochSeconds } from '../../../functions/contract/units.ts';
import { parseCookies } from '../../../functions/http/cookies.ts';
import type { ApiToken } from '../../../functions/session/api-token.ts';
import type { Failure, TokenTimes } from '../../../functions/session/grant.ts';
import { bindingOf, equalSid } from '../../../functions/session/identity.ts';
import { openHoldings } from '../../../functions/session/holdings.ts';
import type { ApiGrant, HeldToken, Holdings } from '../../../functions/session/holdings.ts';
import type { Identity } from '../../../functions/session/identity.ts';
import { readApiToken } from '../../../functions/session/jar.ts';
import { parseKeyRing } from '../../../functions/session/keyring.ts';
import { readIdToken, readReturnUrl } from '../../../functions/session/logout.ts';
import { readReport } from '../../../functions/session/report.ts';
import { findTransaction } from '../../../functions/session/transactions.ts';
import type { Transaction } from '../../../functions/session/transactions.ts';
import { idleSeconds, live } from './sample.ts';

/** Values that a release sealed; see make.ts beside them. */
interface SealedValues {
  readonly keys: unknown;
  readonly now: number;
  readonly cookies: Readonly<Record<string, string>>;
  readonly row: string;
  readonly holds: {
    readonly identity: Identity;
    readonly logoutSid: string;
    readonly grant: {
      readonly refreshToken: string;
      readonly generation: number;
      readonly refreshEndsAt: EpochSeconds;
      readonly tokens: readonly (readonly [string, TokenTimes])[];
      readonly checkAfter: EpochSeconds;
      readonly failures: readonly (readonly [string, Failure])[];
      readonly sealedAt: EpochSeconds;
    };
    readonly seenAt: EpochSeconds;
    readonly tokens: Readonly<Record<string, ApiToken>>;
    readonly idToken: string;
    readonly returnUrl: string;
    readonly report: unknown;
    readonly transaction: Transaction;
    readonly row: Omit<Holdings, 'apiGrants' | 'tokens' | 'failures'> & {
      readonly apiGrants: readonly (readonly [string, ApiGrant])[];
      readonly tokens: readonly (readonly [string, HeldToken])[];
      readonly failures: readonly (readonly [string, Failure])[];
    };
  };
}

const folder = new URL('../../fixtures/sealed/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('there are sealed values of every format', () => {
  assert.deepEqual(files, ['v1.json']);
});

for (const file of files) {
  describe(`values sealed as in ${file} still open`, () => {
    const {
      keys,
      now,
      cookies: values,
      row,
      holds,
    } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as SealedValues;
    const parsed = parseKeyRing(JSON.stringify(keys));
    const jar = parseCookies(Object.entries(values).map(([name, value]) => `${name}=${value}`));
    if (parsed.kind === 'invalid' || jar === 'too_large') throw new Error('the file is damaged');
    const rules = { ring: parsed.ring, now: epochSeconds(now), idleSeconds, unknownKey: 'unreadable' } as const;

    test('identity and grant', () => {
      const { identity, grant } = live(jar, rules);
      assert.deepEqual(identity, holds.identity);
      const expected = {
        ...holds.grant,
        tokens: new Map(holds.grant.tokens),
        failures: new Map(holds.grant.failures),
      };
      assert.partialDeepStrictEqual(grant, expected);
      assert.deepEqual([grant.tokens, grant.failures], [expected.tokens, expected.failures]);
      assert.ok(equalSid(holds.logoutSid, identity));
    });

    test('the time of the last activity', () => {
      assert.equal(live(jar, { ...rules, now: epochSeconds(now + 2000) }).lastActiveAt, holds.seenAt);
    });

    for (const [api, token] of Object.entries(holds.tokens)) {
      test(`the token of API ${api}`, () => {
        const reading = readApiToken(jar, api, bindingOf(live(jar, rules).identity), token.fingerprint, rules);
        assert.equal(reading.kind, 'token');
        assert.partialDeepStrictEqual(reading, token);
      });
    }

    test('the login transaction, with the same state, verifier and nonce', () => {
      const found = findTransaction(jar, holds.transaction.state, rules);
      assert.deepEqual(found.kind === 'found' && found.transaction, holds.transaction);
    });

    test('ID token, return URL and report', () => {
      assert.equal(readIdToken(jar, live(jar, rules), rules), holds.idToken);
      assert.equal(readReturnUrl(jar, rules), holds.returnUrl);
      assert.deepEqual(readReport(jar, rules), holds.report);
    });

    test('what the store keeps of the session', () => {
      const { identity } = live(jar, rules);
      const { apiGrants, tokens, failures, ...rest } = holds.row;
      const expected = { apiGrants: new Map(apiGrants), tokens: new Map(tokens), failures: new Map(failures) };
      assert.deepEqual(openHoldings(row, identity, rules), { kind: 'value', value: { ...rest, ...expected } });
      const stranger = { ...identity, tableSecret: identity.sessionId };
      assert.equal(openHoldings(row, stranger, rules).kind, 'absent');
    });

    test('and every one of them was looked at', () => {
      const known = [cookie.session, cookie.grant, cookie.seen, cookie.idToken, cookie.report, cookie.logoutReturn];
      const tokens = Object.keys(holds.tokens).map((api) => cookie.apiTokenPrefix + api);
      const opened = new Set<string>([...known, ...tokens]);
      const rest = Object.keys(values).filter((name) => !opened.has(name.replace(/\.[12]$/, '')));
      assert.equal(rest.length, 1);
      assert.ok(rest[0]?.startsWith(cookie.loginPrefix));
    });
  });
}
