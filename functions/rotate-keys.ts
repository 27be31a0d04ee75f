/**
 * The door for the clock: makes the key of each period, on a schedule that is more frequent than the periods, so that a
 * run that failed is made up for by the next one.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readRotationSettings } from './configuration/rotation.ts';
import type { Packaged } from './configuration/schema.ts';
import { systemClock } from './contract/units.ts';
import type { InvocationContext } from './http/event-parts.ts';
import { ringParameter } from './rotation/ring-parameter.ts';
import { rotateKeys, type Rotation } from './rotation/rotate.ts';
import { createLog, type Log } from './telemetry/log.ts';

function readPackaged(): Packaged {
  return JSON.parse(readFileSync(new URL('configuration.json', import.meta.url), 'utf8')) as Packaged;
}

async function rotate(): Promise<Rotation> {
  const { parameter, kmsKey, rules } = readRotationSettings(readPackaged());
  return rotateKeys({
    parameter: ringParameter({ name: parameter, ...(kmsKey === undefined ? {} : { kmsKey }) }),
    rules,
    occasion: { now: systemClock(), random: randomBytes, demand: 'when due' },
  });
}

/** @returns why the invocation has failed; `undefined` where it has not */
function report(log: Log, rotation: Rotation): string | undefined {
  switch (rotation.kind) {
    case 'rotated':
    case 'unchanged': {
      const { added, retired, isFull, keys } = rotation;
      const fields = { added, retired, keys: keys.map(({ kid }) => kid), full: isFull };
      log(isFull ? 'warn' : 'info', rotation.kind === 'rotated' ? 'keys_rotated' : 'keys_unchanged', fields);
      return undefined;
    }
    case 'invalid':
      log('error', 'key_ring_invalid', { reason: rotation.reason });
      return 'key_ring_invalid';
    case 'contended':
      log('error', 'key_rotation_failed', { reason: 'contended' });
      return 'contended';
  }
}

/** Of an error only its name is told: a message may quote what was sent. */
function reportError(log: Log, error: unknown): string {
  const reason = error instanceof Error ? error.name : typeof error;
  log('error', 'key_rotation_failed', { reason });
  return reason;
}

/** Any event will do. @throws Error where the keys were not rotated, so that it counts among the function's errors */
export async function handler(_event: unknown, { awsRequestId }: InvocationContext): Promise<void> {
  const log = createLog(awsRequestId);
  const failure = await rotate().then(
    (rotation) => report(log, rotation),
    (error: unknown) => reportError(log, error),
  );
  if (failure !== undefined) throw new Error(`The keys were not rotated: ${failure}`);
}
