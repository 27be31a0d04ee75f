/** The packaged rotation beside the packaged broker: invoked, and looked at through its parameter and its log. */
import assert from 'node:assert/strict';
import type { Stack } from '../../../infra/local/stack.ts';
import type { FunctionProcess } from '../../../infra/local/lambda/process.ts';
import { readRing } from '../../../functions/rotation/ring-text.ts';
import type { StoredRing } from '../../../functions/rotation/next-ring.ts';
import { signedCalls, ssmService } from '../local-aws/signed.ts';
import { ringText } from '../broker/keys.ts';
import type { Running } from '../broker/running.ts';

export type Door = 'auth' | 'api' | 'rotateKeys';

export const putRing = ({ stack }: Running, ...keys: readonly object[]): number =>
  stack.ssm.put(`${stack.parameterPrefix}/cookie-keys`, ringText(...keys), 'SecureString');

/** Runs the function as the schedule would. */
export async function runRotation({ stack }: Running): Promise<void> {
  const outcome = await stack.lambda.invoke('token-broker-local-rotateKeys', { source: 'aws.events' });
  assert.equal(outcome.kind, 'result', JSON.stringify(outcome));
}

export const processesOf = ({ stack }: Running, door: Door): readonly FunctionProcess[] =>
  stack.lambda.processes().filter(({ functionName }) => functionName.endsWith(`-${door}`));

/** Ends the processes of one function, so that its next one reads the parameters as they are then. */
export async function forget(broker: Running, door: Door): Promise<void> {
  const processes = processesOf(broker, door);
  for (const one of processes) one.kill();
  await Promise.all(processes.map(async ({ ended }) => ended));
}

/** Stops the processes of one function where they stand; the next request makes them go on with what they know. */
export function freeze(broker: Running, door: Door): void {
  const processes = processesOf(broker, door);
  assert.equal(processes.length, 1, 'one process is to be frozen');
  for (const one of processes) one.freeze();
}

/** What the parameter holds now. */
export async function storedRing({
  stack,
}: {
  readonly stack: Pick<Stack, 'ssm' | 'parameterPrefix'>;
}): Promise<StoredRing> {
  const input = { Name: `${stack.parameterPrefix}/cookie-keys`, WithDecryption: true };
  const { body } = await signedCalls(stack.ssm.endpoint, ssmService)('GetParameter', input);
  const read = readRing((body['Parameter'] as { Value: string }).Value);
  assert.ok(read.kind === 'ring');
  return read.ring;
}
