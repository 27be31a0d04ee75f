import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateFile } from '../../../functions/configuration/validate.ts';
import { decodeGrant } from '../../../functions/session/grant.ts';
import { decodeIdentity } from '../../../functions/session/identity.ts';
import { varint } from '../../../functions/session/packing.ts';
import { decodeSeen } from '../../../functions/session/seen.ts';
import { parseConfiguration } from '../../../infra/stage/configuration.ts';
import { codeBlocks, readDocument, type Document } from './documents.ts';

const paths = { base: '/bff', callback: '/bff/callback', apiPrefixes: ['/api'] };

const configurationsIn = (page: Document): object[] =>
  codeBlocks(page)
    .filter(({ language }) => language === 'jsonc')
    .map(({ code }) => parseConfiguration(code, page.path) as object);

/** The README's example in full, in which a fragment takes the place of what it shows. */
const whole = configurationsIn(readDocument('README.md')).findLast((value) => 'publicOrigin' in value);

const stageOf = (configuration: object): string =>
  'publicOrigin' in configuration && configuration.publicOrigin === 'http://localhost:3000' ? 'local' : 'prod';

describe('configurations in the documentation', () => {
  for (const page of ['README.md', 'docs/configuration.md', 'docs/providers.md'].map(readDocument)) {
    for (const [index, example] of configurationsIn(page).entries()) {
      it(`${page.path}: example ${index + 1} is valid, without a warning`, () => {
        const result = validateFile({ ...whole, ...example }, { stage: stageOf(example), paths });
        assert.deepEqual(result.kind === 'invalid' ? result.problems : result.warnings, []);
      });
    }
  }
});

describe('values in docs/cookies.md', () => {
  const page = readDocument('docs/cookies.md');

  /** The first JSON below a heading, in one line. */
  function exampleOf(heading: string): Buffer {
    const text = page.text.slice(page.text.indexOf(`\n## \`${heading}\`\n`));
    const [block] = codeBlocks({ path: page.path, text });
    return Buffer.from(JSON.stringify(JSON.parse(block?.code ?? '')));
  }

  it('the session cookie is as the broker reads it', () => {
    assert.equal(decodeIdentity(exampleOf('__Host-Http-bff'))?.subject, 'auth0|alice');
  });

  it('the grant cookie is as the broker reads it', () => {
    const json = exampleOf('__Host-Http-bff-grant');
    const grant = decodeGrant(Buffer.concat([varint(json.length), json]));
    assert.deepEqual([...(grant?.tokens.keys() ?? [])], ['orders', 'profile']);
  });

  it('the seen cookie is as the broker reads it', () => {
    assert.equal(decodeSeen(exampleOf('__Host-Http-bff-seen'))?.at, 1_795_344_107);
  });
});
