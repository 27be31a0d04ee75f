/** The development page that explains the audience of every API: what was asked, what came back, what to do about it. */
import { html, nothing, page } from './html.ts';
import type { Markup } from './html.ts';
import type { HttpResponse } from './message.ts';

type Value = string | number | boolean | readonly string[] | null | undefined;

/** What the audience guarantee found out about one API at the last login or refresh. Never a token. */
export interface DiagnosedApi {
  readonly name: string;
  readonly asked: {
    readonly dialect: string;
    readonly audience?: string | null | undefined;
    /** What was sent to the provider because of the audience; empty when nothing was. */
    readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  };
  /** Left out when no token came back. */
  readonly received?: Readonly<Partial<Record<'format' | 'typ' | 'aud' | 'iss' | 'scope', Value>>> & {
    /** Epoch seconds. */
    readonly expiresAt?: number | null | undefined;
  };
  /** `ok` or the problem code. */
  readonly verdict: string;
  readonly cause?: string | null | undefined;
  readonly fix?: string | null | undefined;
}

export interface DiagnosticsReport {
  readonly apis: readonly DiagnosedApi[];
}

const textOf = (value: Value): string => (Array.isArray(value) ? value.join(', ') : String(value));

const isEmpty = (value: Value): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

const row = (name: string, value: Value): Markup =>
  isEmpty(value)
    ? nothing
    : html`<dt>${name}</dt>
        <dd><code>${textOf(value)}</code></dd>`;

const sentence = (name: string, text: string | null | undefined): Markup =>
  text === undefined || text === null || text === '' ? nothing : html`<p><strong>${name}</strong> ${text}</p>`;

const isOk = ({ verdict }: DiagnosedApi): boolean => verdict === 'ok';

/** An encrypted or an opaque token passes only where the configuration says so, and nobody has looked into it. */
const isUnverified = (api: DiagnosedApi): boolean =>
  isOk(api) && api.received?.format !== undefined && api.received.format !== 'jwt';

/** A moment as a person reads it; a number that is no moment stays a number. */
function moment(epochSeconds: number | null | undefined): Value {
  if (epochSeconds === undefined || epochSeconds === null) return undefined;
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? epochSeconds : date.toISOString();
}

function verdictOf(api: DiagnosedApi): Markup {
  if (!isOk(api)) return html`<p class="bad">Refused: <code>${api.verdict}</code></p>`;
  return isUnverified(api)
    ? html`<p class="good">Accepted without a look inside, because the configuration expects this format</p>`
    : html`<p class="good">Accepted: the token is the one that was asked for</p>`;
}

function askedOf({ asked }: DiagnosedApi): Markup {
  const parameters = Object.entries(asked.parameters).map(([name, value]) => row(`sent ${name}`, value));
  return html`<h3>Asked</h3>
    <dl>
      ${row('dialect', asked.dialect)}${row('audience', asked.audience)}${
        parameters.length > 0 ? parameters : row('sent', 'nothing')
      }
    </dl>`;
}

function receivedOf({ received }: DiagnosedApi): Markup {
  const rows =
    received === undefined
      ? row('token', 'none')
      : html`${row('format', received.format)}${row('typ', received.typ)}${row('aud', received.aud)}${row(
          'iss',
          received.iss,
        )}${row('scope', received.scope)}${row('expires', moment(received.expiresAt))}`;
  return html`<h3>Received</h3>
    <dl>${rows}</dl>`;
}

const section = (api: DiagnosedApi): Markup =>
  html`<section>
    <h2>${api.name}</h2>
    ${verdictOf(api)}${sentence('Cause.', api.cause)}${sentence('What to do.', api.fix)}${askedOf(api)}${receivedOf(api)}
  </section>`;

/** @param report of the last login or refresh in this browser, `undefined` when there was none */
export function diagnosticsPage(report: DiagnosticsReport | undefined): HttpResponse {
  const apis = report?.apis ?? [];
  const content = html`<h1>Audience diagnostics</h1>
    <p>What the provider was asked for each API at the last login or refresh in this browser, and what it sent back.</p>
    ${apis.length > 0 ? apis.map(section) : html`<p>There is nothing to report yet: log in first.</p>`}`;
  return page(content, { status: 200, title: 'Audience diagnostics' });
}
