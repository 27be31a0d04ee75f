/** Server-sent events in real browsers: the browser's own EventSource gets each event when the API sends it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { startStack, type Stack } from '../../infra/local/stack.ts';
import { packageFolder } from '../integration/broker/package.ts';
import { usual } from '../integration/broker/running.ts';
import { startUpstream } from '../integration/streaming/upstream.ts';
import { inEveryBrowser } from './browsers.ts';
import { logIn } from './person.ts';

const upstream = await startUpstream();
const { audience, scopes } = usual.apis.profile;
const events = ['/events/*'];
const feed = { path: '/api/feed', upstream: upstream.origin, audience, scopes, stream: events, headerless: events };
const apis = { ...usual.apis, feed };
let stack: Stack;

before(async () => {
  stack = await startStack({ configuration: { value: { ...usual, apis } }, packageFolder: await packageFolder() });
});
after(async () => stack.close());

/** Waits for the next event that the page's source has not told of yet. */
const nextEvent = async (page: Page): Promise<unknown> =>
  page.evaluate(
    async () =>
      new Promise((resolve) => {
        const { source } = window as unknown as { source: EventSource };
        source.addEventListener('message', ({ data }) => resolve(data), { once: true });
      }),
  );

inEveryBrowser((newVisitor) => {
  test('an EventSource gets its events one by one, and leaves', async (t) => {
    const page = await (await newVisitor(t)).newPage();
    await logIn(page, stack.origin);
    const asking = upstream.asked('/events/1');
    await page.evaluate(() => {
      Object.assign(window, { source: new EventSource('/api/feed/events/1') });
    });
    const { response, dropped } = await asking;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    for (const data of ['first', 'second']) {
      const told = nextEvent(page);
      // The page listens before the event is on its way.
      await page.evaluate(() => undefined);
      response.write(`data: ${data}\n\n`);
      assert.equal(await told, data);
    }
    assert.equal(response.writableEnded, false);
    await page.evaluate(() => (window as unknown as { source: EventSource }).source.close());
    await dropped;
  });
});
