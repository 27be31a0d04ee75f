/** A function for tests of building and packaging: built-in modules in every form of import, and code loaded lazily. */
import crypto, { createHash } from 'node:crypto';
import * as http from 'node:http';
import { setTimeout as delay } from 'timers/promises';

/** Tells what its imports are; loads jose only when asked to. */
export async function handler(event: { lazy?: boolean }): Promise<Record<string, unknown>> {
  await delay(0);
  return {
    named: createHash('sha256').update('').digest('hex').length,
    default: typeof crypto.randomUUID,
    namespace: typeof http.request,
    lazy: event.lazy === true ? typeof (await import('./later.ts')).decodeJwt : 'not loaded',
    undici: (process as unknown as { moduleLoadList: string[] }).moduleLoadList.some((name) => name.includes('undici')),
  };
}
