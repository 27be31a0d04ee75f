/** Serves a folder as the bucket behind the distribution would: files, and the page itself for every navigation. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** As strict as a page can be that loads its own files alone; a deployment sets the like at its distribution. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
};

const isNavigation = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-mode'] === 'navigate' || headers.accept?.includes('text/html') === true;

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** @returns the path below the folder, or `undefined` when the URL leads nowhere in it */
function pathInside(folder: string, target: string): string | undefined {
  try {
    const path = normalize(join(folder, decodeURIComponent(target.split('?', 1)[0] ?? '')));
    return path.startsWith(normalize(folder + sep)) && !path.includes('\0') ? path : undefined;
  } catch {
    return undefined;
  }
}

async function findFile(folder: string, request: IncomingMessage): Promise<string | undefined> {
  const path = pathInside(folder, request.url ?? '/');
  const index = join(folder, 'index.html');
  if (path !== undefined && (await isFile(path))) return path;
  return request.url === '/' || isNavigation(request) ? index : undefined;
}

/**
 * @param folder absolute path
 * @param request GET or HEAD; anything else is refused
 */
export async function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const path = await findFile(folder, request);
  if (path === undefined || !(await isFile(path))) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not found\n');
    return;
  }
  response.writeHead(200, {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'content-length': (await stat(path)).size,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    ...(extname(path) === '.html' ? pageHeaders : {}),
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(path), response);
}
