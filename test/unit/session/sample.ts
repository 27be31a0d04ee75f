/** What the tests of the session room begin with: a ring, a clock, tokens of a given size, a login, and a jar that sends cookies back. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { epochSeconds, seconds } from '../../../functions/contract/units.ts';
import type { EpochSeconds } from '../../../functions/contract/units.ts';
import { parseCookies, serializedBytes } from '../../../functions/http/cookies.ts';
import type { Cookies, SetCookie } from '../../../functions/http/message.ts';
import { fingerprintOf } from '../../../functions/session/api-token.ts';
import type { ApiToken } from '../../../functions/session/api-token.ts';
import { newSessionKeys } from '../../../functions/session/identity.ts';
import type { Identity } from '../../../functions/session/identity.ts';
import { issueSession } from '../../../functions/session/issue.ts';
import type { JarLayout, NewSession, Surroundings } from '../../../functions/session/issue.ts';
import { readSession } from '../../../functions/session/jar.ts';
import type { SessionRules } from '../../../functions/session/jar.ts';
import { refreshAtOf } from '../../../functions/session/lifetimes.ts';
import type { LiveSession } from '../../../functions/session/lifetimes.ts';
import { parseKeyRing } from '../../../functions/session/keyring.ts';
import type { KeyRing } from '../../../functions/session/keyring.ts';
import type { Sealer } from '../../../functions/session/sealing.ts';

export const now = epochSeconds(1_795_305_600);

export const after = (length: number): EpochSeconds => epochSeconds(now + length);

/** 32 bytes that look random and are the same for the same word. */
export const keyOf = (word: string): Buffer => createHash('sha256').update(word).digest();

export const keyEntry = (kid: string, createdAt: number): { kid: string; key: string; createdAt: number } => ({
  kid,
  key: keyOf(kid).toString('base64url'),
  createdAt,
});

export function ringOf(...entries: readonly (readonly [kid: string, createdAt: number])[]): KeyRing {
  const parsed = parseKeyRing(JSON.stringify({ keys: entries.map(([kid, createdAt]) => keyEntry(kid, createdAt)) }));
  if (parsed.kind === 'invalid') assert.fail(parsed.reason);
  return parsed.ring;
}

export const ring = ringOf(['20261122', now - 7200]);

export const sealer: Sealer = { ring, now, random: randomBytes };

export const idleSeconds = seconds(1800);

export const rules: SessionRules = { ring, now, idleSeconds, unknownKey: 'unreadable' };

export const layout: JarLayout = {
  logoutPath: '/bff/logout',
  apis: [
    { name: 'orders', path: '/api/orders' },
    { name: 'profile', path: '/api/profile' },
  ],
};

export const around: Surroundings = { alongside: [], setCookieBytes: serializedBytes };

/** A JWS of exactly this many characters, signed by chance. */
export function jwtOf(characters: number): string {
  const header = Buffer.from('{"alg":"RS256","typ":"at+jwt","kid":"2b1c"}').toString('base64url');
  const signature = randomBytes(256).toString('base64url');
  const length = characters - header.length - signature.length - 2;
  const rest = length % 4 === 1 ? length - 1 : length;
  const payload = randomBytes(Math.floor((rest * 3) / 4)).toString('base64url');
  return `${header}.${payload}.${signature}`;
}

export const fingerprint = fingerprintOf(['https://tenant.example.com/', 'spa', 'https://orders.example.com']);

export const tokenOf = (characters: number, generation = 1): ApiToken => ({
  token: jwtOf(characters),
  expiresAt: after(300),
  generation,
  fingerprint,
});

export const identityOf = (subject: string): Identity => ({
  ...newSessionKeys(randomBytes),
  issuer: 'https://tenant.example.com/',
  subject,
  providerSid: 'provider-session',
  loginAt: now,
  endsAt: after(28_800),
  claims: { sub: subject, name: `${subject} of Example`, email: `${subject}@example.com` },
});

export const sessionOf = (subject: string, tokens: Readonly<Record<string, ApiToken>>): NewSession => ({
  identity: identityOf(subject),
  grant: {
    refreshToken: `v1.${randomBytes(33).toString('base64url')}`,
    generation: 1,
    tokens: new Map(
      Object.entries(tokens).map(([api, { expiresAt }]) => [
        api,
        { endsAt: expiresAt, refreshAt: refreshAtOf(now, expiresAt) },
      ]),
    ),
    checkAfter: after(300),
    failures: new Map(),
  },
  tokens: new Map(Object.entries(tokens)),
});

/** Issues a session that is expected to fit. */
export function issued(session: NewSession, using: Sealer = sealer): readonly SetCookie[] {
  const result = issueSession(session, layout, using, around);
  if (result.kind !== 'fits') assert.fail(`does not fit: ${result.bytes}`);
  return result.cookies;
}

/** What a browser that stored these cookies sends to every path at once. */
export const sent = (...stored: readonly (readonly SetCookie[])[]): Cookies => {
  const cookies = parseCookies(
    stored
      .flat()
      .filter(({ maxAgeSeconds }) => maxAgeSeconds !== 0)
      .map(({ name, value }) => `${name}=${value}`),
  );
  assert.notEqual(cookies, 'too_large');
  return cookies as Cookies;
};

export const pick = (cookies: readonly SetCookie[], ...names: readonly string[]): readonly SetCookie[] =>
  cookies.filter(({ name }) => names.includes(name));

/** The session of these cookies, which is expected to be live. */
export function live(cookies: Cookies, using: SessionRules = rules): LiveSession {
  const reading = readSession(cookies, using);
  if (reading.kind !== 'live') assert.fail(`the session is ${reading.kind}`);
  return reading;
}
