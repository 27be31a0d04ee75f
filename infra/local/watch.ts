/** Watches folders and does one thing at a time when something in them has changed. */
import { watch } from 'node:fs';

/** Editors write a file in several steps; what comes within this time is one change. */
const settleMs = 100;

export interface Watcher {
  close(): void;
}

/**
 * @param folders absolute paths, watched with everything below them
 * @param act is awaited before it is called again; changes in between are one more call
 */
export function watchFolders(folders: readonly string[], act: () => Promise<void>): Watcher {
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let changed = false;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    while (changed) {
      changed = false;
      await act();
    }
    running = false;
  }

  const watchers = folders.map((folder) =>
    watch(folder, { recursive: true }, () => {
      changed = true;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), settleMs);
    }),
  );
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
