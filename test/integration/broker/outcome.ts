/** How a login ended, as the person, the operator and the developer see it. */
import assert from 'node:assert/strict';
import { problems, type ProblemCode } from '../../../functions/contract/wire.ts';
import type { Browser, JarCookie, Page } from './browser.ts';
import type { LogLine, Running } from './running.ts';

/** Cookies that only a completed login sets. */
export const sessionCookies = ({ jar }: Browser): readonly JarCookie[] =>
  jar.filter(
    ({ name }) =>
      /^__(?:Host|Secure)-(?:Http-)?bff/.test(name) && !/^__Host-Http-bff-(?:login|return)|-report$/.test(name),
  );

/** Login transactions under way. */
export const transactions = ({ jar }: Browser): readonly JarCookie[] =>
  jar.filter(({ name }) => name.startsWith('__Host-Http-bff-login-'));

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** What a person reads: without markup and with its characters as they are meant. */
export const readable = (html: string): string =>
  html
    .replaceAll(/<style>.*?<\/style>|<[^>]*>/gs, ' ')
    .replaceAll(/&(\w+|#\d+);/g, (whole, name: string) => entities[name] ?? whole)
    .replaceAll(/\s+/g, ' ');

/** Code, cause and fix as parts of sentences. */
export interface Explanation {
  readonly code: ProblemCode;
  readonly cause?: RegExp;
  readonly fix?: RegExp;
}

const says = (text: string, { code, cause, fix }: Explanation, where: string): void => {
  for (const part of [new RegExp(`\\b${code}\\b`), cause, fix]) if (part !== undefined) assert.match(text, part, where);
};

/** The login ended at the callback with this problem, and left nothing but its explanation. */
export async function assertRefused(
  broker: Running,
  browser: Browser,
  page: Page,
  explanation: Explanation,
): Promise<LogLine> {
  const { code } = explanation;
  assert.equal(page.url.pathname, '/bff/callback', readable(page.text));
  assert.deepEqual([page.headers.get('bff-error'), page.status], [code, problems[code]], readable(page.text));
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  says(readable(page.text), explanation, 'the page');
  assert.deepEqual(
    sessionCookies(browser).map(({ name }) => name),
    [],
    'a refused login made a session',
  );
  assert.deepEqual(transactions(browser), [], 'a refused login can be tried again with the same transaction');
  const ref = /Reference\s+(\S+)/.exec(readable(page.text))?.[1];
  const line = await broker.logged((one) => one.ref === ref && one.event === 'login_failed');
  assert.equal(line['code'], code);
  return line;
}

/** The same for the audience guarantee, which log line and diagnostics page explain as well. */
export async function assertExplained(
  broker: Running,
  browser: Browser,
  page: Page,
  explanation: Explanation,
): Promise<void> {
  const line = await assertRefused(broker, browser, page, explanation);
  says(JSON.stringify(line).replaceAll('\\"', '"'), explanation, 'the log line');
  says(await diagnosed(broker, browser), explanation, 'the diagnostics page');
}

/** What the diagnostics page says to this browser. */
export async function diagnosed({ origin }: Running, browser: Browser): Promise<string> {
  const page = await browser.navigate(`${origin}/bff/diagnostics`, { from: `${origin}/` });
  assert.equal(page.status, 200);
  return readable(page.text);
}

/** Somebody is logged in and is this user. */
export async function assertLoggedIn({ origin }: Running, browser: Browser, sub = 'auth0|alice'): Promise<void> {
  const response = await browser.fetch(`${origin}/bff/user`);
  assert.equal(response.status, 200);
  const claims = (await response.json()) as { type: string; value: unknown }[];
  assert.equal(claims.find(({ type }) => type === 'sub')?.value, sub);
}
