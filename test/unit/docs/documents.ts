/** The pages of documentation, and what tests look for in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** @param path relative to the project, with slashes */
export const documentFile = (path: string): string => join(root, path);

/** A page. */
export interface Document {
  /** Relative to the project, for example `docs/cookies.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

export const readDocument = (path: string): Document => ({ path, text: readFileSync(documentFile(path), 'utf8') });

/** Every page that is meant for users. */
export function readDocuments(): readonly Document[] {
  const pages = readdirSync(documentFile('docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...pages.map((name) => `docs/${name}`)].map(readDocument);
}

export function codeBlocks({ text }: Document): readonly CodeBlock[] {
  const blocks = text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, language = '', code = '']) => ({ language, code }));
}

/** The text outside of fenced blocks. */
export const prose = ({ text }: Document): string => text.replaceAll(/^```[\s\S]*?^```$/gm, '');

/** The first cells of all tables. */
export const firstCells = (page: Document): readonly string[] =>
  [...prose(page).matchAll(/^\|\s*([^|]*?)\s*\|/gm)].map(([, cell = '']) => cell);
