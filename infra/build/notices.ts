/** The third-party notices of a bundle: whose code is in it and under which licence. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import * as v from 'valibot';

const manifestSchema = v.object({
  name: v.string(),
  version: v.string(),
  license: v.string(),
  repository: v.optional(v.union([v.string(), v.object({ url: v.string() })])),
});
const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const line = '-'.repeat(80);

interface BundledPackage {
  /** Name, version and licence. */
  readonly heading: string;
  /** What packages of one project have in common: where it is kept, and its licence. */
  readonly project: string;
  /** Empty where the package carries none. */
  readonly text: string;
}

/** Directory of the package that a bundled file belongs to; undefined for a file of our own. */
function packageDirectory(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

async function readPackage(root: string, directory: string): Promise<BundledPackage> {
  const absolute = join(root, directory);
  const manifest = v.parse(manifestSchema, JSON.parse(await readFile(join(absolute, 'package.json'), 'utf8')));
  const { name, version, license, repository = name } = manifest;
  const files = (await readdir(absolute)).filter((file) => licenceFile.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(absolute, file), 'utf8')));
  return {
    heading: `${name} ${version} (${license})`,
    project: `${typeof repository === 'string' ? repository : repository.url} ${license}`,
    text: texts.map((text) => text.replaceAll('\r\n', '\n').trim()).join('\n\n'),
  };
}

/** Some projects of many packages forget the text in one of them. */
function textOf({ heading, project, text }: BundledPackage, packages: readonly BundledPackage[]): string {
  if (text !== '') return text;
  const sibling = packages.find((other) => other.project === project && other.text !== '');
  if (sibling === undefined) throw new Error(`${heading} is bundled, but its package carries no licence text`);
  return sibling.text;
}

/**
 * @param metafile of one build; its paths are relative to `root`
 * @returns one text with the licence of every package that is in the outputs, sorted by package; those with the same text
 *   share it
 * @throws Error where a bundled package has no licence text and none of its project has
 */
export async function thirdPartyNotices(root: string, metafile: Metafile): Promise<string> {
  const files = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const directories = [...new Set(files.map(packageDirectory))].filter((found) => found !== undefined).sort();
  const packages = await Promise.all(directories.map(async (directory) => readPackage(root, directory)));
  const byText = new Map<string, string[]>();
  for (const found of packages) {
    const text = textOf(found, packages);
    byText.set(text, [...(byText.get(text) ?? []), found.heading]);
  }
  const notices = [...byText].map(([text, headings]) => [line, headings.join('\n'), line, text].join('\n\n'));
  return `${['This package contains code of the following projects.', ...notices].join('\n\n')}\n`;
}
