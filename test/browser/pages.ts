/** A web site of a test's own: of somebody else on 127.0.0.1, which is another site than localhost, or the app's behind the broker. */
import { createServer } from 'node:http';
import { listen, shut } from '../../infra/local/loopback.ts';

/** A test, or with the `after` of `node:test` the file. */
interface Scope {
  readonly after: (end: () => Promise<void>) => void;
}

/**
 * @param t ends the site when the test, or the file, ends
 * @param pages path → what stands in the body
 * @returns the origin
 */
export async function startPages(t: Scope, pages: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = pages[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>A page</title>${body ?? ''}`);
  });
  t.after(async () => shut(server));
  return listen(server);
}
