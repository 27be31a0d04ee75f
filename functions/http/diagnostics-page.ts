/** The development page that explains the audience of every API: what was asked, what came back, what to do about it. */
import { html, nothing, page } from './html.ts';
import type { Markup } from './html.ts';
import type { HttpResponse } from './message.ts';

type Value = string | number | readonly string[] | undefined;

/** What the audience guarantee found out about one API, as its report states it. Never a token. */
export interface DiagnosedApi {
  readonly api: string;
  readonly asked: {
    /** Of which request: `authorize`, `code` or `refresh`. */
    readonly leg: string;
    readonly dialect: string;
    /** Names of what was sent because of the audience; empty when nothing was. */
    readonly parameters: readonly string[];
    readonly audience?: string;
    readonly scope?: string;
  };
  readonly came: Readonly<Partial<Record<'typ' | 'iss' | 'scope', string>>> & {
    readonly format: string;
    readonly aud?: readonly string[];
    /** Epoch seconds. */
    readonly expiresAt?: number;
  };
  /** `satisfied`, `unverified` for a token that nobody could look into, or the problem code. */
  readonly result: string;
  readonly cause?: string;
  readonly fix?: string;
}

export interface DiagnosticsReport {
  /** Epoch seconds. */
  readonly at: number;
  readonly entries: readonly DiagnosedApi[];
  /** How many entries found no room in the report. */
  readonly omitted: number;
}

const textOf = (value: Value): string => (Array.isArray(value) ? value.join(', ') : String(value));

const row = (name: string, value: Value): Markup =>
  value === undefined || value === ''
    ? nothing
    : html`<dt>${name}</dt>
        <dd><code>${textOf(value)}</code></dd>`;

const sentence = (name: string, text: string | undefined): Markup =>
  text === undefined ? nothing : html`<p><strong>${name}</strong> ${text}</p>`;

/** As a person reads a moment; a number that is no moment stays a number. */
function moment(epochSeconds: number | undefined): Value {
  if (epochSeconds === undefined) return undefined;
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? epochSeconds : date.toISOString();
}

function verdictOf({ result }: DiagnosedApi): Markup {
  switch (result) {
    case 'satisfied':
      return html`<p class="good">Accepted: the token is the one that was asked for</p>`;
    case 'unverified':
      return html`<p class="good">Accepted unverified: nobody can look into this format, and it is expected</p>`;
    default:
      return html`<p class="bad">Refused: <code>${result}</code></p>`;
  }
}

function section(entry: DiagnosedApi): Markup {
  const { api, asked, came, cause, fix } = entry;
  return html`<section>
    <h2>${api}</h2>
    ${verdictOf(entry)} ${sentence('Cause.', cause)} ${sentence('What to do.', fix)}
    <h3>Asked</h3>
    <dl>
      ${row('request', asked.leg)} ${row('dialect', asked.dialect)} ${row('audience', asked.audience)}
      ${row('scope', asked.scope)} ${row('sent', asked.parameters.length > 0 ? asked.parameters : 'nothing')}
    </dl>
    <h3>Received</h3>
    <dl>
      ${row('format', came.format)} ${row('typ', came.typ)} ${row('aud', came.aud)} ${row('iss', came.iss)}
      ${row('scope', came.scope)} ${row('expires', moment(came.expiresAt))}
    </dl>
  </section>`;
}

/** @param report of the last login or refresh in this browser, `undefined` when there was none */
export function diagnosticsPage(report: DiagnosticsReport | undefined): HttpResponse {
  const title = 'Audience diagnostics';
  const content =
    report === undefined
      ? html`<p>There is nothing to report yet: log in first.</p>`
      : html`<p>What the provider was asked for each API and what it sent back, as of ${textOf(moment(report.at))}.</p>
          ${report.entries.map(section)}
          ${report.omitted > 0 ? html`<p>Without room in the report: ${report.omitted} more.</p>` : nothing}`;
  return page(
    html`<h1>${title}</h1>
      ${content}`,
    { status: 200, title },
  );
}
