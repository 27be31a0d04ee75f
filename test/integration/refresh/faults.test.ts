/** What the provider may answer when a token is to be renewed: nothing that passes ends a session. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Answer } from '../../../infra/local/provider/provider.ts';
import type { Stack } from '../../../infra/local/stack.ts';
import type { Browser } from '../broker/browser.ts';
import { startClock } from '../broker/clock.ts';
import { loggedIn } from '../broker/person.ts';
import { cookiesSet } from '../broker/raw.ts';
import { running } from '../broker/running.ts';
import {
  answerRefresh,
  askUser,
  assertCookiesUntouched,
  assertLater,
  assertOver,
  assertRefreshed,
  assertWorks,
  call,
  intoMargin,
  isRefresh,
  lifetimeSeconds,
  names,
  outcomeOf,
  pastEnd,
  refreshAll,
  refuseRefresh,
  setNames,
  shortLived,
  trafficOf,
} from './usage.ts';

const clock = startClock();
const broker = running(shortLived);

/** No longer than the pause after the first failure. */
const pauseSeconds = 2;

interface Fault {
  readonly answer: Omit<Answer, 'headers'>;
  /** As it is logged. */
  readonly reason: string;
}

const json = (status: number, value: unknown): Omit<Answer, 'headers'> => ({
  status,
  body: JSON.stringify(value),
});

/** What may be over in a moment, or what nobody understands: whether the provider has spent the token is not known. */
const passing: Readonly<Record<string, Fault>> = {
  500: { answer: { status: 500 }, reason: 'provider_error' },
  503: { answer: { status: 503, body: 'away' }, reason: 'provider_error' },
  '503 that says invalid_grant': { answer: json(503, { error: 'invalid_grant' }), reason: 'provider_error' },
  429: { answer: json(429, { error: 'too_many_requests' }), reason: 'provider_error' },
  408: { answer: { status: 408 }, reason: 'provider_error' },
  'a redirect': { answer: { status: 302 }, reason: 'unexpected_status' },
  'a reset connection': { answer: { status: 200, reset: true }, reason: 'reset' },
  garbage: { answer: { status: 200, body: '\u0000\u0001{' }, reason: 'the token answer is not a JSON object' },
  'a web page': { answer: { status: 200, body: '<!doctype html>' }, reason: 'the token answer is not a JSON object' },
  'a JSON list': { answer: json(200, []), reason: 'the token answer is not a JSON object' },
  'an empty answer': { answer: { status: 200, body: '' }, reason: 'the token answer is not a JSON object' },
  invalid_client: { answer: json(401, { error: 'invalid_client' }), reason: 'invalid_client' },
  '401 without a reason': { answer: { status: 401 }, reason: 'invalid_client' },
};

/** What neither the session nor the API is to blame for, and waiting does not cure. */
const refusals: Readonly<Record<string, Fault>> = {
  unauthorized_client: { answer: json(400, { error: 'unauthorized_client' }), reason: 'unauthorized_client' },
  invalid_request: { answer: json(400, { error: 'invalid_request' }), reason: 'invalid_request' },
  'access_denied, 403': { answer: json(403, { error: 'access_denied' }), reason: 'access_denied' },
  'a page of a firewall': { answer: { status: 403, body: '<h1>Forbidden</h1>' }, reason: 'other' },
  404: { answer: { status: 404 }, reason: 'other' },
};

describe('a provider that answers a refresh with', () => {
  let browser: Browser;

  before(async () => {
    browser = await loggedIn(broker.origin);
  });

  for (const [what, { answer, reason }] of [...Object.entries(passing), ...Object.entries(refusals)]) {
    const code = Object.hasOwn(passing, what) ? 'refresh_failed_transient' : 'refresh_rejected';
    it(`${what} makes calls wait, is logged, and ends nothing`, async () => {
      clock.advance(pastEnd);
      answerRefresh(broker.provider, answer);
      const refused = await call(broker, browser);
      assertLater(refused, code);
      const { ref } = (await refused.json()) as { ref: string };
      const event = code === 'refresh_rejected' ? 'refresh_rejected' : 'refresh_failed';
      const line = await broker.logged((one) => one.ref === ref && one.event === event);
      assert.equal(line['reason'], reason);
      delete broker.provider.faults.before;
      clock.advance(pauseSeconds);
      assert.equal(outcomeOf(await call(broker, browser)), '200');
    });
  }

  it('the same again and again is asked ever less often, and no more than every half minute', async () => {
    clock.advance(pastEnd);
    answerRefresh(broker.provider, { status: 503 });
    const traffic = trafficOf(broker);
    const pauses: number[] = [];
    for (let tries = 0; tries < 7; tries += 1) {
      const answer = await call(broker, browser);
      assertLater(answer, 'refresh_failed_transient');
      pauses.push(Number(answer.headers.get('retry-after')));
      assertLater(await call(broker, browser), 'refresh_failed_transient');
      clock.advance(pauses.at(-1) ?? 0);
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30]);
    assert.equal(traffic.redemptions().length, 7);
    delete broker.provider.faults.before;
    await assertWorks(broker, browser);
  });

  it('nothing at all makes calls wait for a few seconds, and ends nothing', async () => {
    clock.advance(pastEnd);
    answerRefresh(broker.provider, { status: 200, delayMs: 60_000 });
    const started = performance.now();
    const answers = await Promise.all([call(broker, browser), call(broker, browser, 'profile')]);
    assert.ok(performance.now() - started < 12_000);
    for (const answer of answers) assert.match(outcomeOf(answer), /^503 refresh_(?:failed_transient|pending)$/);
    delete broker.provider.faults.before;
    clock.advance(pauseSeconds);
    await assertWorks(broker, browser);
  });

  it('a failure is not seen by those whose token has not ended', async () => {
    for (const answer of [{ status: 503 }, json(401, { error: 'invalid_client' }), json(404, {})]) {
      await refreshAll(broker, browser);
      clock.advance(intoMargin);
      answerRefresh(broker.provider, answer);
      const traffic = trafficOf(broker);
      const answered = [await call(broker, browser), await call(broker, browser)];
      for (const one of answered) {
        assert.equal(outcomeOf(one), '200');
        assertCookiesUntouched(one);
      }
      assert.equal(traffic.redemptions().length, 1, 'it is asked again at once');
      await assertRefreshed(await refreshAll(broker, browser), lifetimeSeconds - intoMargin);
      delete broker.provider.faults.before;
      clock.advance(pauseSeconds);
    }
  });
});

describe('a refresh token that the provider refuses for the audience of the login', () => {
  /** Also a shape that this provider means the same by. */
  const definite: Readonly<Record<string, () => void>> = {
    invalid_grant: () => refuseRefresh(broker.provider, 'invalid_grant'),
    '403 mfa_required': () => answerRefresh(broker.provider, { status: 403, json: { error: 'mfa_required' } }),
  };
  for (const [what, refuse] of Object.entries(definite)) {
    it(`with ${what} ends the session for every jar of it, and no cookie goes`, async () => {
      const browser = await loggedIn(broker.origin);
      const copy = browser.copy();
      clock.advance(pastEnd);
      refuse();
      const traffic = trafficOf(broker);
      await assertOver(await call(broker, browser));
      delete broker.provider.faults.before;
      for (const jar of [browser, copy]) {
        for (const api of ['orders', 'profile'] as const) await assertOver(await call(broker, jar, api));
        await assertOver(await refreshAll(broker, jar));
        const user = await askUser(broker, jar);
        assert.deepEqual([user.status, await user.text(), setNames(user)], [401, '', []]);
      }
      assert.equal(traffic.redemptions().length, 1);
      await broker.logged(({ event, why }) => event === 'session_buried' && why === 'over');
    });
  }

  it('ends the session although the other token has not ended yet', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    await call(broker, browser, 'profile');
    refuseRefresh(broker.provider, 'invalid_grant');
    await assertOver(await call(broker, browser));
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '200', 'until its token ends');
    clock.advance(pastEnd);
    await assertOver(await call(broker, browser, 'profile'));
  });

  it('is never presented once more', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    refuseRefresh(broker.provider, 'invalid_grant');
    const traffic = trafficOf(broker);
    await Promise.all(Array.from({ length: 5 }, async () => call(broker, browser).then(assertOver)));
    assert.equal(traffic.redemptions().length, 1);
  });
});

describe('a refresh token that the provider refuses for another audience', () => {
  it('with invalid_grant is tried for the audience of the login, which goes on working', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    refuseRefresh(broker.provider, 'invalid_grant', 'profile');
    const traffic = trafficOf(broker);
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '502 audience_refused');
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    assert.deepEqual(traffic.redeemed(), ['https://profile.example.com', 'https://orders.example.com']);
  });

  it('with invalid_grant is over where the audience of the login is refused as well', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    refuseRefresh(broker.provider, 'invalid_grant');
    const traffic = trafficOf(broker);
    await assertOver(await call(broker, browser, 'profile'));
    assert.deepEqual(traffic.redeemed(), ['https://profile.example.com', 'https://orders.example.com']);
    await assertOver(await call(broker, browser));
  });

  it('with invalid_grant is over for nobody while the audience of the login cannot be asked for', async () => {
    const browser = await loggedIn(broker.origin);
    clock.advance(pastEnd);
    broker.provider.faults.before = (request) => {
      if (!isRefresh(request)) return undefined;
      const isProfile = request.parameters['audience'] === 'https://profile.example.com';
      return isProfile ? { status: 400, headers: {}, json: { error: 'invalid_grant' } } : { status: 503, headers: {} };
    };
    assertLater(await call(broker, browser, 'profile'), 'refresh_failed_transient');
    delete broker.provider.faults.before;
    clock.advance(pauseSeconds);
    await assertWorks(broker, browser);
  });

  for (const error of ['invalid_target', 'invalid_scope']) {
    it(`with ${error} is a failure of that API alone, and not asked for again within a minute`, async () => {
      const browser = await loggedIn(broker.origin);
      clock.advance(pastEnd);
      refuseRefresh(broker.provider, error, 'profile');
      const traffic = trafficOf(broker);
      const refused = await call(broker, browser, 'profile');
      assert.equal(outcomeOf(refused), '502 audience_refused');
      assert.deepEqual(cookiesSet(refused), { set: [names.grant], deleted: [] });
      for (const jar of [browser, browser.copy()]) {
        assert.equal(outcomeOf(await call(broker, jar, 'profile')), '502 audience_refused');
      }
      assert.equal(outcomeOf(await call(broker, browser)), '200');
      const refreshed = await refreshAll(broker, browser);
      assert.equal(refreshed.status, 200, 'a stored failure is not asked for');
      assert.equal(traffic.redeemed().filter((audience) => audience.includes('profile')).length, 1);
      delete broker.provider.faults.before;
      clock.advance(61);
      assert.equal(outcomeOf(await call(broker, browser, 'profile')), '200');
    });
  }
});

const putSecret = ({ ssm, parameterPrefix }: Stack, secret: string): number =>
  ssm.put(`${parameterPrefix}/client-secret`, secret, 'SecureString');

describe('client credentials that were rotated', () => {
  it('are read once more when the provider refuses those at hand', async () => {
    const browser = await loggedIn(broker.origin);
    putSecret(broker.stack, 'a-secret-that-is-wrong');
    await broker.forgetInstances();
    clock.advance(pastEnd);
    assertLater(await call(broker, browser), 'refresh_failed_transient');
    putSecret(broker.stack, 'secret-of-the-one-machine-stack');
    clock.advance(15);
    const [traffic, calls] = [trafficOf(broker), broker.stack.ssm.calls.length];
    assert.equal(outcomeOf(await call(broker, browser)), '200');
    assert.deepEqual(
      traffic.redemptions().map(({ status }) => status),
      [401, 200],
    );
    assert.equal(broker.stack.ssm.calls.length - calls, 1);
    assert.equal(outcomeOf(await call(broker, browser, 'profile')), '200');
    assert.equal(traffic.redemptions().at(-1)?.status, 200);
  });
});
