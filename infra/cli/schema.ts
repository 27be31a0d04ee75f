/** Writes `config/schema.json`, by which editors complete and check a stage's file: `npm run schema`. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { format } from 'prettier';
import * as v from 'valibot';
import type { Leaves } from '../../functions/configuration/leaves.ts';
import { configurationSchema } from '../../functions/configuration/schema.ts';
import { reference } from '../../functions/configuration/values.ts';

const schemaFile = new URL('../../config/schema.json', import.meta.url);

/** Only JSON Schema knows what may be said in it; checks written as code are the validator's. */
export async function editorSchema(): Promise<string> {
  const parameter = v.pipe(reference(), v.title('A parameter'), v.description('The value of a parameter in SSM.'));
  const orReference: Leaves['text'] = (schema) => v.union([schema, parameter]) as unknown as typeof schema;
  const leaves: Leaves = {
    text: orReference,
    data: orReference,
    secret: (schema) => parameter as unknown as typeof schema,
  };
  const { $schema, ...schema } = toJsonSchema(configurationSchema(leaves), {
    typeMode: 'input',
    errorMode: 'ignore',
    definitions: { parameter },
  });
  const whole = { $schema, title: 'Token broker: the configuration of a stage', ...schema };
  return format(JSON.stringify(whole), { parser: 'json', printWidth: 120 });
}

if (import.meta.main) await writeFile(fileURLToPath(schemaFile), await editorSchema());
