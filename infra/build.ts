/** Bundles every function into a folder of its own. The same sources give the same bytes, wherever they are built. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, parse, relative, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import { builtins } from './build/builtins.ts';
import { thirdPartyNotices } from './build/notices.ts';

/** Name of a function → its source file. */
export type Entries = Readonly<Record<string, string>>;

/** The project's own directory, the root of every path in a bundle's metadata. */
export const projectRoot = resolve(import.meta.dirname, '..');

/** The functions of the product. */
export const doors: Entries = {
  auth: 'functions/auth.ts',
  api: 'functions/api.ts',
  stream: 'functions/stream.ts',
  'rotate-keys': 'functions/rotate-keys.ts',
};

/** The name under which licences travel in every package. */
export const noticesFile = 'THIRD-PARTY-NOTICES.txt';

/**
 * What esbuild is told. `mainFields`: the ES module where a package offers both, since it is smaller. No `splitting`: it
 * would cut the entry into as many files as there are shared modules, and each is one more to find and load at init.
 */
const options = {
  absWorkingDir: projectRoot,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  entryNames: '[name]',
  mainFields: ['module', 'main'],
  minify: true,
  treeShaking: true,
  legalComments: 'none',
  sourcemap: 'external',
  sourcesContent: false,
  metafile: true,
  write: false,
  logLevel: 'silent',
} as const satisfies BuildOptions;

const isMap = (file: OutputFile): boolean => file.path.endsWith('.map');

async function writeTo(directory: string, files: readonly OutputFile[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await Promise.all(files.map((file) => writeFile(join(directory, basename(file.path)), file.contents)));
}

/**
 * What is behind a dynamic import becomes a bundle of its own beside the entry. What both need is in both: a package may
 * be large, but what is loaded at init may not.
 */
const apart = (note: (name: string, source: string) => void): Plugin => ({
  name: 'apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const name = parse(path).name;
      note(name, relative(projectRoot, join(resolveDir, path)));
      return { path: `./${name}.mjs`, external: true };
    });
  },
});

interface Bundles {
  readonly files: readonly OutputFile[];
  readonly metafile: Metafile;
}

/** The entry, and whatever it or one of its bundles loads when it is needed. */
async function bundle(name: string, entry: string): Promise<Bundles> {
  const sources = new Map([['index', entry]]);
  const note = (found: string, source: string): void => {
    const known = sources.get(found);
    if (known !== undefined && known !== source)
      throw new Error(`${source} and ${known} would be one file of the package`);
    sources.set(found, source);
  };
  const files: OutputFile[] = [];
  const metafile: Metafile = { inputs: {}, outputs: {} };
  // Sources that are found on the way are visited as well.
  for (const [output, source] of sources) {
    // Nothing is written there: the paths of source maps and metadata come out the same whatever `outDir` is.
    const outdir = join(projectRoot, 'dist', name);
    const built = await build({
      ...options,
      plugins: [apart(note), builtins],
      entryPoints: { [output]: source },
      outdir,
    });
    files.push(...built.outputFiles);
    Object.assign(metafile.inputs, built.metafile.inputs);
    Object.assign(metafile.outputs, built.metafile.outputs);
  }
  return { files, metafile };
}

async function buildFunction(name: string, entry: string, outDir: string): Promise<Metafile> {
  const { files, metafile } = await bundle(name, entry);
  await writeTo(
    join(outDir, name),
    files.filter((file) => !isMap(file)),
  );
  await writeTo(join(outDir, 'maps', name), files.filter(isMap));
  await writeFile(join(outDir, name, noticesFile), await thirdPartyNotices(projectRoot, metafile));
  const described = join(outDir, 'meta', `${name}.json`);
  await mkdir(dirname(described), { recursive: true });
  await writeFile(described, `${JSON.stringify(metafile, undefined, 1)}\n`);
  return metafile;
}

/**
 * Builds `<outDir>/<name>/index.mjs` with its lazily loaded bundles and licences beside it, source maps under
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
