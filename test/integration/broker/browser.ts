/**
 * A browser as far as HTTP shows it: one cookie jar over all origins with paths, prefixes, `Secure` on localhost and
 * `SameSite`, and the request metadata that browsers send. Redirects are followed as a navigation follows them.
 */
import assert from 'node:assert/strict';
import { send } from './wire.ts';

/** A cookie as it lies in the jar. */
export interface JarCookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly sameSite: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly expiresAtMs: number;
}

/** One step of a navigation. */
export interface Step {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly sentCookies: readonly string[];
  readonly setCookies: readonly string[];
}

export interface Page extends Step {
  readonly text: string;
  /** From the first request to this page. */
  readonly steps: readonly Step[];
}

export interface NavigateOptions {
  /** Where the link was; left out: typed into the address bar. */
  readonly from?: string;
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Stops before following a redirect to a URL for which this is true. */
  readonly stopAt?: (url: URL) => boolean;
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The page that fetches; left out: one of the same origin. */
  readonly from?: string;
  /** Left out: the CSRF header is sent. */
  readonly csrf?: boolean;
}

export interface Browser {
  readonly jar: readonly JarCookie[];
  navigate(url: string | URL, options?: NavigateOptions): Promise<Page>;
  /** A page of `origin` fetches; the CSRF header is added unless headers say otherwise. */
  fetch(url: string | URL, options?: FetchOptions): Promise<Response>;
  /** Another browser with the same cookies: a thief's, or the same one before something happened. */
  copy(): Browser;
  /** Deletes cookies from the jar, as a user or a full jar does. */
  forget(matches: (cookie: JarCookie) => boolean): void;
  plant(cookie: Pick<JarCookie, 'name' | 'value' | 'path'>, host: string): void;
}

const siteOf = (url: URL): string => url.hostname;

const isSameSite = (left: URL, right: URL): boolean =>
  left.protocol === right.protocol && siteOf(left) === siteOf(right);

const relation = (url: URL, from: URL | undefined): string => {
  if (from === undefined) return 'none';
  if (from.origin === url.origin) return 'same-origin';
  return isSameSite(from, url) ? 'same-site' : 'cross-site';
};

const matchesPath = (path: string, requested: string): boolean =>
  requested === path || requested.startsWith(path.endsWith('/') ? path : `${path}/`);

/** Attribute values are compared without regard to case (RFC 6265bis, section 5.6.7). */
const sameSiteOf = (value = 'lax'): string => value.charAt(0).toUpperCase() + value.slice(1).toLowerCase();

/** Fails where a browser would silently drop the cookie. */
function parseSetCookie(line: string, url: URL): JarCookie {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
  const given = new Map(
    attributes.map((attribute) => {
      const [key = '', ...rest] = attribute.split('=');
      return [key.toLowerCase(), rest.join('=')];
    }),
  );
  assert.ok(name.length + value.length <= 4096, `${name} is too large for a browser`);
  const path = given.get('path') ?? '/';
  if (name.startsWith('__Host-')) {
    assert.ok(given.has('secure') && path === '/' && !given.has('domain'), `${name} breaks the rules of its prefix`);
  }
  if (name.startsWith('__Secure-') || name.startsWith('__Host-')) assert.ok(given.has('secure'), name);
  const maxAge = given.get('max-age');
  const expires = given.get('expires');
  const expiresAtMs =
    maxAge === undefined
      ? expires === undefined
        ? Infinity
        : Date.parse(expires)
      : Date.now() + Number(maxAge) * 1000;
  return {
    name,
    value,
    host: url.hostname,
    path,
    sameSite: sameSiteOf(given.get('samesite')),
    httpOnly: given.has('httponly'),
    secure: given.has('secure'),
    expiresAtMs,
  };
}

export function createBrowser(cookies: readonly JarCookie[] = []): Browser {
  let jar: readonly JarCookie[] = cookies;

  const keep = (response: Response, url: URL): readonly string[] => {
    const lines = response.headers.getSetCookie();
    for (const line of lines) {
      const cookie = parseSetCookie(line, url);
      const others = jar.filter(
        (one) => one.name !== cookie.name || one.path !== cookie.path || one.host !== cookie.host,
      );
      jar = cookie.expiresAtMs <= Date.now() ? others : [...others, cookie];
    }
    return lines;
  };

  /** Strict ones only from the same site, Lax ones also on a top-level GET from elsewhere. */
  const cookiesFor = (url: URL, isSameSiteRequest: boolean, isTopLevelGet: boolean): readonly JarCookie[] =>
    jar.filter(
      (one) =>
        one.host === url.hostname &&
        one.expiresAtMs > Date.now() &&
        matchesPath(one.path, url.pathname) &&
        (isSameSiteRequest || (one.sameSite === 'Lax' && isTopLevelGet)),
    );

  const header = (sent: readonly JarCookie[]): Record<string, string> =>
    sent.length === 0 ? {} : { cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') };

  async function navigate(start: string | URL, options: NavigateOptions = {}): Promise<Page> {
    const steps: Step[] = [];
    const initiator = options.from === undefined ? undefined : new URL(options.from);
    let url = new URL(start);
    let { method = 'GET', form } = options;
    let wasSameSite = true;
    for (let redirects = 0; redirects < 20; redirects += 1) {
      // A redirect chain counts as cross-site once any of its links, or who started it, was.
      wasSameSite = wasSameSite && (initiator === undefined || isSameSite(initiator, url));
      if (steps.length > 0) wasSameSite = wasSameSite && steps.every((step) => isSameSite(step.url, url));
      const sent = cookiesFor(url, wasSameSite, method === 'GET');
      const response = await send(url, {
        method,
        headers: {
          accept: 'text/html,application/xhtml+xml',
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          'sec-fetch-site': wasSameSite ? relation(url, initiator) : 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-user': '?1',
          ...header(sent),
          ...options.headers,
        },
        body: form === undefined ? undefined : new URLSearchParams(form).toString(),
      });
      const setCookies = keep(response, url);
      const step: Step = {
        url,
        status: response.status,
        headers: response.headers,
        sentCookies: sent.map(({ name }) => name),
        setCookies,
      };
      steps.push(step);
      const text = await response.text();
      const location = response.headers.get('location');
      const next = location === null ? undefined : new URL(location, url);
      if (next === undefined || response.status < 300 || response.status > 399 || options.stopAt?.(next) === true) {
        return { ...step, text, steps };
      }
      url = next;
      method = 'GET';
      form = undefined;
    }
    throw new Error('more than 20 redirects');
  }

  return {
    get jar() {
      return jar;
    },
    navigate,
    async fetch(target, { from, csrf = true, ...init } = {}) {
      const url = new URL(target);
      const origin = new URL(from ?? url.origin);
      const site = relation(url, origin);
      const sent = cookiesFor(url, site !== 'cross-site', false);
      const method = init.method ?? 'GET';
      const response = await send(url, {
        method,
        body: init.body,
        headers: {
          accept: '*/*',
          'sec-fetch-site': site,
          'sec-fetch-mode': 'cors',
          'sec-fetch-dest': 'empty',
          ...(site !== 'same-origin' || method !== 'GET' ? { origin: origin.origin } : {}),
          ...(csrf ? { 'x-csrf': '1' } : {}),
          ...header(sent),
          ...init.headers,
        },
      });
      keep(response, url);
      return response;
    },
    copy: () => createBrowser(jar),
    forget(matches) {
      jar = jar.filter((one) => !matches(one));
    },
    plant(cookie, host) {
      jar = [...jar, { ...cookie, host, sameSite: 'Lax', httpOnly: false, secure: true, expiresAtMs: Infinity }];
    },
  };
}
