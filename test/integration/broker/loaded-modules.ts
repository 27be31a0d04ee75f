/** A function process that loads this file first tells, when it gets SIGUSR2, what it has loaded since. */
import { registerHooks } from 'node:module';
import { basename } from 'node:path';

const files = new Set<string>();

registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:') && !url.includes('/node_modules/')) files.add(basename(new URL(url).pathname));
    return nextLoad(url, context);
  },
});

process.on('SIGUSR2', () => {
  const { moduleLoadList: builtins } = process as unknown as { readonly moduleLoadList: readonly string[] };
  const line = { event: 'loaded_modules', ref: 'asked-by-a-test', pid: process.pid, builtins, files: [...files] };
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level: 'info', ...line })}\n`);
});
