/** Somebody with a browser: keeps cookies by host, follows redirects, fills in the login form. */

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
  readonly cookies: ReadonlyMap<string, string>;
}

const mostRedirects = 10;

export function createPerson(origin: string): Person {
  const cookies = new Map<string, string>();

  function keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', ...value] = pair.split('=');
      const isOver = attributes.some((each) => /^expires=/i.test(each) && Date.parse(each.slice(8)) < Date.now());
      if (isOver) cookies.delete(name);
      else cookies.set(name, value.join('='));
    }
  }

  async function open(start: string | URL, init: RequestInit = {}): Promise<Landing> {
    let url = new URL(start);
    let request = init;
    for (let redirects = 0; redirects < mostRedirects; redirects += 1) {
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
      const headers = { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) };
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
    cookies,
    async logIn(url, username = 'alice', password = username) {
      const page = await open(url);
      const action = /<form method="post" action="([^"]+)"/.exec(page.html)?.[1];
      if (action === undefined) return page;
      return open(new URL(action, page.url), { method: 'POST', body: new URLSearchParams({ username, password }) });
    },
  };
}
