/** Login transactions: one cookie for each login that is under way, so that tabs do not disturb each other. */
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Cookies, SetCookie } from '../http/message.ts';
import { isId, isObject, isText, isTime, parseObject } from './fields.ts';
import type { JsonValue } from './fields.ts';
import type { SessionKeys } from './identity.ts';
import { valueOf } from './reading.ts';
import type { ReadingRules, Unreadable } from './reading.ts';
import { decodeStepUp, encodeStepUp, type StepUp } from './step-up.ts';
import { open, seal } from './sealing.ts';
import type { Sealer } from './sealing.ts';

/** What `/bff/login` decides and the callback needs to know again. */
export interface LoginRequest {
  /** Already allowed. Over 128 bytes it is cut to its path when the transaction is sealed. */
  readonly returnUrl: string;
  /** Whose audience is asked; left out when none is. */
  readonly api?: string;
  /** `extend` adds to the session that was seen, `new` makes another one. */
  readonly mode: 'new' | 'extend';
  /** The provider was asked not to show anything; where it must, it is asked once more. */
  readonly silent?: true;
  /** What the ID token must say of the authentication. */
  readonly stepUp?: StepUp;
  /** The session that was live at `/bff/login`; the browser withholds its cookie from the callback. */
  readonly seenSession?: SessionKeys;
  /** Stands for issuer, client id and redirect URI, see `fingerprintOf`: a login ends under the configuration it began with. */
  readonly fingerprint: string;
}

export interface Transaction extends LoginRequest {
  readonly startedAt: EpochSeconds;
  /** Sent as `state` (RFC 6749, section 4.1.1). */
  readonly state: string;
  /** The PKCE verifier (RFC 7636, section 4.1), 43 characters. */
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** A login that begins: its transaction, and the cookies that keep it and make room for it. */
export interface StartedLogin {
  readonly transaction: Transaction;
  readonly cookies: readonly SetCookie[];
}

export type TransactionReading =
  | { readonly kind: 'found'; readonly transaction: Transaction; readonly deletion: SetCookie }
  /** It took longer than ten minutes. */
  | { readonly kind: 'expired'; readonly transaction: Transaction; readonly deletion: SetCookie }
  /** Not started in this browser, or used already. */
  | { readonly kind: 'missing' }
  | Unreadable
  | { readonly kind: 'ambiguous'; readonly name: string };

const secretBytes = 16;
const lifetimeSeconds = seconds(600);
const mostTransactions = 3;
const mostBytes = 2048;
const mostReturnUrlBytes = 128;
/** Deletions are part of an answer's headers too. */
const mostDeletions = 8;
const namePattern = /^([0-9a-z]{6,7})-([\w-]{11})$/;

/** @param key an object made of the secret: the bytes themselves take Node five times as long */
const derive = (key: KeyObject, label: string, bytes: number): string =>
  createHmac('sha256', key).update(`token-broker login ${label}`).digest().toString('base64url', 0, bytes);

const hashOfState = (state: string): string => createHash('sha256').update(state).digest().toString('base64url', 0, 8);

const nameOf = (startedAt: EpochSeconds, state: string): string =>
  `${cookie.loginPrefix}${startedAt.toString(36)}-${hashOfState(state)}`;

/** The label of the key. The rest of the name follows from what is sealed and is compared with it. */
const sealedName = cookie.loginPrefix;

const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '');

const cutToFit = (url: string): string => (Buffer.byteLength(url) > mostReturnUrlBytes ? withoutQuery(url) : url);

function transactionOf(secret: Buffer, startedAt: EpochSeconds, request: LoginRequest): Transaction {
  const key = createSecretKey(secret);
  return {
    ...request,
    startedAt,
    state: derive(key, 'state', 16),
    codeVerifier: derive(key, 'verifier', 32),
    nonce: derive(key, 'nonce', 16),
  };
}

function encode(secret: Buffer, startedAt: EpochSeconds, request: LoginRequest): Buffer {
  const { returnUrl, api, mode, silent, stepUp, seenSession, fingerprint } = request;
  const seen = seenSession && [seenSession.sessionId, seenSession.tableSecret];
  return Buffer.from(
    JSON.stringify({
      key: secret.toString('base64url'),
      iat: startedAt,
      url: returnUrl,
      api,
      mode,
      silent,
      step: stepUp && encodeStepUp(stepUp),
      seen,
      asked: fingerprint,
    }),
  );
}

function decodeSeenSession(seen: JsonValue): SessionKeys | undefined {
  if (!Array.isArray(seen)) return undefined;
  const [sessionId, tableSecret] = seen as readonly JsonValue[];
  return isId(sessionId) && isId(tableSecret) ? { sessionId, tableSecret } : undefined;
}

function decode(plaintext: Buffer): Transaction | undefined {
  const { key, iat, url, api, mode, silent, step, seen, asked } = parseObject(plaintext) ?? {};
  if (!isId(key) || !isTime(iat) || !isText(url) || !isText(asked)) return undefined;
  if (mode !== 'new' && mode !== 'extend') return undefined;
  const seenSession = seen === undefined ? undefined : decodeSeenSession(seen);
  const stepUp = isObject(step) ? decodeStepUp(step) : undefined;
  if (step !== undefined && !stepUp) return undefined;
  if ((seen !== undefined && !seenSession) || (api !== undefined && !isText(api))) return undefined;
  return transactionOf(Buffer.from(key, 'base64url'), iat, {
    returnUrl: url,
    ...(api !== undefined && { api }),
    mode,
    ...(silent === true && { silent }),
    ...(stepUp && { stepUp }),
    ...(seenSession && { seenSession }),
    fingerprint: asked,
  });
}

const isSameState = (given: string, state: string): boolean => {
  const [left, right] = [Buffer.from(given), Buffer.from(state)];
  return left.length === right.length && timingSafeEqual(left, right);
};

const deletionOf = (name: string): SetCookie => ({
  name,
  value: '',
  path: '/',
  sameSite: 'Lax',
  maxAgeSeconds: seconds(0),
});

interface Kept {
  readonly name: string;
  readonly startedAt: number;
  readonly hash: string;
  readonly bytes: number;
}

/** The transactions of a request, newest first. */
function transactionsIn(cookies: Cookies): readonly Kept[] {
  const kept: Kept[] = [];
  for (const name of cookies.names()) {
    if (!name.startsWith(cookie.loginPrefix)) continue;
    const [, start, hash] = namePattern.exec(name.slice(cookie.loginPrefix.length)) ?? [];
    if (start === undefined || hash === undefined) continue;
    const bytes = cookies.all(name).reduce((sum, value) => sum + `${name}=${value}; `.length, 0);
    kept.push({ name, startedAt: Number.parseInt(start, 36), hash, bytes });
  }
  // Of one second the later one is newer: browsers send cookies in the order in which they were made.
  return kept.toReversed().sort((a, b) => b.startedAt - a.startedAt);
}

/** The transactions that have ended or for which there is no room beside a new one, oldest first. */
function dropped(kept: readonly Kept[], newBytes: number, now: EpochSeconds): readonly Kept[] {
  let count = 1;
  let bytes = newBytes;
  const drop: Kept[] = [];
  for (const one of kept) {
    const isFull = drop.length > 0 || count === mostTransactions || bytes + one.bytes > mostBytes;
    if (isFull || one.startedAt + lifetimeSeconds <= now) {
      drop.push(one);
    } else {
      count += 1;
      bytes += one.bytes;
    }
  }
  return drop.toReversed();
}

/**
 * Begins a login.
 *
 * @param cookies of the request; transactions that have no room beside the new one are deleted, the oldest first
 */
export function startLogin(request: LoginRequest, cookies: Cookies, sealer: Sealer): StartedLogin {
  const secret = sealer.random(secretBytes);
  const fitting = { ...request, returnUrl: cutToFit(request.returnUrl) };
  const transaction = transactionOf(secret, sealer.now, fitting);
  const plaintext = encode(secret, sealer.now, fitting);
  const value = seal({ purpose: 'login', name: sealedName, plaintext }, 1, sealer);
  const name = nameOf(sealer.now, transaction.state);
  const started: SetCookie = { name, value, path: '/', sameSite: 'Lax', maxAgeSeconds: lifetimeSeconds };
  const drop = dropped(transactionsIn(cookies), `${name}=${value}; `.length, sealer.now);
  return { transaction, cookies: [started, ...drop.slice(0, mostDeletions).map((one) => deletionOf(one.name))] };
}

function readTransaction(cookies: Cookies, name: string, state: string, rules: ReadingRules): TransactionReading {
  const [value = '', ...others] = cookies.all(name);
  if (others.length > 0) return { kind: 'ambiguous', name };
  const read = valueOf(open(value, 'login', sealedName, rules.ring), decode, rules);
  if (read.kind === 'unreadable') return read;
  const transaction = read.kind === 'value' ? read.value : undefined;
  if (!transaction || !isSameState(state, transaction.state)) return { kind: 'missing' };
  if (name !== nameOf(transaction.startedAt, transaction.state)) return { kind: 'missing' };
  const isLate = transaction.startedAt + lifetimeSeconds <= rules.now;
  return { kind: isLate ? 'expired' : 'found', transaction, deletion: deletionOf(name) };
}

/**
 * Finds the login that a callback belongs to. It relies on the transaction's cookie alone: the session's cookies are
 * Strict, and browsers withhold them here. Single use is the caller's: every answer of the callback sets `deletion`.
 *
 * @param state as the provider returned it
 */
export function findTransaction(cookies: Cookies, state: string, rules: ReadingRules): TransactionReading {
  const hash = hashOfState(state);
  const readings = transactionsIn(cookies)
    .filter((one) => one.hash === hash)
    .slice(0, mostTransactions)
    .map((one) => readTransaction(cookies, one.name, state, rules));
  return readings.find((reading) => reading.kind !== 'missing') ?? { kind: 'missing' };
}

/** Deletes every transaction of a request. */
export const transactionDeletions = (cookies: Cookies): readonly SetCookie[] =>
  transactionsIn(cookies)
    .slice(0, mostDeletions)
    .map((one) => deletionOf(one.name));
