/** Finds the Node 24 that functions run on, whatever Node started us. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const installed = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));

/** @throws Error when neither this process nor the installed packages are Node 24 */
export function node24(): string {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  if (existsSync(installed)) return realpathSync(installed);
  throw new Error('The functions run on Node 24: install it, or run npm ci without --omit=optional.');
}
