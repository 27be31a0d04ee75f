/** What the parts of the schema are made with. */
import * as v from 'valibot';

type AnySchema = v.GenericSchema<unknown, unknown>;

/** Gives back the schema with what else may stand in its place; the type stays that of the value. */
type Leaf = <S extends AnySchema>(schema: S) => S;

/**
 * What may stand in the place of a setting's value. In a file that is the value or a reference to a parameter, at run
 * time a value alone; an object with fixed keys is always written out.
 */
export interface Leaves {
  /** A setting whose value is a string. */
  readonly text: Leaf;
  /** A setting whose value is anything else; a parameter holds it as JSON. */
  readonly data: Leaf;
  /** A string that must never be written into a file. */
  readonly secret: Leaf;
}

/** A key's value, with the description that an editor shows. */
export const key = <S extends AnySchema>(description: string, schema: S) => v.pipe(schema, v.description(description));

/** An object with these keys and no other. */
export const group = <E extends v.ObjectEntries>(entries: E) =>
  v.strictObject(entries, ({ expected }) => {
    if (expected === 'never') return `is not a setting; allowed here are ${Object.keys(entries).join(', ')}`;
    return expected === 'Object' ? 'must be an object' : 'is missing';
  });
