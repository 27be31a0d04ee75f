/** The answers that the broker makes itself, all with the headers that every one of them carries. */
import type { HttpResponse, SetCookie } from './message.ts';

type Header = readonly [name: string, value: string];

/** On every answer of ours, whatever it says; a page adds its own content security policy. */
export const commonHeaders: readonly Header[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['strict-transport-security', 'max-age=31536000'],
];

const dataPolicy: Header = ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"];

const locationCharacters = /^[\x21-\x7e]+$/;

/** An answer which no browser renders, frames or runs. */
export function answer(
  status: number,
  { headers = [], cookies = [], body = '' }: Partial<Omit<HttpResponse, 'status'>> = {},
): HttpResponse {
  return { status, headers: [...commonHeaders, dataPolicy, ...headers], cookies, body };
}

export const empty = (status: number, cookies: readonly SetCookie[] = []): HttpResponse => answer(status, { cookies });

export const json = (value: unknown, cookies: readonly SetCookie[] = []): HttpResponse =>
  answer(200, {
    headers: [['content-type', 'application/json; charset=utf-8']],
    cookies,
    body: JSON.stringify(value),
  });

/**
 * @param location an absolute URL as the URL class writes it
 * @throws TypeError when it has a character that does not belong into a header
 */
export function redirect(location: string, cookies: readonly SetCookie[] = []): HttpResponse {
  if (!locationCharacters.test(location)) throw new TypeError('The location of a redirect is not a URL');
  return answer(302, { headers: [['location', location]], cookies });
}

/** Adds headers to an answer that is complete otherwise, for example those of CORS. */
export const withHeaders = (response: HttpResponse, headers: readonly Header[]): HttpResponse =>
  headers.length === 0 ? response : { ...response, headers: [...response.headers, ...headers] };
