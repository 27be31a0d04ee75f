/** Counts what arrives at an API. */
import type { Running } from './running.ts';

/** Calls that the orders API received meanwhile. */
export async function callsDuring({ apis }: Running, work: () => Promise<unknown>): Promise<number> {
  const earlier = apis.orders.requests.length;
  await work();
  return apis.orders.requests.length - earlier;
}
