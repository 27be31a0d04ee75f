/** A browser's cookie jar, as far as the broker's cookies need one (RFC 6265): one value per name and path, the last answer wins. */
import { parseCookies, serializeCookie } from '../../functions/http/cookies.ts';
import type { Cookies, SetCookie } from '../../functions/http/message.ts';

interface Kept {
  readonly cookie: SetCookie;
  readonly endsAtMs: number;
}

export interface Jar {
  readonly name: string;
  /** @param only which cookies the browser sends at all: to a page that comes from another site, the Lax ones alone */
  send(path: string, only?: 'Lax'): Cookies;
  store(cookies: readonly SetCookie[]): void;
  copy(name: string): Jar;
}

const matches = (path: string, of: string): boolean => of === '/' || path === of || path.startsWith(`${of}/`);

export function createJar(name: string, nowMs: () => number, from: ReadonlyMap<string, Kept> = new Map()): Jar {
  const kept = new Map(from);
  return {
    name,
    send(path, only) {
      const sent = [...kept.values()].filter(
        ({ cookie, endsAtMs }) =>
          endsAtMs > nowMs() && matches(path, cookie.path) && (only === undefined || cookie.sameSite === only),
      );
      const cookies = parseCookies([sent.map(({ cookie }) => `${cookie.name}=${cookie.value}`).join('; ')]);
      if (cookies === 'too_large') throw new Error('the jar has become too large for a request');
      return cookies;
    },
    store(cookies) {
      for (const cookie of cookies) {
        // Throws for one that a browser would ignore.
        serializeCookie(cookie);
        const key = `${cookie.name} ${cookie.path}`;
        const { maxAgeSeconds } = cookie;
        if (maxAgeSeconds === 0) kept.delete(key);
        else
          kept.set(key, { cookie, endsAtMs: maxAgeSeconds === undefined ? Infinity : nowMs() + maxAgeSeconds * 1000 });
      }
    },
    copy: (copied) => createJar(copied, nowMs, kept),
  };
}
