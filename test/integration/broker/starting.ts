/** The first half of a login: `/bff/login` up to the redirect to the provider, and the way on from there. */
import assert from 'node:assert/strict';
import type { Browser, NavigateOptions, Page } from './browser.ts';
import { submitForm } from './person.ts';
import type { Running } from './running.ts';

export interface Started {
  readonly page: Page;
  /** Where the browser is sent: the authorization request. */
  readonly request: URL;
}

/** Whatever `/bff/login` answers, without following it anywhere. */
export const askForLogin = async (
  { origin }: Running,
  browser: Browser,
  query = '',
  options: NavigateOptions = {},
): Promise<Page> =>
  browser.navigate(`${origin}/bff/login${query}`, { from: `${origin}/`, stopAt: () => true, ...options });

/** Starts a login and stops on the way to the provider. */
export async function startLogin(
  broker: Running,
  browser: Browser,
  query = '',
  options: NavigateOptions = {},
): Promise<Started> {
  const page = await askForLogin(broker, browser, query, options);
  assert.equal(page.status, 302, page.text);
  const request = new URL(page.headers.get('location') ?? '');
  assert.equal(request.origin, broker.provider.origin);
  return { page, request };
}

const isCallback = ({ pathname }: URL): boolean => pathname === '/bff/callback';

/** Goes through the provider's pages and stops on the way back. @returns the callback's address with its response */
export async function authorize(
  broker: Running,
  browser: Browser,
  { request }: Started,
  username = 'alice',
): Promise<URL> {
  const options = { from: `${broker.origin}/`, stopAt: isCallback };
  const form = await browser.navigate(request, options);
  const page = await submitForm(browser, form, { username, password: username }, { stopAt: isCallback });
  return new URL(page.headers.get('location') ?? '', page.url);
}

/** Opens the callback as the provider's redirect would, and follows where it leads. */
export const callBack = async (
  { provider }: Running,
  browser: Browser,
  response: URL,
  options: NavigateOptions = {},
): Promise<Page> => browser.navigate(response, { from: provider.issuer, ...options });

/** The parameters of a URL, each with all of its values. */
export const parametersOf = ({ searchParams }: URL): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries([...new Set(searchParams.keys())].toSorted().map((name) => [name, searchParams.getAll(name)]));
