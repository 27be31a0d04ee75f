/** One redemption of a refresh token at a time: of two that arrive together, the second must see that it is spent. */

/** @returns a function that runs tasks of the same name one after another; `undefined`: at once */
export function createTurns(): (name: string | undefined, task: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return async (name, task) => {
    if (name === undefined) return task();
    const turn = (last.get(name) ?? Promise.resolve()).then(task, task);
    last.set(name, turn);
    try {
      await turn;
    } finally {
      if (last.get(name) === turn) last.delete(name);
    }
  };
}
