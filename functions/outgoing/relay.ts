/** Passes bytes on as they come, no faster than they are taken, and gives up where nothing comes or nobody takes them. */
import type { Readable, Writable } from 'node:stream';
import { startWatch } from './watch.ts';

/** How it came to its end; after anything but `complete` the source has been destroyed. */
export type RelayEnd =
  | 'complete'
  /** The source brought nothing for too long. */
  | 'silent'
  /** The source broke off. */
  | 'broken'
  /** There is no time left. */
  | 'late'
  /** Nobody takes the bytes any more. */
  | 'left';

export interface RelayLimits {
  /** How long the source may bring nothing; it does not count while the other side is not taking what is there. */
  readonly silenceMs: number;
  /** Milliseconds since the epoch. */
  readonly endsAtMs: number;
}

/** As much of a writable stream as is needed: the runtime's own response stream is no instance of the class. */
export type Taker = Pick<Writable, 'write' | 'end' | 'on' | 'off' | 'destroyed'>;

/**
 * Settles when the last byte has been handed to the taker, which is then ended as well; otherwise it is left open. Where
 * it is known which byte is the last, it and the end are written as one: a packet less, and one time less that a reader
 * is woken.
 *
 * @param source which nobody reads yet
 * @param length how many bytes it brings; `undefined` where nobody has said
 */
export function relay(
  source: Readable,
  taker: Taker,
  { silenceMs, endsAtMs }: RelayLimits,
  length?: number,
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    let passed = 0;
    let isOver = false;
    const watch = startWatch(Math.max(0, endsAtMs - Date.now()));
    watch.whenOver(() => settle(Date.now() < endsAtMs ? 'silent' : 'late'));
    const listen = (): void => watch.atMost(silenceMs);
    const resume = (): void => {
      listen();
      source.resume();
    };
    const leave = (): void => settle('left');
    const settle = (end: RelayEnd, last?: Buffer): void => {
      if (isOver) return;
      isOver = true;
      watch.stop();
      taker.off('drain', resume).off('close', leave);
      if (end === 'complete') taker.end(last);
      else source.destroy();
      resolve(end);
    };
    const closed = (): void => settle(source.readableEnded ? 'complete' : 'broken');

    if (taker.destroyed) return settle('left');
    // It stays: an error may follow the end, and one that nobody listens to ends the process.
    taker.on('error', leave);
    taker.on('close', leave).on('drain', resume);
    source.on('error', () => settle('broken'));
    source.on('end', () => settle('complete'));
    source.on('close', closed);
    if (source.destroyed) return closed();
    listen();
    source.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed === length) return settle('complete', chunk);
      if (taker.write(chunk)) return listen();
      watch.atMost(Infinity);
      source.pause();
    });
  });
}
