/** A page without scripts and without anything loaded from elsewhere. Whatever is put into it becomes text. */
import { createHash } from 'node:crypto';
import { commonHeaders } from './answers.ts';
import type { HttpResponse, SetCookie } from './message.ts';

/** Markup that is safe to send, because only the functions in here make it. */
export interface Markup {
  readonly markup: string;
}

type Content = string | number | Markup | readonly Markup[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (found) => entities[found] ?? found);

function markupOf(content: Content): string {
  if (typeof content === 'string') return escapeHtml(content);
  if (typeof content === 'number') return String(content);
  return 'markup' in content ? content.markup : content.map((part) => part.markup).join('');
}

/** A template whose values are escaped unless they are markup themselves; attributes must be quoted. */
export const html = (texts: TemplateStringsArray, ...contents: readonly Content[]): Markup => ({
  markup: texts
    .map((text, index) => `${text}${index < contents.length ? markupOf(contents[index] ?? '') : ''}`)
    .join(''),
});

export const nothing: Markup = { markup: '' };

const linkable = /^(?:https?:\/\/|\/(?!\/))[\x21-\x5b\x5d-\x7e]*$/;

/** A link only to the web or within this origin; of anything else, such as `javascript:`, the text alone. */
export const link = (href: string, text: string): Markup =>
  linkable.test(href) ? html`<a href="${href}">${text}</a>` : html`${text}`;

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --ground: #f5f7fa; --card: #fff; --link: #0b57d0; --good: #12703a; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #a3adba; --line: #364150; --ground: #12171e; --card: #1b222c; --link: #8ab4f8; --good: #7ad19a; --bad: #f2938c } }
* { box-sizing: border-box }
body { margin: 0; padding: clamp(1rem, 6vh, 4rem) 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 2.5rem); background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
h2 { margin: 2rem 0 .5rem; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: 1.15rem }
h3 { margin: 1.25rem 0 0; font-size: 1rem }
p { margin: .75rem 0 }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .35rem 1.25rem; margin: 1rem 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
code { font: .9em/1.5 ui-monospace, monospace }
a { color: var(--link); text-underline-offset: .2em }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; border-radius: .2rem }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: 1.5rem 0 0; padding: 0; list-style: none }
.good { color: var(--good); font-weight: 600 }
.bad { color: var(--bad); font-weight: 600 }
`;

/** The one style sheet is allowed by its digest; everything else a page could load, run or be framed by is not. */
const policy = (): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

export interface PageOptions {
  readonly status: number;
  readonly title: string;
  readonly headers?: HttpResponse['headers'];
  readonly cookies?: readonly SetCookie[] | undefined;
}

/** @param content what stands in the page's `main` element, its first heading included */
export function page(content: Markup, { status, title, headers = [], cookies = [] }: PageOptions): HttpResponse {
  const head = html`<meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta
      name="robots"
      content="noindex"
    /><title>${title}</title>`;
  const document = `<!doctype html>\n<html lang="en"><head>${head.markup}<style>${style}</style></head><body><main>${content.markup}</main></body></html>\n`;
  return {
    status,
    headers: [
      ...commonHeaders,
      ['content-type', 'text/html; charset=utf-8'],
      ['content-security-policy', policy()],
      ['cross-origin-opener-policy', 'same-origin'],
      ...headers,
    ],
    cookies,
    body: document,
  };
}
