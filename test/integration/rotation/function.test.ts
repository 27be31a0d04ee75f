/** The packaged function by itself: a stage without a ring, one that is no ring, and an SSM that fails. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { FunctionLine } from '../../../infra/local/lambda/function.ts';
import { startStack, type Stack } from '../../../infra/local/stack.ts';
import { newKey, ringText } from '../broker/keys.ts';
import { loggedIn } from '../broker/person.ts';
import { packageFolder } from '../broker/package.ts';
import { signedCalls, ssmService } from '../local-aws/signed.ts';
import { storedRing } from './live.ts';

let stack: Stack;
const lines: FunctionLine[] = [];

before(async () => {
  stack = await startStack({ packageFolder: await packageFolder(), sink: (line) => lines.push(line) });
});
beforeEach(() => {
  stack.ssm.mode = 'normal';
  lines.length = 0;
});
after(async () => stack.close());

const ring = (): string => `${stack.parameterPrefix}/cookie-keys`;

async function invoke(): Promise<string> {
  const outcome = await stack.lambda.invoke('token-broker-local-rotateKeys', {});
  if (outcome.kind === 'error') return outcome.errorMessage;
  return outcome.kind;
}

/** What the function told; the runtime adds a line of its own about an error. */
const told = (): readonly unknown[] =>
  lines
    .filter(({ functionName, stream }) => functionName.endsWith('-rotateKeys') && stream === 'stdout')
    .filter(({ text }) => text.startsWith('{'))
    .map(({ text }) => JSON.parse(text) as { event: string; reason?: string })
    .map(({ event, reason }) => [event, reason]);

describe('the function that rotates keys', () => {
  it('is not needed to start', () => {
    assert.deepEqual(
      stack.lambda.processes().filter(({ functionName }) => functionName.endsWith('-rotateKeys')),
      [],
    );
  });

  it('makes the ring of a stage that has none, with which people can log in at once', async () => {
    await signedCalls(stack.ssm.endpoint, ssmService)('DeleteParameter', { Name: ring() });
    assert.equal(await invoke(), 'result');
    assert.equal((await storedRing({ stack })).length, 1);
    assert.deepEqual(told(), [['keys_rotated', undefined]]);
    const alice = await loggedIn(stack.origin);
    assert.equal((await alice.fetch(`${stack.origin}/api/orders`)).status, 200);
  });

  it('asks SSM for the key ring alone', async () => {
    stack.ssm.put(ring(), ringText(newKey('old', 40 * 86_400)), 'SecureString');
    stack.ssm.calls.length = 0;
    await invoke();
    assert.deepEqual(
      stack.ssm.calls.map(({ operation, names }) => [operation, ...names]),
      [
        ['GetParameter', ring()],
        ['PutParameter', ring()],
      ],
    );
  });

  it('fails on what is no ring, and leaves it as it is', async () => {
    const { key } = newKey('secret') as { key: string };
    const text = JSON.stringify({ keys: [{ kid: 'a', key: `${key}x`, createdAt: 1 }] });
    stack.ssm.put(ring(), text, 'SecureString');
    stack.ssm.calls.length = 0;
    assert.equal(await invoke(), 'The keys were not rotated: key_ring_invalid');
    assert.deepEqual(
      stack.ssm.calls.map(({ operation }) => operation),
      ['GetParameter'],
    );
    assert.match(JSON.stringify(told()), /key_ring_invalid/);
    assert.ok(!lines.some((line) => line.text.includes(key)));
  });

  for (const [mode, name] of [
    ['fail', 'InternalServerError'],
    ['throttle', 'ThrottlingException'],
  ] as const) {
    it(`fails while SSM does (${mode}), so that it counts as an error, and says why without a word of SSM's`, async () => {
      stack.ssm.mode = mode;
      assert.equal(await invoke(), `The keys were not rotated: ${name}`);
      assert.deepEqual(told(), [['key_rotation_failed', name]]);
      assert.ok(!lines.some(({ text }) => /switched to|Rate exceeded/.test(text)));
    });
  }
});
