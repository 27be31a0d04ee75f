/** A clock that is ahead of the machine's. A function process that loads a module of it first reads from a file how far. */

/** @param aheadMs is asked at each look at the clock */
export function moveClock(aheadMs: () => number): void {
  const RealDate = globalThis.Date;
  const now = (): number => RealDate.now() + aheadMs();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
  });
}

/**
 * For a process that strips no types, which would take it longer than all else that it loads.
 *
 * @param file says how far ahead, in milliseconds
 * @returns a module of JavaScript, to be loaded first
 */
export function movingClock(file: string): URL {
  const ahead = `() => Number(readFileSync(${JSON.stringify(file)}, 'utf8'))`;
  const script = `import { readFileSync } from 'node:fs'; (${moveClock.toString()})(${ahead});`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
