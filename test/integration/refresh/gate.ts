/** Events at which a test stops whatever passes, to let it go on when something else has happened. */

export interface Gate {
  /** How many have come so far. */
  readonly count: number;
  /** Settles when so many have come. */
  arrived(count?: number): Promise<void>;
  /** Lets everybody through, those who are still to come as well. */
  open(): void;
  /** Comes to the gate; settles once it is open. */
  pass(): Promise<void>;
}

export function createGate(): Gate {
  const opened = Promise.withResolvers<void>();
  const waiting: { readonly count: number; readonly tell: () => void }[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    async arrived(wanted = 1) {
      if (count >= wanted) return;
      await new Promise<void>((resolve) => waiting.push({ count: wanted, tell: resolve }));
    },
    open: () => opened.resolve(),
    async pass() {
      count += 1;
      for (const one of waiting) if (one.count <= count) one.tell();
      await opened.promise;
    },
  };
}
