/** What a person sees of the broker: the page of an error, and the question before a logout that another site asks for. */
import { titles } from '../contract/titles.ts';
import { problems } from '../contract/wire.ts';
import type { ProblemCode } from '../contract/wire.ts';
import { html, link, nothing, page } from './html.ts';
import type { Markup } from './html.ts';
import type { HttpResponse } from './message.ts';
import { problemHeaders } from './problems.ts';
import type { ProblemOptions } from './problems.ts';

/** Where the person may go from here. */
export interface PageLink {
  /** An `http:` or `https:` URL, or a path of this origin. */
  readonly href: string;
  readonly text: string;
}

/** What is known about an error, and the ways on. */
export interface ErrorPageOptions extends ProblemOptions {
  readonly links?: readonly PageLink[] | undefined;
}

const linkList = (links: readonly PageLink[]): Markup =>
  links.length === 0
    ? nothing
    : html`<nav aria-label="Where to go">
        <ul>
          ${links.map(({ href, text }) => html`<li>${link(href, text)}</li>`)}
        </ul>
      </nav>`;

function linksOf({ links = [], loginUrl }: ErrorPageOptions, status: number): readonly PageLink[] {
  return status === 401 && loginUrl !== undefined ? [{ href: loginUrl, text: 'Log in' }, ...links] : links;
}

/** The same error as `problem`, for a person. */
export function errorPage(code: ProblemCode, options: ErrorPageOptions): HttpResponse {
  const status = problems[code];
  const title = titles[code];
  const { ref, detail, cookies } = options;
  const content = html`<h1>${title}</h1>
    ${detail === undefined ? nothing : html`<p>${detail}</p>`}
    <dl>
      <dt>Code</dt>
      <dd><code>${code}</code></dd>
      <dt>Reference</dt>
      <dd><code>${ref}</code></dd>
    </dl>
    ${linkList(linksOf(options, status))}`;
  return page(content, { status, title, headers: problemHeaders(code, options), cookies });
}

/** What a problem document says, as far as a page shows it. */
interface Document {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly ref: string;
  readonly login_url?: string;
}

/** Of a problem document these belong to the page as well; all others it has of its own. */
const kept = new Set(['allow', 'retry-after']);

/**
 * The same answer for a person.
 *
 * @param response as `problem` has made it
 */
export function asPage(response: HttpResponse): HttpResponse {
  const { code, detail, ref, login_url: loginUrl } = JSON.parse(String(response.body)) as Document;
  const shown = errorPage(code, { ref, detail, loginUrl, cookies: response.cookies });
  const own = shown.headers.filter(([name]) => name !== 'retry-after');
  return { ...shown, headers: [...own, ...response.headers.filter(([name]) => kept.has(name))] };
}

/**
 * The answer to a logout link which another site may have opened: nothing has happened yet, and only the person can go
 * on, by the one link.
 *
 * @param href the very URL that was asked for
 */
export const logoutPage = (href: string): HttpResponse =>
  page(
    html`<h1>Log out?</h1>
      <p>Another page has sent you here. You are still logged in until you confirm.</p>
      <p>${link(href, 'Log out')}</p>`,
    { status: 200, title: 'Log out?' },
  );
