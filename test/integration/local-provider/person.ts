/** Somebody with a browser: keeps cookies by name and path, follows redirects, fills in the login form. */

export interface Landing {
  /** Where the browser ended: the first URL outside the provider, or the page it shows. */
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

export interface Person {
  /** Opens a URL and follows redirects as long as they stay at the provider. */
  open(url: string | URL, init?: RequestInit): Promise<Landing>;
  /** Opens an authorization request, logs in where asked, and ends at the application. */
  logIn(url: string | URL, username?: string, password?: string): Promise<Landing>;
}

const mostRedirects = 10;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** Reads one `Set-Cookie`; `undefined` stands for one that deletes. */
function parse(line: string): { readonly key: string; readonly cookie: Cookie | undefined } {
  const [pair = '', ...attributes] = line.split('; ');
  const [name = '', ...value] = pair.split('=');
  const attribute = (wanted: string) =>
    attributes.find((each) => each.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const path = attribute('path') ?? '/';
  const isOver = Date.parse(attribute('expires') ?? '9999-01-01') < Date.now();
  return { key: `${name};${path}`, cookie: isOver ? undefined : { name, value: value.join('='), path } };
}

const isFor = (url: URL, path: string) =>
  url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`);

export function createPerson(origin: string): Person {
  const cookies = new Map<string, Cookie>();

  function keep(response: Response): void {
    for (const { key, cookie } of response.headers.getSetCookie().map(parse)) {
      if (cookie === undefined) cookies.delete(key);
      else cookies.set(key, cookie);
    }
  }

  const cookieHeader = (url: URL): string =>
    [...cookies.values()]
      .filter(({ path }) => isFor(url, path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');

  async function open(start: string | URL, init: RequestInit = {}): Promise<Landing> {
    let url = new URL(start);
    let request = init;
    for (let redirects = 0; redirects < mostRedirects; redirects += 1) {
      const headers = { accept: 'text/html', cookie: cookieHeader(url) };
      const response = await fetch(url, { ...request, headers, redirect: 'manual' });
      keep(response);
      const location = response.headers.get('location');
      const html = await response.text();
      if (location === null) return { url, status: response.status, html };
      url = new URL(location, url);
      if (url.origin !== origin) return { url, status: response.status, html };
      request = {};
    }
    throw new Error(`more than ${mostRedirects} redirects`);
  }

  return {
    open,
    async logIn(url, username = 'alice', password = username) {
      const page = await open(url);
      const action = /<form method="post" action="([^"]+)"/.exec(page.html)?.[1];
      if (action === undefined) return page;
      return open(new URL(action, page.url), { method: 'POST', body: new URLSearchParams({ username, password }) });
    },
  };
}
