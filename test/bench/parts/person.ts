/** Somebody who logs in through a function `auth`, with a provider that asks no questions. */
import { createJar, navigationEvent } from './events.ts';
import type { Jar } from './events.ts';
import type { Instance, Result } from './instance.ts';
import type { Provider } from './provider.ts';

export interface LoginOnItsWay {
  readonly jar: Jar;
  /** The request with which the browser comes back from the provider. */
  readonly callback: object;
}

function expectRedirect(result: Result): string {
  const location = result.headers?.['location'];
  if (result.statusCode === 302 && location !== undefined) return location;
  throw new Error(`a login answered ${result.statusCode}: ${result.body}`);
}

export async function startLogin(auth: Instance, provider: Provider): Promise<LoginOnItsWay> {
  const jar = createJar();
  const started = await auth.invoke(navigationEvent('/bff/login'));
  const query = provider.authorize(expectRedirect(started));
  jar.keep(started);
  return { jar, callback: navigationEvent(`/bff/callback?${query}`, jar.header('/bff/callback')) };
}

export async function finishLogin(auth: Instance, { jar, callback }: LoginOnItsWay): Promise<Jar> {
  const result = await auth.invoke(callback);
  expectRedirect(result);
  if (result.cookies?.every((line) => line.includes('Max-Age=0')) !== false) throw new Error('a login made no session');
  jar.keep(result);
  return jar;
}

/** @returns the jar of a browser in which somebody is logged in */
export const logIn = async (auth: Instance, provider: Provider): Promise<Jar> =>
  finishLogin(auth, await startLogin(auth, provider));
