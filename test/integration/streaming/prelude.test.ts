/** What AWS's own runtime client makes of a streamed reply, whichever way it is written: why ours begins as it does. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { join } from 'node:path';
import { buildFunctions, projectRoot } from '../../../infra/build.ts';
import { functionUrl } from '../../../infra/local/gateway/function-url.ts';
import { startGateway } from '../../../infra/local/gateway/gateway.ts';
import type { Gateway } from '../../../infra/local/gateway/gateway.ts';
import { createLambda } from '../../../infra/local/lambda/lambda.ts';
import { scratchDirectory } from '../package/packaged.ts';
import { tinyFunction } from '../local-lambda/fixture.ts';

const helper = join(projectRoot, 'functions/proxy/streamed-reply.ts');

/** Serves a function that answers like this at its URL. */
async function serve(t: TestContext, source: string): Promise<Gateway> {
  const { root, ...tiny } = await tinyFunction(source, { timeoutSeconds: 10 });
  t.after(async () => tiny.remove());
  const lambda = createLambda([{ ...tiny, root }], () => undefined);
  t.after(async () => lambda.close());
  const url = await startGateway(functionUrl, {
    routes: () => [{ key: '$default', functionName: 'tiny', timeoutMs: 10_000, streamed: true }],
    api: { apiId: 'local', accountId: '0', domainName: 'local.lambda-url.us-east-1.on.aws' },
    lambda,
  });
  t.after(async () => url.close());
  return url;
}

/** @returns what a browser gets of a function that answers like this */
const answerOf = async (t: TestContext, source: string): Promise<Response> => fetch((await serve(t, source)).origin);

const byHand = (body: string): string => `
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
export const handler = awslambda.streamifyResponse(async (event, raw) => {
  const stream = awslambda.HttpResponseStream.from(raw, { statusCode: 201, headers: {}, cookies: ['a=1'] });
  ${body}
});`;

/** Way to answer → whether status and cookies arrive. */
const ways: Readonly<Record<string, readonly [source: string, arrives: boolean]>> = {
  'end()': ['stream.end();', false],
  "end('x')": ["stream.end('x');", false],
  'an empty pipeline': ['await pipeline(Readable.from([]), raw);', false],
  'a failure before the first write': ["throw new Error('too early');", false],
  "write('') and end()": ["stream.write(''); stream.end();", true],
  "write('x') and end()": ["stream.write('x'); stream.end();", true],
  'a pipeline that is not empty': ["for await (const x of Readable.from(['x'])) stream.write(x); stream.end();", true],
};

for (const [way, [source, arrives]] of Object.entries(ways)) {
  test(`${way} ${arrives ? 'keeps' : 'loses'} status and cookies`, async (t) => {
    const answer = await answerOf(t, byHand(source));
    assert.equal(answer.status, arrives ? 201 : 502);
    assert.deepEqual(answer.headers.getSetCookie(), arrives ? ['a=1'] : []);
  });
}

const withPrelude = (prelude: string): string => `
export const handler = awslambda.streamifyResponse(async (event, raw) => {
  const stream = awslambda.HttpResponseStream.from(raw, ${prelude});
  stream.write('x');
  stream.end();
});`;

test('a header of several values comes as several lines', async (t) => {
  const answer = await answerOf(t, withPrelude(`{ statusCode: 200, multiValueHeaders: { vary: ['A', 'B'] } }`));
  assert.equal(answer.headers.get('vary'), 'A, B');
});

const padded = (length: number): string => withPrelude(`{ statusCode: 201, padding: 'x'.repeat(${length}) }`);

test('a prelude that does not end within 16 KB is none', async (t) => {
  const beside = JSON.stringify({ statusCode: 201, padding: '' }).length + 8;
  assert.equal((await answerOf(t, padded(16 * 1024 - beside))).status, 201);
  assert.equal((await answerOf(t, padded(16 * 1024 - beside + 1))).status, 502);
});

test('a function may think for long before its first byte, on a connection that it has used before', async (t) => {
  const url = await serve(
    t,
    byHand(
      "await new Promise((r) => setTimeout(r, event.rawPath === '/long' ? 6_500 : 0)); stream.write('x'); stream.end();",
    ),
  );
  for (const path of ['/short', '/long']) {
    const answer = await fetch(url.origin + path);
    assert.equal(answer.status, 201);
    assert.equal(await answer.text(), 'x');
  }
});

const door = `
import { Readable } from 'node:stream';
import { prepare, reply } from ${JSON.stringify(helper)};
const cookies = [{ name: 'a', value: '1', path: '/', sameSite: 'Strict' }];
const arriving = (pieces, length) => ({ bytes: Readable.from(pieces), length, silenceMs: 1000 });
export const handler = awslambda.streamifyResponse(async (event, raw) => {
  const { status, body = '', pieces, length, head = false } = ANSWER;
  const response = { status, headers: [['transfer-encoding', 'chunked'], ['etag', '"1"']], cookies, body };
  const coming = pieces && arriving(pieces.map((text) => Buffer.from(text)), length);
  const prepared = prepare(coming ? { ...response, arriving: coming } : response, head);
  await reply(prepared, raw, awslambda.HttpResponseStream.from, Date.now() + 5000);
});`;

/** Answer → its length as it is stated. */
const answers: readonly (readonly [what: string, answer: object, length: string | null, text: string])[] = [
  ['204', { status: 204 }, null, ''],
  ['304', { status: 304 }, null, ''],
  ['an empty 200', { status: 200 }, '0', ''],
  ['an empty 302', { status: 302 }, '0', ''],
  ['a 404 with a body', { status: 404, body: 'gone' }, '4', 'gone'],
  ['a stream without a byte', { status: 200, pieces: [] }, null, ''],
  ['a stream', { status: 206, pieces: ['a', 'b'] }, null, 'ab'],
  ['a stream of known length', { status: 206, pieces: ['a', 'b'], length: 2 }, null, 'ab'],
  ['HEAD', { status: 200, body: 'nothing of it', head: true }, null, ''],
];

for (const [what, answer, length, text] of answers) {
  test(`ours keeps status, headers and cookies of ${what}`, async (t) => {
    const directory = await scratchDirectory();
    const entry = join(directory, 'door.ts');
    await writeFile(entry, door.replace('ANSWER;', `${JSON.stringify(answer)};`));
    await buildFunctions({ outDir: directory, entries: { tiny: entry } });
    const got = await answerOf(t, await readFile(join(directory, 'tiny/index.mjs'), 'utf8'));
    assert.equal(got.status, 'status' in answer ? answer.status : undefined);
    assert.equal(got.headers.get('etag'), '"1"');
    assert.equal(got.headers.get('content-length'), length);
    assert.equal(got.headers.getSetCookie().length, 1);
    assert.equal(await got.text(), text);
  });
}
