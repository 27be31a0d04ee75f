/** Bundles every function into a folder of its own. The same sources give the same bytes, wherever they are built. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile, type OutputFile } from 'esbuild';
import { builtins } from './build/builtins.ts';
import { thirdPartyNotices } from './build/notices.ts';

/** Name of a function → its source file. */
export type Entries = Readonly<Record<string, string>>;

/** The project's own directory, the root of every path in a bundle's metadata. */
export const projectRoot = resolve(import.meta.dirname, '..');

/** The functions of the product. */
export const doors: Entries = { auth: 'functions/auth.ts', api: 'functions/api.ts' };

/** The name under which licences travel in every package. */
export const noticesFile = 'THIRD-PARTY-NOTICES.txt';

/**
 * What esbuild is told. `mainFields`: the ES module where a package offers both, since it is smaller. `splitting`: code
 * behind a dynamic import gets a file of its own, which is loaded when it is needed.
 */
const options = {
  absWorkingDir: projectRoot,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  entryNames: 'index',
  chunkNames: '[name]-[hash]',
  mainFields: ['module', 'main'],
  splitting: true,
  minify: true,
  treeShaking: true,
  legalComments: 'none',
  sourcemap: 'external',
  sourcesContent: false,
  metafile: true,
  write: false,
  plugins: [builtins],
  logLevel: 'silent',
} as const satisfies BuildOptions;

const isMap = (file: OutputFile): boolean => file.path.endsWith('.map');

async function writeTo(directory: string, files: readonly OutputFile[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await Promise.all(files.map((file) => writeFile(join(directory, basename(file.path)), file.contents)));
}

async function buildFunction(name: string, entry: string, outDir: string): Promise<Metafile> {
  // Nothing is written there: the paths of source maps and metadata come out the same whatever `outDir` is.
  const built = await build({ ...options, entryPoints: [entry], outdir: join(projectRoot, 'dist', name) });
  await writeTo(
    join(outDir, name),
    built.outputFiles.filter((file) => !isMap(file)),
  );
  await writeTo(join(outDir, 'maps', name), built.outputFiles.filter(isMap));
  await writeFile(join(outDir, name, noticesFile), await thirdPartyNotices(projectRoot, built.metafile));
  const metafile = join(outDir, 'meta', `${name}.json`);
  await mkdir(dirname(metafile), { recursive: true });
  await writeFile(metafile, `${JSON.stringify(built.metafile, undefined, 1)}\n`);
  return built.metafile;
}

/**
 * Builds `<outDir>/<name>/index.mjs` with its lazily loaded chunks and licences beside it, source maps under
 * `<outDir>/maps/<name>/` and esbuild's metadata in `<outDir>/meta/<name>.json`.
 *
 * @param where.outDir absolute path; the folders of these functions in it are replaced
 * @param where.entries left out: the functions of the product
 * @returns esbuild's metadata of each function, with paths relative to the project
 * @throws esbuild's BuildFailure where a source does not compile or an import cannot be found
 */
export async function buildFunctions(where: { outDir: string; entries?: Entries }): Promise<Record<string, Metafile>> {
  const built = Object.entries(where.entries ?? doors).map(
    async ([name, entry]) => [name, await buildFunction(name, entry, where.outDir)] as const,
  );
  return Object.fromEntries(await Promise.all(built));
}
