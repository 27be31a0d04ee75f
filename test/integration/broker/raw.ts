/** Requests that no browser would send like this: exactly the given headers, method and target, and cookies by hand. */
import type { Browser, JarCookie } from './browser.ts';
import { send } from './wire.ts';

export interface Raw {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly cookie?: string;
  readonly body?: string | Uint8Array;
}

/** @param target path and query, byte for byte */
export async function ask(origin: string, target: string, { method = 'GET', headers = {}, cookie, body }: Raw = {}) {
  const url = new URL(origin);
  url.pathname = target.split('?', 1)[0] ?? '';
  return send(url, { method, headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) }, body }, target);
}

const isBelow = (path: string, cookiePath: string): boolean =>
  path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);

/** The cookies of the broker that a browser would send to a path of it. */
export const cookiesFor = ({ jar }: Pick<Browser, 'jar'>, path: string): readonly JarCookie[] =>
  jar.filter((cookie) => cookie.host === 'localhost' && isBelow(path, cookie.path));

/** @returns the `Cookie` header */
export const header = (cookies: readonly Pick<JarCookie, 'name' | 'value'>[]): string =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

/** The code of the broker's problem; `undefined` where it is none. */
export const codeOf = (answer: Response): string | undefined => answer.headers.get('bff-error') ?? undefined;

const namesIn = (lines: readonly string[]): string[] => lines.map((line) => line.slice(0, line.indexOf('=')));

const isDeletion = (line: string): boolean => line.includes('; Max-Age=0;');

/** Names of the cookies that an answer sets or deletes. */
export function cookiesSet(answer: { readonly headers: Headers }): { set: string[]; deleted: string[] } {
  const lines = answer.headers.getSetCookie();
  return { set: namesIn(lines.filter((line) => !isDeletion(line))), deleted: namesIn(lines.filter(isDeletion)) };
}
