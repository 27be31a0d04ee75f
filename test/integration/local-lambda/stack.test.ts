/** The whole stack: what `npm start` and the integration tests run. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mentions, readdress } from '../../../infra/local/addresses.ts';
import { startStack } from '../../../infra/local/stack.ts';
import type { Stack, StackOptions } from '../../../infra/local/stack.ts';
import { packageStage } from '../../../infra/package.ts';
import { isAlive } from './fixture.ts';
import { sendRaw, valuesOf } from './raw-http.ts';

let folder: string;
let packageFolder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-test-'));
  packageFolder = (await packageStage({ stage: 'local', outDir: join(folder, 'package') })).dir;
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const start = async (options: StackOptions = {}): Promise<Stack> => startStack({ packageFolder, ...options });

const asNavigation = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none'];

async function loginLocation({ origin }: Stack): Promise<URL> {
  const answer = await sendRaw(origin, 'GET /bff/login?returnUrl=%2F HTTP/1.1', asNavigation);
  return new URL(valuesOf(answer, 'location')[0] ?? 'none:');
}

const askedScope = async (stack: Stack): Promise<string | null> =>
  (await loginLocation(stack)).searchParams.get('scope');

describe('a stack', () => {
  let stack: Stack;

  before(async () => {
    stack = await start();
  });

  after(async () => stack.close());

  test('serves the page and the broker on one origin, on another site than the provider', async () => {
    const page = await sendRaw(stack.origin, 'GET / HTTP/1.1');
    const user = await sendRaw(stack.origin, 'GET /bff/user HTTP/1.1', ['X-CSRF: 1']);
    assert.deepEqual([page.status, user.status], [200, 401]);
    assert.match(stack.origin, /^http:\/\/localhost:\d+$/);
    assert.match(stack.provider?.issuer ?? '', /^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test('leads a login to its own provider, with its own origin as the way back', async () => {
    const location = await loginLocation(stack);
    assert.equal(`${location.origin}/`, stack.provider?.issuer);
    assert.equal(location.searchParams.get('redirect_uri'), `${stack.origin}/bff/callback`);
  });

  test('reads its parameters from its own store', () => {
    assert.ok(stack.ssm.calls.some(({ names }) => names.includes(`${stack.parameterPrefix}/cookie-keys`)));
  });

  test('passes the lines of its functions on', async () => {
    await loginLocation(stack);
    assert.ok(
      stack.lines.some(({ functionName, text }) => functionName.endsWith('-auth') && text.includes('login_started')),
    );
  });

  test('runs what is built anew after a rebuild, with the same provider', async () => {
    const earlier = new Set(stack.lambda.processes().map(({ pid }) => pid));
    await stack.rebuild();
    assert.equal(`${(await loginLocation(stack)).origin}/`, stack.provider?.issuer);
    const serving = stack.lambda.processes().filter(({ invocations, pid }) => invocations > 0 && !earlier.has(pid));
    assert.equal(serving.length, 1);
  });

  test('does not mind a second one', async () => {
    const second = await start({ table: false });
    assert.equal((await loginLocation(second)).searchParams.get('redirect_uri'), `${second.origin}/bff/callback`);
    assert.equal(second.table, undefined);
    await second.close();
  });
});

/** What of a stack's state must be the same after a new start. */
async function keptState(stack: Stack, stateFolder: string): Promise<readonly string[]> {
  const keys = await fetch(stack.provider?.jwksUri ?? '');
  const parameters = await readFile(join(stateFolder, 'ssm.json'), 'utf8');
  const ring = /"value": "(\{\\"keys.*)"/.exec(parameters)?.[1] ?? '';
  assert.ok(ring.includes('createdAt'));
  return [await keys.text(), ring];
}

describe('closing', () => {
  test('leaves neither a process nor a file behind', async (t) => {
    const { TMPDIR } = process.env;
    const temporary = await mkdtemp(join(folder, 'temporary-'));
    process.env['TMPDIR'] = temporary;
    t.after(() => Object.assign(process.env, { TMPDIR: TMPDIR ?? '/tmp' }));
    const stack = await start();
    await Promise.all([loginLocation(stack), sendRaw(stack.origin, 'GET /bff/user HTTP/1.1')]);
    const pids = stack.lambda.processes().map(({ pid }) => pid);
    assert.deepEqual([pids.length, (await readdir(temporary)).length], [2, 1]);
    await stack.close();
    assert.deepEqual([pids.filter(isAlive), await readdir(temporary)], [[], []]);
  });

  test('keeps the state folder, so that sessions live on', async () => {
    const stateFolder = join(folder, 'state');
    const first = await start({ stateFolder });
    const kept = await keptState(first, stateFolder);
    await first.close();
    const second = await start({ stateFolder });
    const found = await keptState(second, stateFolder);
    await second.close();
    assert.deepEqual(found, kept);
  });

  test('gives the state folder free, which only one stack may have', async () => {
    const stateFolder = join(folder, 'contended');
    const first = await start({ stateFolder });
    await assert.rejects(start({ stateFolder }), /is in use by process \d+; name another folder with --state\.$/);
    await first.close();
    await (await start({ stateFolder })).close();
  });

  test('what is given is not written to the state folder', async () => {
    const stateFolder = join(folder, 'secretive');
    const stack = await start({ stateFolder, parameters: { 'client-secret': 'given-secret' } });
    await stack.close();
    assert.equal((await readdir(stateFolder)).includes('ssm.json'), false);
  });
});

describe('a configuration', () => {
  const local = {
    publicOrigin: 'http://localhost:3000',
    provider: {
      preset: 'auth0',
      issuer: 'http://127.0.0.1:3001/',
      clientId: 'mine',
      clientAuth: { method: 'client_secret_basic', secret: { $parameter: 'client-secret' } },
    },
    scopes: ['openid'],
    login: { api: 'orders' },
    apis: {
      orders: {
        path: '/api/o',
        upstream: 'http://127.0.0.1:3002',
        methods: ['GET'],
        audience: 'https://o.example.com',
      },
    },
  };

  test('takes the place of the packaged one', async () => {
    const stack = await start({ configuration: { value: local } });
    const location = await loginLocation(stack);
    await stack.close();
    assert.equal(location.searchParams.get('client_id'), 'mine');
    assert.equal(location.searchParams.get('audience'), 'https://o.example.com');
  });

  test('that is wrong is refused by file and key', async () => {
    const file = join(folder, 'wrong.jsonc');
    await writeFile(file, JSON.stringify({ ...local, login: { api: 'nobody' } }));
    await assert.rejects(start({ configuration: { file } }), (error: Error) => {
      assert.match(error.message, /wrong\.jsonc: login\.api /);
      return true;
    });
  });

  test('that changes counts after a rebuild, and not while it is wrong', async (t) => {
    const file = join(folder, 'changing.jsonc');
    const write = async (changes: object): Promise<void> => writeFile(file, JSON.stringify({ ...local, ...changes }));
    await write({});
    const stack = await start({ configuration: { file } });
    t.after(async () => stack.close());
    await write({ login: { api: 'nobody' } });
    await assert.rejects(stack.rebuild(), /login\.api/);
    assert.equal(await askedScope(stack), 'openid');
    await write({ scopes: ['openid', 'email'] });
    await stack.rebuild();
    assert.equal(await askedScope(stack), 'openid email');
  });

  test('that needs a parameter which nobody gave says so', async () => {
    const provider = { ...local.provider, clientId: { $parameter: 'client-id' } };
    const stack = await start({ configuration: { value: { ...local, provider } } });
    await stack.close();
    assert.deepEqual(stack.missingParameters, ['client-id']);
  });

  test('of a provider elsewhere starts none here', async () => {
    const provider = { ...local.provider, issuer: 'https://tenant.example.com/' };
    const apis = { orders: { ...local.apis.orders, upstream: 'https://api.example.com' } };
    const stack = await start({
      configuration: { value: { ...local, provider, apis } },
      parameters: { 'client-secret': 's' },
    });
    await stack.close();
    assert.deepEqual([stack.provider, stack.apis], [undefined, undefined]);
  });
});

describe('addresses', () => {
  test('are replaced wherever they occur, with what follows them', () => {
    const written = {
      a: 'http://127.0.0.1:3001/',
      b: ['http://localhost:3000', { c: 'http://127.0.0.1:3002/x?y' }],
      d: 1,
    };
    const addresses = { app: 'http://localhost:9', provider: 'http://127.0.0.1:8' };
    assert.deepEqual(readdress(written, addresses), {
      a: 'http://127.0.0.1:8/',
      b: ['http://localhost:9', { c: 'http://127.0.0.1:3002/x?y' }],
      d: 1,
    });
  });

  test('are not found in longer ones', () => {
    assert.equal(mentions({ a: 'http://127.0.0.1:30010/' }, 'provider'), false);
    assert.equal(mentions({ a: [{ b: 'http://127.0.0.1:3001/authorize' }] }, 'provider'), true);
  });
});
