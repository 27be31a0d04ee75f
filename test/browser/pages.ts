/** A web site of somebody else: pages on 127.0.0.1, which is another site than localhost. */
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { listen, shut } from '../../infra/local/loopback.ts';

/**
 * @param t ends the site when the test ends
 * @param pages path → what stands in the body
 * @returns the origin
 */
export async function startPages(t: TestContext, pages: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = pages[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>Elsewhere</title>${body ?? ''}`);
  });
  t.after(async () => shut(server));
  return listen(server);
}
