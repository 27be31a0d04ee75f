/** The third-party notices of a bundle: whose code is in it and under which licence. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import * as v from 'valibot';

const manifestSchema = v.object({ name: v.string(), version: v.string(), license: v.string() });
const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const line = '-'.repeat(80);

/** Directory of the package that a bundled file belongs to; undefined for a file of our own. */
function packageDirectory(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

async function notice(root: string, directory: string): Promise<string> {
  const absolute = join(root, directory);
  const manifest = v.parse(manifestSchema, JSON.parse(await readFile(join(absolute, 'package.json'), 'utf8')));
  const files = (await readdir(absolute)).filter((name) => licenceFile.test(name)).sort();
  if (files.length === 0) throw new Error(`${manifest.name} is bundled, but its package carries no licence text`);
  const texts = await Promise.all(files.map((name) => readFile(join(absolute, name), 'utf8')));
  const heading = `${manifest.name} ${manifest.version} (${manifest.license})`;
  return [line, heading, line, ...texts.map((text) => text.replaceAll('\r\n', '\n').trim())].join('\n\n');
}

/**
 * @param metafile of one build; its paths are relative to `root`
 * @returns one text with the licence of every package that is in the outputs, sorted by package
 * @throws Error where a bundled package has no licence text
 */
export async function thirdPartyNotices(root: string, metafile: Metafile): Promise<string> {
  const files = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const directories = [...new Set(files.map(packageDirectory))].filter((found) => found !== undefined).sort();
  const notices = await Promise.all(directories.map((directory) => notice(root, directory)));
  return `${['This package contains code of the following projects.', ...notices].join('\n\n')}\n`;
}
