/** Tokens that are too large for the jar lie in the table alone, and every call finds them there. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import type { Answer, RecordedRequest } from '../../../infra/local/provider/provider.ts';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { leave } from '../broker/leaving.ts';
import { loggedIn } from '../broker/person.ts';
import { running } from '../broker/running.ts';
import { both, onGrant, otherAccessToken } from '../broker/tampering.ts';
import { assertWorks, call, isRefresh, names, outcomeOf, pastEnd, shortLived, trafficOf } from './usage.ts';

const clock = startClock();

/** Nothing can be made of it that is shorter. */
const noise = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);

/** Of a cookie and its further chunks. */
const sealedBytes = ({ jar }: Browser, name: string): number =>
  jar.reduce((sum, one) => (one.name === name || one.name.startsWith(`${name}.`) ? sum + one.value.length : sum), 0);

const holds = ({ jar }: Browser, name: string): boolean => jar.some((one) => one.name === name);

describe('tokens of four kilobytes', () => {
  const broker = running(shortLived);

  beforeEach(() => {
    const { provider } = broker;
    const claims = { roles: noise(2000) };
    provider.faults.token = both(
      otherAccessToken(provider, { claims }),
      otherAccessToken(provider, { claims }, 'refresh_token'),
    );
  });

  it('of the last API stay in the table, and are read for each call', async () => {
    const browser = await loggedIn(broker.origin);
    assert.deepEqual([holds(browser, names.orders), holds(browser, names.profile)], [true, false]);
    const reads = broker.stack.table?.counts.reads ?? 0;
    await assertWorks(broker, browser);
    assert.ok((broker.stack.table?.counts.reads ?? 0) > reads);
    const traffic = trafficOf(broker);
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '200');
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('are renewed like any other', async () => {
    const browser = await loggedIn(broker.origin);
    for (let round = 0; round < 2; round += 1) {
      clock.advance(pastEnd);
      const traffic = trafficOf(broker);
      await assertWorks(broker, browser);
      assert.equal(traffic.redemptions().length, 2);
      await assertWorks(broker, browser);
      assert.equal(traffic.redemptions().length, 2);
    }
  });
});

describe('tokens that grow with a refresh', () => {
  const broker = running(shortLived);

  it('leave the jar, and the session goes on', async () => {
    const browser = await loggedIn(broker.origin);
    assert.equal(holds(browser, names.profile), true);
    clock.advance(pastEnd);
    const { provider } = broker;
    provider.faults.token = otherAccessToken(provider, { claims: { roles: noise(5200) } }, 'refresh_token');
    await assertWorks(broker, browser);
    const traffic = trafficOf(broker);
    await assertWorks(broker, browser);
    assert.deepEqual(traffic.redemptions(), []);
  });

  it('so much that nothing holds them are refused to that API alone, or end in a clean answer', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    const { provider } = broker;
    provider.faults.token = otherAccessToken(provider, { claims: { roles: noise(20_000) } }, 'refresh_token');
    const answer = await call(broker, browser);
    assert.match(outcomeOf(answer), /^(?:200|502 [a-z_]+)$/);
    delete provider.faults.token;
    clock.advance(pastEnd);
    await assertWorks(broker, browser);
  });
});

describe('a refresh token of five kilobytes', () => {
  const broker = running(shortLived);

  /** What the broker holds in place of the provider's own. */
  const real = new Map<string, string>();

  const grow = (members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    const large = noise(5000);
    real.set(large, String(members['refresh_token']));
    return { ...members, refresh_token: large };
  };

  /** Redeems the provider's own token for the broker. */
  async function redeem({ parameters }: RecordedRequest, token: string): Promise<Answer> {
    const form = new URLSearchParams({ ...parameters, refresh_token: token });
    form.set('client_id', 'token-broker');
    form.set('client_secret', 'secret-of-the-one-machine-stack');
    const answer = await fetch(`${broker.provider.origin}/oauth/token`, { method: 'POST', body: form });
    return { status: answer.status, headers: {}, json: grow((await answer.json()) as Record<string, unknown>) };
  }

  it('stays in the table, and is redeemed from there', async () => {
    const { faults } = broker.provider;
    faults.token = onGrant('authorization_code', grow);
    faults.before = async (request) => {
      const token = isRefresh(request) ? real.get(String(request.parameters['refresh_token'])) : undefined;
      return token === undefined ? undefined : redeem(request, token);
    };
    const browser = await loggedIn(broker.origin);
    assert.ok(sealedBytes(browser, names.grant) < 1000, 'it lies in the jar');
    await assertWorks(broker, browser);
    for (let round = 0; round < 2; round += 1) {
      clock.advance(pastEnd);
      const late = browser.copy();
      await assertWorks(broker, browser);
      await assertWorks(broker, late);
    }
    assert.ok(sealedBytes(browser, names.grant) < 1000, 'it lies in the jar');
    await leave(browser, broker);
    const revoked = broker.provider.requestsTo('revoke').at(-1)?.parameters['token'];
    assert.equal(revoked, [...real.keys()].at(-1));
  });
});
