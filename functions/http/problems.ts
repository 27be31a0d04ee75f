/** Errors as a program reads them: problem details (RFC 9457) with the stable code, and the headers of every error. */
import { header, problems } from '../contract/wire.ts';
import type { ProblemCode } from '../contract/wire.ts';
import { answer } from './answers.ts';
import type { HttpResponse, SetCookie } from './message.ts';

type Header = readonly [name: string, value: string];

/** What is known about an error beside its code. Nothing in here may be secret: all of it is shown. */
export interface ProblemOptions {
  /** The request id by which the log line is found. */
  readonly ref: string;
  /** What happened this time and what to do, in one or two sentences. */
  readonly detail?: string | undefined;
  /** Where a login cures the error; shown with status 401 only. */
  readonly loginUrl?: string | undefined;
  /** Whole seconds; shown with status 503 only, where it is 2 unless given. */
  readonly retryAfterSeconds?: number | undefined;
  /** Further members of the problem document, for example `acr_values`. */
  readonly extra?: Readonly<Record<string, string | number | readonly string[]>> | undefined;
  readonly cookies?: readonly SetCookie[] | undefined;
}

const typePrefix = 'urn:token-broker:problem:';
const usualRetryAfterSeconds = 2;

/** `session_over` → `Session over`: enough for a program's log. Pages have sentences of their own. */
const titleOf = (code: ProblemCode): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');

/** The status decides what a client may do: only a 401 names a login, only a 503 asks to come again. */
export const statusOf = (code: ProblemCode): number => problems[code];

export function problemHeaders(code: ProblemCode, { retryAfterSeconds }: ProblemOptions): readonly Header[] {
  const named: Header = [header.error, code];
  if (statusOf(code) !== 503) return [named];
  return [named, ['retry-after', String(Math.max(1, Math.ceil(retryAfterSeconds ?? usualRetryAfterSeconds)))]];
}

/** @returns the problem as `application/problem+json`, with the header `Bff-Error` */
export function problem(code: ProblemCode, options: ProblemOptions): HttpResponse {
  const { ref, detail, loginUrl, extra, cookies = [] } = options;
  const status = problems[code];
  const document = {
    ...extra,
    type: `${typePrefix}${code}`,
    title: titleOf(code),
    status,
    code,
    detail,
    ref,
    login_url: status === 401 ? loginUrl : undefined,
  };
  return answer(status, {
    headers: [['content-type', 'application/problem+json'], ...problemHeaders(code, options)],
    cookies,
    body: JSON.stringify(document),
  });
}

/** Whether an answer is a problem of the broker's own; an API's never carries its header. */
export const isProblem = ({ headers }: HttpResponse): boolean => headers.some(([name]) => name === header.error);
