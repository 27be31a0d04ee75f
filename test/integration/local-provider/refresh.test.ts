/** The life of a refresh token at the local provider: rotation, reuse, overlap, revocation. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { refreshTokenGrant, tokenRevocation } from 'openid-client';
import { startProvider } from '../../../infra/local/provider/provider.ts';
import type { Provider } from '../../../infra/local/provider/provider.ts';
import { createApplication, offlineScope } from './application.ts';
import type { Application } from './application.ts';
import { createPerson } from './person.ts';

let provider: Provider;
let application: Application;

beforeEach(async () => {
  provider = await startProvider({ apis: [{ audience: 'https://orders.example.com' }] });
  application = await createApplication(provider);
});
afterEach(async () => {
  assert.deepEqual(provider.failures, []);
  await provider.close();
});

const invalidGrant = { error: 'invalid_grant' };

async function logIn(person = createPerson(provider.origin)): Promise<string> {
  const parameters = { audience: 'https://orders.example.com', scope: offlineScope };
  return String((await application.tokens(parameters, person)).refresh_token);
}

/** Redeems a refresh token. Returns the one that came with the answer, if any. */
async function redeem(token: string): Promise<string | undefined> {
  return (await refreshTokenGrant(application.configuration, token)).refresh_token;
}

describe('with rotation', () => {
  test('every redemption gives a new refresh token', async () => {
    const first = await logIn();
    const second = String(await redeem(first));
    const third = String(await redeem(second));
    assert.equal(new Set([first, second, third]).size, 3);
  });

  test('a second use is refused and ends the family', async () => {
    const first = await logIn();
    const second = String(await redeem(first));
    await assert.rejects(redeem(first), invalidGrant);
    await assert.rejects(redeem(second), invalidGrant);
  });

  test('of two uses at the same time one is refused', async () => {
    const token = await logIn();
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => redeem(token)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('reuse in one login leaves another login of the same browser alone', async () => {
    const person = createPerson(provider.origin);
    const [first, other] = [await logIn(person), await logIn(person)];
    await redeem(first);
    await assert.rejects(redeem(first), invalidGrant);
    assert.equal(typeof (await redeem(other)), 'string');
  });

  test('logging out at the provider leaves refresh tokens alone', async () => {
    const person = createPerson(provider.origin);
    const token = await logIn(person);
    await person.open(`${provider.origin}/oidc/logout`);
    assert.equal(typeof (await redeem(token)), 'string');
  });
});

describe('with an overlap', () => {
  beforeEach(() => {
    provider.tenant.overlapSeconds = 60;
  });

  test('the token used last works again, in parallel too', async () => {
    const first = await logIn();
    const outcomes = await Promise.all([redeem(first), redeem(first), redeem(first)]);
    assert.equal(new Set(outcomes).size, 3);
  });

  test('the one before it ends the family', async () => {
    const first = await logIn();
    const second = String(await redeem(first));
    const third = String(await redeem(second));
    await assert.rejects(redeem(first), invalidGrant);
    await assert.rejects(redeem(third), invalidGrant);
  });

  test('the window is counted from the first use, and ends', async (context) => {
    const first = await logIn();
    const now = Date.now();
    context.mock.timers.enable({ apis: ['Date'], now });
    await redeem(first);
    context.mock.timers.setTime(now + 40_000);
    await redeem(first);
    context.mock.timers.setTime(now + 70_000);
    await assert.rejects(redeem(first), invalidGrant);
  });
});

test('without rotation the same refresh token stays in use', async () => {
  provider.tenant.rotation = false;
  const token = await logIn();
  await redeem(token);
  assert.equal((await redeem(token)) ?? token, token);
});

test('a revoked refresh token is refused, and the answer to revoking is empty', async () => {
  const token = await logIn();
  await tokenRevocation(application.configuration, token);
  await assert.rejects(redeem(token), invalidGrant);
  const [request] = provider.requestsTo('revoke');
  assert.deepEqual([request?.parameters['token'], request?.status], [token, 200]);
});

test('revoking a token nobody knows is answered as any other', async () => {
  await tokenRevocation(application.configuration, 'nonsense');
  assert.equal(provider.requestsTo('revoke')[0]?.status, 200);
});
