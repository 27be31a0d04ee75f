/** Whether `npm ci` can install the project: it refuses a lock file that lacks a package, for whatever platform it is. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from './sources.ts';

/** Path below the project → what the lock file says about the package there. */
type Locked = Record<string, { dependencies?: object; optionalDependencies?: object; devDependencies?: object }>;

/** @returns the packages which another one needs and which lie in no folder where it would look */
function missing(packages: Locked): string[] {
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies, devDependencies }]) => {
    const folders = path.split(/(?<=\/|^)node_modules\//);
    const above = folders.map((_, depth) => folders.slice(0, depth + 1).join('node_modules/'));
    const found = (name: string): boolean =>
      above.some(
        (folder) => `${folder}${folder === '' || folder.endsWith('/') ? '' : '/'}node_modules/${name}` in packages,
      );
    const needed = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
    return needed.filter((name) => !found(name)).map((name) => `${path || 'the project'} needs ${name}`);
  });
}

const lock = JSON.parse(await readFile(join(projectRoot, 'package-lock.json'), 'utf8')) as { packages: Locked };

describe('the lock file', () => {
  it('names every package that is needed on any platform', () => {
    assert.deepEqual(missing(lock.packages), []);
  });

  it('would be found to lack one', () => {
    const packages = { ...lock.packages };
    delete packages['node_modules/@esbuild/darwin-arm64'];
    assert.deepEqual(missing(packages), ['node_modules/esbuild needs @esbuild/darwin-arm64']);
  });
});
