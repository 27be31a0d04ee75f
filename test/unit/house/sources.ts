/** The source files of the house and who imports whom among them, as esbuild's parser sees it. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { build, transform, type Plugin } from 'esbuild';

/** The project's directory. */
export const projectRoot = resolve(import.meta.dirname, '../../..');

/** Path from the project's directory → text. */
export type Sources = ReadonlyMap<string, string>;

/** One import, export-from or dynamic import. */
export interface Import {
  readonly from: string;
  /** A path from the project's directory, or the name of a package or built-in module. */
  readonly to: string;
  /** `type`: gone when the file runs. `dynamic`: loaded when it is needed. */
  readonly kind: 'static' | 'dynamic' | 'type';
}

/** @returns every TypeScript file below the folder, sorted */
export async function readSources(folder: string): Promise<Sources> {
  const entries = await readdir(join(projectRoot, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const paths = files.map((file) => relative(projectRoot, join(file.parentPath, file.name)).replaceAll('\\', '/'));
  const read = paths.toSorted().map(async (path) => [path, await readFile(join(projectRoot, path), 'utf8')] as const);
  return new Map(await Promise.all(read));
}

/** Takes `type` out of imports and exports, so that esbuild keeps what it would otherwise leave out. */
const withTypesAsValues = (text: string): string =>
  text
    .replaceAll(/^import type (?=[\w{*])/gm, 'import ')
    .replaceAll(/^export type (?=(?:\{[^}]*\}|\*[^;]*) from )/gm, 'export ');

function raise(message: string): never {
  throw new Error(message);
}

/** A plugin that reads the given files only, and notes down what they import instead of following it. */
function collect(sources: Sources, note: (found: { from: string; to: string; dynamic: boolean }) => void): Plugin {
  return {
    name: 'collect',
    setup(setup) {
      setup.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        // Given as ./functions/… where such a file exists.
        if (kind === 'entry-point') return { path: posix.normalize(path), namespace: 'source' };
        const to = path.startsWith('.') ? posix.join(dirname(importer), path) : path;
        note({ from: importer, to, dynamic: kind === 'dynamic-import' });
        return { path, external: true };
      });
      setup.onLoad({ filter: /.*/, namespace: 'source' }, ({ path }) => ({
        contents: sources.get(path) ?? raise(`${path} is not among the sources`),
        loader: 'ts',
      }));
    },
  };
}

async function parse(sources: Sources): Promise<Import[]> {
  const found: Import[] = [];
  await build({
    entryPoints: [...sources.keys()],
    outdir: 'never-written',
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
    // Imports that nothing uses are kept.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [
      collect(sources, ({ from, to, dynamic }) => found.push({ from, to, kind: dynamic ? 'dynamic' : 'static' })),
    ],
  });
  return found;
}

const key = ({ from, to }: Import): string => `${from} ${to}`;

/**
 * Every import in these files, types included. Not seen are imports whose name is computed, and `import('…')` within a
 * type; a test and the linter refuse them.
 */
export async function importsOf(sources: Sources): Promise<Import[]> {
  const values = await parse(sources);
  const rewritten = new Map([...sources].map(([path, text]) => [path, withTypesAsValues(text)]));
  const known = new Set(values.map(key));
  const types = (await parse(rewritten)).filter((found) => !known.has(key(found)));
  return [...values, ...types.map(({ from, to }): Import => ({ from, to, kind: 'type' }))];
}

/** The files as they run: without types and comments. */
export async function asTheyRun(sources: Sources): Promise<Sources> {
  const transformed = [...sources].map(
    async ([path, text]) => [path, (await transform(text, { loader: 'ts', legalComments: 'none' })).code] as const,
  );
  return new Map(await Promise.all(transformed));
}
