import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it, type TestContext } from 'node:test';
import { validateStage } from '../../../infra/cli/validate.ts';
import { stageWith, type Changes } from './stage.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));

async function verdict(t: TestContext, changes: Changes) {
  const root = await mkdtemp(join(tmpdir(), 'token-broker-'));
  t.after(async () => rm(root, { recursive: true }));
  await mkdir(join(root, 'config'));
  await writeFile(join(root, 'config/dev.jsonc'), `// a comment\n${JSON.stringify(stageWith(changes))}`);
  return validateStage(root, 'dev');
}

describe('npm run validate', () => {
  it('lists the parameters with their types and where they are used', async (t) => {
    const { valid, lines } = await verdict(t, { 'provider.issuer': { $parameter: 'issuer' } });
    assert.equal(valid, true);
    assert.deepEqual(lines, [
      'config/dev.jsonc is valid.',
      'Parameters that the stage needs in SSM:',
      '  /token-broker/dev/client-secret  SecureString  provider.clientAuth.secret',
      '  /token-broker/dev/cookie-keys    SecureString  the keys that seal sessions',
      '  /token-broker/dev/issuer         String        provider.issuer',
    ]);
  });

  it('prints every problem with its file and key', async (t) => {
    const { valid, lines } = await verdict(t, { publicOrigin: undefined, 'session.idle': '5' });
    assert.equal(valid, false);
    assert.deepEqual(lines, [
      'config/dev.jsonc: publicOrigin is missing',
      'config/dev.jsonc: session.idle must be a duration such as "90s", "30m", "8h" or "7d"',
    ]);
  });

  it('prints warnings beside the verdict', async (t) => {
    const { valid, lines } = await verdict(t, { scopes: ['openid'] });
    assert.equal(valid, true);
    assert.match(lines[0] ?? '', /^warning: config\/dev\.jsonc: scopes lack "offline_access"/);
  });

  for (const stage of ['example', 'local']) {
    it(`finds nothing to say against the stage ${stage} of the project`, async () => {
      const { lines } = await validateStage(project, stage);
      assert.equal(lines[0], `config/${stage}.jsonc is valid.`);
    });
  }
});
