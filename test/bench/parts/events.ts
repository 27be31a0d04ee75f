/** Requests of a browser as the gateway hands them to a function, and a jar of the cookies that come back. */
import { randomUUID } from 'node:crypto';
import { toEvent } from '../../../infra/local/gateway/http-api-event.ts';
import type { Result } from './instance.ts';

const api = { apiId: 'bench', accountId: '000000000000', domainName: 'bench.execute-api.us-east-1.amazonaws.com' };
const route = { key: '$default', functionName: 'bench', timeoutMs: 30_000 };

/** What a current browser sends with every request, whatever it is for. */
const usual = [
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  ],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-US,en;q=0.9,de;q=0.8'],
  ['sec-ch-ua', '"Chromium";v="142", "Not_A Brand";v="99"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['referer', 'http://localhost:3000/orders'],
] as const;

const ofFetch = [
  ['accept', 'application/json'],
  ['x-csrf', '1'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-mode', 'cors'],
  ['sec-fetch-dest', 'empty'],
  ['priority', 'u=1, i'],
] as const;

const ofNavigation = [
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-dest', 'document'],
  ['sec-fetch-user', '?1'],
] as const;

function eventOf(target: string, headers: readonly (readonly [string, string])[], cookies: string): object {
  const rawHeaders = [...usual, ...headers, ...(cookies === '' ? [] : [['cookie', cookies] as const])].flat();
  const request = {
    method: 'GET',
    target,
    httpVersion: '1.1',
    rawHeaders,
    body: Buffer.alloc(0),
    sourceIp: '192.0.2.7',
  };
  return toEvent(request, { route, pathParameters: {} }, api, randomUUID(), new Date());
}

/** @param cookies the `Cookie` header */
export const fetchEvent = (target: string, cookies = ''): object => eventOf(target, ofFetch, cookies);
export const navigationEvent = (target: string, cookies = ''): object => eventOf(target, ofNavigation, cookies);

export interface Jar {
  keep(result: Result): void;
  /** The `Cookie` header for this path. */
  header(path: string): string;
}

const isBelow = (path: string, at: string): boolean => at === '/' || path === at || path.startsWith(`${at}/`);

export function createJar(): Jar {
  const jar = new Map<string, { readonly value: string; readonly path: string }>();
  return {
    keep({ cookies = [] }) {
      for (const line of cookies) {
        const [pair = '', ...attributes] = line.split('; ');
        const name = pair.slice(0, pair.indexOf('='));
        const path = attributes.find((one) => one.startsWith('Path='))?.slice('Path='.length) ?? '/';
        if (attributes.includes('Max-Age=0')) jar.delete(name);
        else jar.set(name, { value: pair.slice(name.length + 1), path });
      }
    },
    header: (at) =>
      [...jar]
        .filter(([, { path }]) => isBelow(at, path))
        .map(([name, { value }]) => `${name}=${value}`)
        .join('; '),
  };
}
