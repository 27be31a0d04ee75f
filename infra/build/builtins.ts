/**
 * An esbuild plugin that takes Node's built-in modules from `process.getBuiltinModule` in the bundle. An ES import of
 * `node:http` reads every export of it, among them a lazy getter that loads undici and costs a cold start dearly.
 */
import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

const namespace = 'builtin';

/** `https`, `node:https`, `stream/promises`; modules which exist only with the prefix (`node:sqlite`) as well. */
export const builtins: Plugin = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?[a-z_]+(?:\/[a-z0-9_]+)*$/ }, ({ path }) =>
      isBuiltin(path) ? { path: path.startsWith('node:') ? path : `node:${path}`, namespace } : undefined,
    );
    // CommonJS on purpose: a bundle reads its properties one by one, when they are used. Behind an object without own
    // properties, because esbuild copies every own property of a CommonJS module that an ES module imports.
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = Object.create(process.getBuiltinModule(${JSON.stringify(path)}))`,
      loader: 'js',
    }));
  },
};
