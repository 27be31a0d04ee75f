/** Who may import whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forbidden, roomOf, rooms } from './rooms.ts';
import { importsOf, readSources, type Import } from './sources.ts';

const functions = await readSources('functions');

/** Imports of an invented house: file below functions/ → its text. */
async function importsWithin(files: Record<string, string>): Promise<Import[]> {
  return importsOf(new Map(Object.entries(files).map(([path, text]) => [`functions/${path}`, text])));
}

describe('the rooms', () => {
  it('import only what the table allows', async () => {
    const imports = await importsOf(functions);
    assert.ok(imports.length > functions.size, 'hardly anything is imported');
    assert.deepEqual(forbidden(imports), []);
  });

  it('are those of the table', () => {
    const found = new Set([...functions.keys()].map(roomOf).filter((room) => room !== 'doors'));
    assert.deepEqual(
      [...found].filter((room) => !rooms.includes(room ?? '')),
      [],
    );
  });

  it('are not imported from by infra, except as a whole house: infra imports no test', async () => {
    const imports = await importsOf(await readSources('infra'));
    assert.deepEqual(
      imports.filter(({ to }) => to.startsWith('test/')),
      [],
    );
  });
});

describe('the table', () => {
  const refused: Record<string, [file: string, text: string]> = {
    'a static import': ['http/a.ts', `import { b } from '../session/b.ts';\nb();`],
    'an import that nothing uses': ['http/a.ts', `import { b } from '../session/b.ts';`],
    'an import for its effects': ['presets/a.ts', `import '../audience/b.ts';`],
    'a type import': ['http/a.ts', `import type { B } from '../session/b.ts';`],
    'a type among values': ['http/a.ts', `import { type B } from '../session/b.ts';`],
    'an import of several lines': ['http/a.ts', `import type {\n  B,\n  C,\n} from '../session/b.ts';`],
    'a dynamic import': ['session/a.ts', `export const load = () => import('../oidc/b.ts');`],
    're-exported values': ['contract/a.ts', `export { b } from '../http/b.ts';`],
    're-exported types': ['contract/a.ts', `export type { B } from '../http/b.ts';`],
    'a whole module re-exported': ['contract/a.ts', `export * from '../telemetry/b.ts';`],
    'values of the configuration': ['oidc/a.ts', `import { schema } from '../configuration/schema.ts';`],
    'types of the configuration in a room that must not know it': [
      'outgoing/a.ts',
      `import type { Configuration } from '../configuration/schema.ts';`,
    ],
    'values of http in the session': ['session/a.ts', `import { b } from '../http/b.ts';`],
    'another endpoint': ['endpoints/api/a.ts', `import { b } from '../auth/b.ts';`],
    'a door': ['endpoints/api/a.ts', `import { handler } from '../../api.ts';`],
    'telemetry in http': ['http/a.ts', `import { createLog } from '../telemetry/log.ts';`],
    infra: ['auth.ts', `import { build } from '../infra/build.ts';`],
    test: ['aws/a.ts', `import type { Fixture } from '../../test/fixtures/b.ts';`],
    'a room that the table does not know': ['util/a.ts', `import { b } from '../http/b.ts';`],
  };
  for (const [what, [file, text]] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      assert.equal(forbidden(await importsWithin({ [file]: text })).length, 1);
    });
  }

  const allowed: Record<string, [file: string, text: string]> = {
    'the own room': ['session/a.ts', `import { b } from './b.ts';`],
    'the contract': ['http/a.ts', `import { problems } from '../contract/wire.ts';`],
    'everything to a door': [
      'api.ts',
      `import { b } from './session/b.ts';\nexport const load = () => import('./oidc/c.ts');`,
    ],
    'types of the configuration': ['proxy/a.ts', `import type { Api } from '../configuration/schema.ts';`],
    'types of http to the session': ['session/a.ts', `import type { Cookies } from '../http/message.ts';`],
    'packages and built-in modules': [
      'oidc/a.ts',
      `import * as client from 'openid-client';\nimport { hash } from 'node:crypto';`,
    ],
    'text that only looks like an import': [
      'http/a.ts',
      `export const page = "import { b } from '../session/b.ts';"; // import '../oidc/c.ts'`,
    ],
  };
  for (const [what, [file, text]] of Object.entries(allowed)) {
    it(`allows ${what}`, async () => {
      assert.deepEqual(forbidden(await importsWithin({ [file]: text })), []);
    });
  }
});
