/** The settings of a stage as `config/schema.json` has them, one entry per key, in the order of the file. */
import { readFile } from 'node:fs/promises';
import { documentFile } from './documents.ts';

/** As much of JSON Schema as the file uses. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
}

/** One key. */
export interface Setting {
  /** For example `apis.<name>.path`. */
  readonly key: string;
  /** As JSON; left out where there is none. */
  readonly defaultValue: string | undefined;
  /** Left out for a key that says which form its object has. */
  readonly description: string | undefined;
}

const referenceTitle = 'A parameter';

const isReference = (schema: Schema): boolean =>
  schema.$ref !== undefined || ('title' in schema && schema.title === referenceTitle);

/** What may stand here besides a parameter. */
const formsOf = (schema: Schema): readonly Schema[] =>
  [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((form) => !isReference(form));

function settingsIn(schema: Schema, prefix: string): Setting[] {
  const found = new Map<string, Setting>();
  for (const form of formsOf(schema)) {
    for (const [name, inner] of Object.entries(form.properties ?? {})) {
      const key = prefix + name;
      const defaultValue = inner.default === undefined ? undefined : JSON.stringify(inner.default);
      const own = { key, defaultValue, description: inner.description };
      for (const setting of [own, ...settingsIn(inner, `${key}.`)]) {
        if (!found.has(setting.key)) found.set(setting.key, setting);
      }
    }
    const named = form.additionalProperties;
    if (typeof named === 'object' && !isReference(named)) {
      for (const setting of settingsIn(named, `${prefix}<name>.`)) found.set(setting.key, setting);
    }
  }
  return [...found.values()];
}

/** Every setting of a stage. */
export async function readSettings(): Promise<readonly Setting[]> {
  return settingsIn(JSON.parse(await readFile(documentFile('config/schema.json'), 'utf8')) as Schema, '');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The row by which `docs/configuration.md` describes a setting; what follows the description there is free. */
export const rowOf = ({ key, defaultValue, description }: Setting): string =>
  `| \`${key}\` | ${defaultValue === undefined ? '' : `\`${cell(defaultValue)}\``} | ${cell(description ?? '')}`;
