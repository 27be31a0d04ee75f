import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { posix } from 'node:path';
import { documentFile, prose, readDocuments, type Document } from './documents.ts';

const pages = readDocuments();

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (page: Document): Set<string> =>
  new Set([...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));

const linksOf = (page: Document): string[] =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target));

function isBroken(page: Document, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page.path : posix.join(posix.dirname(page.path), file);
  if (!existsSync(documentFile(path))) return true;
  const linked = pages.find((other) => other.path === path);
  return anchor !== undefined && linked?.path.endsWith('.md') === true && !anchorsOf(linked).has(anchor);
}

/** Files that a reader is told to write. */
const ofTheReader = /^(?:config\/prod\.|\.local\/)/;

/** Paths of this project, in code within the text. */
const pathsOf = (page: Document): string[] =>
  [...prose(page).matchAll(/`((?:config|docs|functions|infra|test|\.ci)\/[\w./-]+|serverless\.yml|package\.json)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !ofTheReader.test(path));

describe('the documentation', () => {
  for (const page of pages) {
    it(`${page.path} links to what is there`, () => {
      assert.deepEqual(
        linksOf(page).filter((target) => isBroken(page, target)),
        [],
      );
    });

    it(`${page.path} names files that exist`, () => {
      assert.deepEqual(
        pathsOf(page).filter((path) => !existsSync(documentFile(path))),
        [],
      );
    });
  }

  it('is linked from the README, every page of it', () => {
    const [readme] = pages;
    assert.ok(readme);
    const linked = new Set(linksOf(readme).map((target) => target.split('#', 1)[0]));
    assert.deepEqual(
      pages.filter(({ path }) => path !== 'README.md' && !linked.has(path)),
      [],
    );
  });
});
