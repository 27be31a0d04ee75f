import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { cookie } from '../../../functions/contract/wire.ts';
import type { SetCookie } from '../../../functions/http/message.ts';
import { newSessionKeys } from '../../../functions/session/identity.ts';
import { findTransaction, startLogin, transactionDeletions } from '../../../functions/session/transactions.ts';
import type { LoginRequest, StartedLogin } from '../../../functions/session/transactions.ts';
import { after, fingerprint, issued, now, pick, ringOf, rules, sealer, sent, sessionOf } from './sample.ts';

const request: LoginRequest = { returnUrl: '/orders?page=2#top', api: 'orders', mode: 'new', fingerprint };

const start = (length = 0, stored: readonly (readonly SetCookie[])[] = [], login = request): StartedLogin =>
  startLogin(login, sent(...stored), { ...sealer, now: after(length) });

const isDeletion = ({ maxAgeSeconds }: SetCookie): boolean => maxAgeSeconds === 0;
const nameOf = ({ cookies }: StartedLogin): string => cookies[0]?.name ?? '';
const bytesOf = (stored: readonly SetCookie[]): number =>
  stored.reduce((sum, { name, value }) => sum + `${name}=${value}; `.length, 0);

/** A browser that begins logins one after another. */
function browse(logins: readonly (readonly [length: number, login: LoginRequest])[]): readonly SetCookie[] {
  const store = new Map<string, SetCookie>();
  for (const [length, login] of logins) {
    for (const one of start(length, [[...store.values()]], login).cookies) {
      if (isDeletion(one)) store.delete(one.name);
      else store.set(one.name, one);
    }
  }
  return [...store.values()];
}

describe('a login that begins', () => {
  test('is found again by its state, with everything it was begun with', () => {
    const seenSession = newSessionKeys(randomBytes);
    const started = start(0, [], { ...request, seenSession });
    const found = findTransaction(sent(started.cookies), started.transaction.state, rules);
    assert.equal(found.kind, 'found');
    assert.deepEqual(found.kind === 'found' && found.transaction, started.transaction);
    assert.partialDeepStrictEqual(started.transaction, { ...request, seenSession, startedAt: now });
  });

  test('without an API and without a session is found as well', () => {
    const started = start(0, [], { returnUrl: '/', mode: 'extend', fingerprint });
    const found = findTransaction(sent(started.cookies), started.transaction.state, rules);
    assert.deepEqual(found.kind === 'found' && found.transaction, started.transaction);
  });

  test('sets one Lax cookie at the root for ten minutes, named by its time and state', () => {
    const { transaction, cookies } = start();
    const hash = createHash('sha256').update(transaction.state).digest().toString('base64url', 0, 8);
    const name = `__Host-Http-bff-login-${now.toString(36)}-${hash}`;
    assert.deepEqual({ ...cookies[0], value: '' }, { name, value: '', path: '/', sameSite: 'Lax', maxAgeSeconds: 600 });
    assert.equal(cookies.length, 1);
  });

  test('has a verifier of 43 characters, and state, nonce and verifier that do not give each other away', () => {
    const { state, nonce, codeVerifier } = start().transaction;
    assert.match(codeVerifier, /^[\w-]{43}$/);
    for (const value of [state, nonce]) assert.match(value, /^[\w-]{22}$/);
    assert.equal(new Set([state, nonce, codeVerifier.slice(0, 22)]).size, 3);
  });

  test('differs from every other', () => {
    const values = Array.from({ length: 100 }, () => start().transaction).flatMap((one) => [
      one.state,
      one.nonce,
      one.codeVerifier,
    ]);
    assert.equal(new Set(values).size, values.length);
  });

  test('derives all three from its sealed bytes alone', () => {
    const fixed = { ...sealer, random: (bytes: number): Buffer => Buffer.alloc(bytes, 7) };
    const [one, two] = [startLogin(request, sent([]), fixed), startLogin(request, sent([]), fixed)];
    assert.deepEqual(one.transaction, two.transaction);
  });

  const urls = [
    { title: 'up to 128 bytes stays', url: `/a?${'x'.repeat(125)}`, kept: `/a?${'x'.repeat(125)}` },
    { title: 'over 128 bytes loses its query', url: `/a/b?${'x'.repeat(124)}`, kept: '/a/b' },
    { title: 'over 128 bytes loses its fragment', url: `/a/b#${'x'.repeat(124)}?y`, kept: '/a/b' },
    { title: 'over 128 bytes in few characters is cut too', url: `/a?${'é'.repeat(63)}`, kept: '/a' },
    {
      title: 'of another origin keeps the origin',
      url: `https://app.example.com/a?${'x'.repeat(120)}`,
      kept: 'https://app.example.com/a',
    },
  ];
  for (const { title, url, kept } of urls) {
    test(`a return URL ${title}`, () => {
      const started = start(0, [], { ...request, returnUrl: url });
      const found = findTransaction(sent(started.cookies), started.transaction.state, rules);
      assert.equal(found.kind === 'found' && found.transaction.returnUrl, kept);
    });
  }
});

describe('several logins', () => {
  test('under way in three tabs all come back', () => {
    const [one, two, three] = [start(0), start(1), start(1)];
    const stored = sent(one.cookies, two.cookies, three.cookies);
    for (const { transaction } of [one, two, three])
      assert.equal(findTransaction(stored, transaction.state, rules).kind, 'found');
  });

  test('are at most three, the oldest is deleted', () => {
    const [one, two, three] = [start(5), start(3), start(4)];
    const fourth = start(6, [one.cookies, two.cookies, three.cookies]);
    assert.deepEqual(
      fourth.cookies.filter(isDeletion).map(({ name }) => name),
      [nameOf(two)],
    );
  });

  test('take 2 KB together at most, however long their return URLs are', () => {
    const seenSession = newSessionKeys(randomBytes);
    const long = { ...request, returnUrl: `/${'x'.repeat(511)}`, seenSession };
    const logins = Array.from({ length: 30 }, (_, index) => [index, index % 3 ? long : request] as const);
    for (let count = 1; count <= logins.length; count += 1) {
      const stored = browse(logins.slice(0, count));
      assert.ok(stored.length <= 3 && stored.length >= 1, `${stored.length} cookies`);
      assert.ok(bytesOf(stored) <= 2048, `${bytesOf(stored)} bytes`);
    }
  });

  test('with an ordinary return URL have room for three, the session seen included', () => {
    const login = { ...request, returnUrl: `/${'x'.repeat(127)}`, seenSession: newSessionKeys(randomBytes) };
    assert.equal(
      browse([
        [0, login],
        [1, login],
        [2, login],
      ]).length,
      3,
    );
  });

  test('that have ended are deleted when another begins', () => {
    const old = start(0);
    assert.deepEqual(start(600, [old.cookies]).cookies.filter(isDeletion), [
      { ...old.cookies[0], value: '', maxAgeSeconds: 0 },
    ]);
    assert.equal(start(599, [old.cookies]).cookies.filter(isDeletion).length, 0);
  });

  test('that somebody piled up are deleted a few at a time', () => {
    const pile = Array.from({ length: 40 }, (_, index) => start(index).cookies);
    const { cookies } = start(50, pile);
    assert.equal(cookies.filter(isDeletion).length, 8);
    assert.equal(cookies.find(isDeletion)?.name, pile[0]?.[0]?.name);
  });

  test('leave cookies of other names alone', () => {
    const foreign = ['', 'x', '-', '0', 'zzzzzz-short', `zzzzzz-${'a'.repeat(12)}`, `ZZZZZZ-${'a'.repeat(11)}`].map(
      (rest): SetCookie => ({ name: cookie.loginPrefix + rest, value: 'x', path: '/', sameSite: 'Lax' }),
    );
    assert.equal(start(0, [foreign]).cookies.length, 1);
    assert.deepEqual(transactionDeletions(sent(foreign, issued(sessionOf('alice', {})))), []);
  });

  test('are all deleted on request', () => {
    const [one, two] = [start(0), start(1)];
    const deleted = transactionDeletions(sent(one.cookies, two.cookies));
    assert.deepEqual(deleted.map(({ name }) => name).sort(), [nameOf(one), nameOf(two)].sort());
    assert.ok(deleted.every((each) => isDeletion(each) && each.value === '' && each.path === '/'));
  });
});

describe('a callback', () => {
  const started = start();
  const { state } = started.transaction;
  const [genuine] = started.cookies;
  const named = (name: string): readonly SetCookie[] => (genuine ? [{ ...genuine, name }] : []);

  test('takes no transaction of another state', () => {
    assert.deepEqual(findTransaction(sent(started.cookies), start().transaction.state, rules), { kind: 'missing' });
    for (const other of ['', state.slice(1), `${state}x`, 'constructor', 'é']) {
      assert.deepEqual(findTransaction(sent(started.cookies), other, rules), { kind: 'missing' });
    }
  });

  test('finds nothing once the transaction is deleted', () => {
    const found = findTransaction(sent(started.cookies), state, rules);
    const deletion = found.kind === 'found' ? found.deletion : undefined;
    assert.deepEqual(deletion, { name: nameOf(started), value: '', path: '/', sameSite: 'Lax', maxAgeSeconds: 0 });
    assert.deepEqual(findTransaction(sent([]), state, rules), { kind: 'missing' });
  });

  test('finds a transaction of ten minutes ago expired, whatever the browser kept', () => {
    assert.equal(findTransaction(sent(started.cookies), state, { ...rules, now: after(599) }).kind, 'found');
    const late = findTransaction(sent(started.cookies), state, { ...rules, now: after(600) });
    assert.equal(late.kind, 'expired');
    assert.equal(late.kind === 'expired' && late.deletion.name, nameOf(started));
  });

  test('takes no transaction under a name with another time', () => {
    const hash = nameOf(started).slice(-11);
    const renamed = named(`${cookie.loginPrefix}${after(60).toString(36)}-${hash}`);
    assert.deepEqual(findTransaction(sent(renamed), state, rules), { kind: 'missing' });
  });

  test('takes no session cookie for a transaction', () => {
    const [session] = pick(issued(sessionOf('alice', {})), cookie.session);
    const renamed = session ? [{ ...session, name: nameOf(started) }] : [];
    assert.deepEqual(findTransaction(sent(renamed), state, rules), { kind: 'missing' });
  });

  test('refuses a transaction that comes twice', () => {
    assert.deepEqual(findTransaction(sent(started.cookies, started.cookies), state, rules), {
      kind: 'ambiguous',
      name: nameOf(started),
    });
  });

  test('tells an unknown key from a missing transaction', () => {
    const other = startLogin(request, sent([]), { ...sealer, ring: ringOf(['20261201', now]) });
    const cookies = sent(other.cookies);
    assert.deepEqual(findTransaction(cookies, other.transaction.state, rules), {
      kind: 'unreadable',
      reason: 'unknown_key',
    });
    assert.deepEqual(findTransaction(cookies, other.transaction.state, { ...rules, unknownKey: 'absent' }), {
      kind: 'missing',
    });
  });

  test('needs no other cookie', () => {
    assert.equal(findTransaction(sent(started.cookies), state, rules).kind, 'found');
  });
});
