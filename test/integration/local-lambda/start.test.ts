/** `npm start` as a person or a script meets it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listen, shut } from '../../../infra/local/loopback.ts';
import { createLogWriter, jsonLine } from '../../../infra/local/log-lines.ts';
import { readCommandLine } from '../../../infra/local/options.ts';
import { sentenceFor } from '../../../infra/local/problem.ts';
import { watchFolders } from '../../../infra/local/watch.ts';
import { isAlive } from './fixture.ts';
import { sendRaw } from './raw-http.ts';

const program = fileURLToPath(new URL('../../../infra/local/start.ts', import.meta.url));

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(...options: readonly string[]) {
  const child = spawn(process.execPath, [program, '--state', join(folder, 'state'), ...options]);
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  return {
    child,
    /** What it wrote to stdout, line by line. */
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, said: errors.join('').trim() })),
  };
}

/** @returns a port of which the three after it are free as well */
async function freePorts(): Promise<number> {
  const servers = [0, 1, 2, 3].map(() => createServer());
  const first = Number(new URL(await listen(servers[0] ?? createServer())).port);
  try {
    for (const [offset, server] of servers.entries()) if (offset > 0) await listen(server, first + offset);
    return first;
  } catch {
    return await freePorts();
  } finally {
    await Promise.all(servers.map(async (server) => shut(server)));
  }
}

/** Process ids of the functions, which are the children that run the runtime interface client. */
async function functionPids(parent: number): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  const pids = children.split(' ').filter(Boolean).map(Number);
  const commands = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')));
  return pids.filter((_, index) => commands[index]?.includes('aws-lambda-ric'));
}

describe('a wrong command line', () => {
  const cases: readonly [options: string[], sentence: RegExp][] = [
    [['--prot', '1'], /^Unknown option '--prot'; --help lists the options\.$/],
    [['here'], /^Unexpected argument 'here'; --help lists the options\.$/],
    [['--port'], /^Option '--port <value>' argument missing; --help lists the options\.$/],
    [['--port', 'x'], /^--port must be a number from 1 to 65532, not "x"\.$/],
    [['--port', '65533'], /^--port must be/],
    [['--app', 'https://x.example.com'], /^--app must be an http address/],
    [['--app', 'http://localhost:4200/x'], /^--app must be an http address/],
    [['--token-lifetime', '5'], /^--token-lifetime must be a time/],
    [['--parameters', '/nowhere.json'], /^The parameters \/nowhere\.json cannot be read\.$/],
  ];
  for (const [options, sentence] of cases) {
    test(`is refused in one sentence: ${options.join(' ')}`, async () => {
      await assert.rejects(readCommandLine(options), (error) => sentence.test(sentenceFor(error) ?? ''));
    });
  }

  test('parameters that are no texts are refused', async () => {
    const file = join(folder, 'parameters.json');
    await writeFile(file, '{"client-secret": 5}');
    await assert.rejects(readCommandLine(['--parameters', file]), /must be one JSON object of names and texts\.$/);
  });

  test('a log file that cannot be written is refused', () => {
    assert.throws(
      () => createLogWriter(() => undefined, '/nowhere/log'),
      /^Error: The log file \/nowhere\/log cannot be/,
    );
  });
});

test('a right command line is understood', async () => {
  const file = join(folder, 'right.json');
  await writeFile(file, '{"client-secret": "s"}');
  const options = ['--parameters', file, '--app', 'http://localhost:4200/', '--no-table', '--token-lifetime', '10m'];
  const { table, port, parameters, app, tokenLifetimeSeconds } = await readCommandLine(options);
  assert.deepEqual([table, port, parameters, tokenLifetimeSeconds], [false, 3000, { 'client-secret': 's' }, 600]);
  assert.deepEqual(app, { kind: 'server', origin: 'http://localhost:4200' });
});

test('a port that is taken is named, without a stack trace', async () => {
  const other = createServer();
  const { port } = new URL(await listen(other));
  const { code, said } = await run('--port', port).ended;
  await shut(other);
  assert.equal(code, 1);
  assert.match(
    said,
    new RegExp(`^Port ${port} is in use; the stack takes --port and the three ports after it\\.$`, 'm'),
  );
  assert.doesNotMatch(said, /\n\s+at /);
});

describe('a line on the console', () => {
  const cases: readonly [text: string, line: object][] = [
    ['{"level":"info","event":"logout"}', { function: 'api', level: 'info', event: 'logout' }],
    ['Task timed out', { function: 'api', stream: 'stdout', message: 'Task timed out' }],
    ['{no json', { function: 'api', stream: 'stdout', message: '{no json' }],
  ];
  for (const [text, line] of cases) {
    test(`is JSON under the function's name: ${text}`, () => {
      assert.deepEqual(JSON.parse(jsonLine({ functionName: 'api', pid: 1, stream: 'stdout', text })), line);
    });
  }
});

const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' };

test('starts, logs in JSON, writes the log file, and ends without a trace on SIGTERM', onLinux, async () => {
  const port = await freePorts();
  const logFile = join(folder, 'functions.log');
  const { child, lines, ended } = run('--port', String(port), '--log-file', logFile, '--token-lifetime', '5s');
  assert.equal((await lines.next()).value, `ready http://localhost:${port}`);

  const navigation = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none'];
  const login = sendRaw(`http://localhost:${port}`, 'GET /bff/login HTTP/1.1', navigation);
  const user = sendRaw(`http://localhost:${port}`, 'GET /bff/user HTTP/1.1', ['X-CSRF: 1']);
  assert.deepEqual([(await login).status, (await user).status], [302, 401]);

  const line = String((await lines.next()).value);
  assert.equal((JSON.parse(line) as Record<string, unknown>)['function'], 'token-broker-local-auth');
  assert.ok((await readFile(logFile, 'utf8')).includes(line));

  const pids = await functionPids(child.pid ?? 0);
  assert.ok(pids.length >= 2, `${pids.length} function processes`);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 0);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('an interruption before it is ready ends it as well', async () => {
  const { child, ended } = run('--port', String(await freePorts()));
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  assert.equal((await ended).code, 0);
});

test('changes in a watched folder lead to one act after the other', async () => {
  const watched = await mkdtemp(join(folder, 'watched-'));
  let acts = 0;
  let overlapping = 0;
  let running = false;
  const two = new Promise<void>((resolve) => {
    const watcher = watchFolders([watched], async () => {
      if (running) overlapping += 1;
      running = true;
      acts += 1;
      // A change during the first act is the reason for the second.
      if (acts === 1) await appendFile(join(watched, 'b'), 'x');
      running = false;
      if (acts === 2) {
        watcher.close();
        resolve();
      }
    });
  });
  await appendFile(join(watched, 'a'), 'x');
  await two;
  assert.deepEqual([acts, overlapping], [2, 0]);
});
