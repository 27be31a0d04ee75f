/** Parameters that are missing, wrong, changed or out of reach: what people see, and how the broker recovers by itself. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createBrowser, type Browser } from './browser.ts';
import { startClock } from './clock.ts';
import { newKey, ringText } from './keys.ts';
import { logIn, loggedIn } from './person.ts';
import { codeOf } from './raw.ts';
import { running, usual, type Running } from './running.ts';

const clock = startClock();

/** After this long an instance reads its parameters again. */
const fresh = 301;
/** For this long it does not try again after it failed. */
const pause = 11;

const put = ({ stack }: Running, name: string, value: string): number =>
  stack.ssm.put(`${stack.parameterPrefix}/${name}`, value, 'SecureString');

const reads = ({ stack }: Running): number => stack.ssm.calls.length;

const startLogin = async ({ origin }: Running) =>
  createBrowser().navigate(`${origin}/bff/login`, { from: `${origin}/`, stopAt: () => true });

const askUser = async ({ origin }: Running): Promise<Response> => createBrowser().fetch(`${origin}/bff/user`);

async function assertOutOfOrder(broker: Running, code: string): Promise<void> {
  for (const path of ['/bff/user', '/api/orders', '/bff/nothing']) {
    const answer = await createBrowser().fetch(broker.origin + path);
    assert.equal(answer.status, 503, path);
    assert.equal(codeOf(answer), code);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
  const page = await startLogin(broker);
  assert.equal(page.status, 503);
  assert.equal(page.headers.get('bff-error'), code);
}

async function assertInOrder(broker: Running): Promise<void> {
  assert.equal((await askUser(broker)).status, 401);
  assert.equal((await startLogin(broker)).status, 302);
}

/** Nothing that the machine itself had to say: no function failed to start, none was ended. */
const assertNoneFailed = ({ stack }: Running): void =>
  assert.deepEqual(
    stack.lines.filter(({ stream }) => stream === 'platform'),
    [],
  );

describe('a parameter that the configuration names and nobody has written', () => {
  const provider = { ...usual.provider, clientId: { $parameter: 'client-id' } };
  const broker = running({ table: false, configuration: { value: { ...usual, provider } } });

  it('keeps the broker out of order, says which one it is, and is found soon after it is written', async () => {
    await assertOutOfOrder(broker, 'configuration_invalid');
    const line = await broker.logged(({ event }) => event === 'configuration_invalid');
    assert.match(String(line['problems']), /provider\.clientId: .*\/token-broker\/local\/client-id/);
    put(broker, 'client-id', 'token-broker');
    clock.advance(pause);
    await assertInOrder(broker);
    assertNoneFailed(broker);
  });
});

describe('a secret that is none', () => {
  for (const [what, value] of [
    ['a placeholder', 'changeme'],
    ['white space', ' secret-with-a-line-feed\n'],
  ] as const) {
    describe(what, () => {
      const broker = running({ table: false, parameters: { 'client-secret': value } });

      it('keeps the broker out of order without being shown', async () => {
        await assertOutOfOrder(broker, 'configuration_invalid');
        const line = await broker.logged(({ event }) => event === 'configuration_invalid');
        assert.match(String(line['problems']), /provider\.clientAuth\.secret/);
        assert.ok(!JSON.stringify(line).includes(value.trim()));
      });
    });
  }
});

describe('a ring of cookie keys that cannot be used', () => {
  const broker = running({ table: false, parameters: { 'cookie-keys': 'not a ring' } });

  for (const [what, ring] of [
    ['no JSON', '{"keys":'],
    ['no keys', ringText()],
    ['a short key', ringText({ ...newKey('a'), key: 'c2hvcnQ' })],
    [
      'a word',
      ringText({ ...newKey('a'), key: Buffer.from('passwordpasswordpasswordpassword').toString('base64url') }),
    ],
    ['one id twice', ringText(newKey('a'), newKey('a'))],
  ] as const) {
    it(`keeps the broker out of order: ${what}`, async () => {
      put(broker, 'cookie-keys', ring);
      await broker.forgetInstances();
      await assertOutOfOrder(broker, 'configuration_invalid');
      const line = broker.lines().findLast(({ event }) => event === 'key_ring_invalid');
      assert.ok(line);
      assert.ok(!/c2hvcnQ|cGFzc3dvcmQ/.test(JSON.stringify(line)), 'a key is shown');
    });
  }

  it('is forgotten soon after it was replaced', async () => {
    put(broker, 'cookie-keys', ringText(newKey('good')));
    clock.advance(pause);
    await assertInOrder(broker);
    assertNoneFailed(broker);
  });
});

describe('a store of parameters that cannot be reached', { concurrency: true }, () => {
  for (const mode of ['fail', 'throttle', 'hang'] as const) {
    describe(`because it is made to ${mode}`, () => {
      const broker = running({ table: false });

      it('lets functions start and answer for themselves, and the first request after its return is served', async () => {
        broker.stack.ssm.mode = mode;
        const [user, login] = await Promise.all([askUser(broker), startLogin(broker)]);
        for (const answer of [user, login]) {
          assert.equal(answer.status, 503);
          assert.equal(answer.headers.get('bff-error'), 'configuration_unavailable');
          assert.ok(Number(answer.headers.get('retry-after')) > 0);
        }
        await broker.logged(({ event }) => event === 'configuration_unavailable');
        broker.stack.ssm.mode = 'normal';
        await assertInOrder(broker);
        assertNoneFailed(broker);
      });
    });
  }
});

describe('an instance that has served for a while', () => {
  const broker = running({ table: false });
  let alice: Browser;

  const call = async (): Promise<number> => (await alice.fetch(`${broker.origin}/api/orders`)).status;

  before(async () => {
    alice = await loggedIn(broker.origin);
    await call();
  });

  it('reads no parameters with a call', async () => {
    const earlier = reads(broker);
    for (let turn = 0; turn < 5; turn += 1) assert.equal(await call(), 200);
    assert.equal(reads(broker), earlier);
  });

  it('reads them once when they are older than five minutes', async () => {
    const earlier = reads(broker);
    clock.advance(fresh);
    assert.equal(await call(), 200);
    assert.equal(await call(), 200);
    assert.equal(reads(broker), earlier + 1);
    assert.deepEqual(
      new Set(broker.stack.ssm.calls.at(-1)?.names),
      new Set(['client-secret', 'cookie-keys'].map((name) => `${broker.stack.parameterPrefix}/${name}`)),
    );
  });

  it('serves on with what it knows while they cannot be read, and says so when they are old', async () => {
    const staleLines = (): number => broker.lines().filter(({ event }) => event === 'configuration_stale').length;
    for (const mode of ['fail', 'throttle', 'hang'] as const) {
      broker.stack.ssm.mode = mode;
      clock.advance(fresh);
      assert.equal(await call(), 200, mode);
    }
    clock.advance(fresh);
    const earlier = staleLines();
    assert.equal(await call(), 200);
    assert.ok(staleLines() > earlier);
    broker.stack.ssm.mode = 'normal';
    clock.advance(pause);
    assert.equal(await call(), 200);
    const lines = staleLines();
    assert.equal(await call(), 200);
    assert.equal(staleLines(), lines, 'it is no longer stale');
  });
});

describe('a client secret that was changed', () => {
  const broker = running({ table: false, parameters: { 'client-secret': 'the secret that counts now' } });

  it('is picked up by a running instance', async () => {
    put(broker, 'client-secret', 'the secret that counted before');
    await broker.forgetInstances();
    const refused = await logIn(createBrowser(), broker.origin);
    assert.equal(refused.status, 502);
    assert.equal(refused.headers.get('bff-error'), 'provider_rejected');
    put(broker, 'client-secret', 'the secret that counts now');
    clock.advance(fresh);
    await startLogin(broker);
    assert.equal((await logIn(createBrowser(), broker.origin)).status, 200);
  });

  it('is found by the very login that is refused for the old one', async () => {
    put(broker, 'client-secret', 'the secret that counted before');
    await broker.forgetInstances();
    await startLogin(broker);
    put(broker, 'client-secret', 'the secret that counts now');
    clock.advance(pause);
    const browser = createBrowser();
    assert.equal((await logIn(browser, broker.origin)).status, 200);
    for (const path of ['/api/orders', '/api/profile']) {
      assert.equal((await browser.fetch(broker.origin + path)).status, 200, path);
    }
  });
});
