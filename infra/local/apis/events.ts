/** What happens to the orders, told as it happens: an event every second, for as long as somebody listens (HTML, section 9.2, server-sent events). */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { samples } from './samples.ts';

const everyMs = 1000;

/** How long a browser waits before it takes the stream up again. */
const retryMs = 1000;

const states = ['is packed', 'is with the carrier', 'is on its way', 'is delivered'];

const { orders } = samples.orders;

/** Each order is in the next state when all have been told of. */
function event(id: number): string {
  const order = orders[id % orders.length]?.id;
  const state = states[Math.floor(id / orders.length) % states.length];
  return `id: ${id}\ndata: ${JSON.stringify({ order, state })}\n\n`;
}

/** @returns the number after the last one that was heard; 1 where none was, or where it is none of ours */
function firstAfter(lastEventId: string | undefined): number {
  return /^\d{1,9}$/.test(lastEventId ?? '') ? Number(lastEventId) + 1 : 1;
}

async function* tell(first: number, ended: AbortSignal): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`;
  for (let id = first; !ended.aborted; id += 1) {
    yield event(id);
    await sleep(everyMs, undefined, { signal: ended }).catch(() => undefined);
  }
}

/**
 * @param lastEventId the `Last-Event-ID` of a browser that takes the stream up again
 * @param ended ends it; it does not end by itself
 */
export const orderEvents = (lastEventId: string | undefined, ended: AbortSignal): Readable =>
  Readable.from(tell(firstAfter(lastEventId), ended));
