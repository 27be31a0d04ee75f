/** `npm run keys` as an operator runs it, against an SSM of this machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { projectRoot } from '../../../infra/build.ts';
import { startSsm, type Ssm } from '../../../infra/local/aws/ssm.ts';
import { storedRing } from './live.ts';

const parameterPrefix = '/token-broker/local';

interface Ended {
  readonly code: number;
  readonly output: string;
}

describe('npm run keys', () => {
  let ssm: Ssm;
  before(async () => {
    ssm = await startSsm();
  });
  after(async () => ssm.close());

  const run = async (...options: readonly string[]): Promise<Ended> => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      AWS_ENDPOINT_URL_SSM: ssm.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIDLOCAL',
      AWS_SECRET_ACCESS_KEY: 'local',
    };
    const command = [join(projectRoot, 'infra/cli/keys.ts'), '--stage', 'local', ...options];
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` });
      });
    });
  };
  const stored = async () => storedRing({ stack: { ssm, parameterPrefix } });

  it('shows the first key before it makes it, and makes it', async () => {
    const preview = await run('--dry-run');
    assert.equal(preview.code, 0, preview.output);
    assert.match(preview.output, /^ {2}\d{8} +would be made\n$/);
    assert.deepEqual(
      ssm.calls.map(({ operation }) => operation),
      ['GetParameter'],
    );
    const { code, output } = await run();
    assert.equal(code, 0, output);
    assert.match(output, /^ {2}\d{8} +was made\n$/);
    assert.equal((await stored()).length, 1);
  });

  it('makes another one at once, and never shows a key', async () => {
    const { code, output } = await run();
    assert.equal(code, 0, output);
    const ring = await stored();
    assert.equal(ring.length, 2);
    for (const { kid, key } of ring) {
      assert.ok(output.includes(kid));
      assert.ok(!output.includes(key));
    }
  });

  it('fails on what is no ring, and leaves it as it is', async () => {
    ssm.put(`${parameterPrefix}/cookie-keys`, 'by hand', 'SecureString');
    const { code, output } = await run();
    assert.deepEqual([code, output], [1, 'The parameter holds no key ring and was left as it is: not JSON.\n']);
    assert.equal(ssm.calls.at(-1)?.operation, 'GetParameter');
  });

  it('says in one line why SSM refuses', async () => {
    ssm.mode = 'throttle';
    const { code, output } = await run();
    assert.deepEqual([code, output], [1, 'ThrottlingException: Rate exceeded\n']);
  });
});
