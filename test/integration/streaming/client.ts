/** A client that reads an answer as it comes, with the cookies of a logged-in browser. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Browser } from '../broker/browser.ts';
import { cookiesFor, header } from '../broker/raw.ts';

export interface Opening {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export const byFetch = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };

/** What the browser's own EventSource sends: no header of the page's. */
export const byEventSource = { accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' };

/** @returns the head of the answer, its body not read yet */
export async function open(
  origin: string,
  path: string,
  browser: Pick<Browser, 'jar'>,
  { method = 'GET', headers = byFetch, body = '' }: Opening = {},
): Promise<IncomingMessage> {
  const { port, host } = new URL(origin);
  const cookie = header(cookiesFor(browser, path));
  const sent = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { host, cookie, ...headers },
    agent: false,
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

/** The bytes of the next piece, as text. */
export async function next(answer: IncomingMessage): Promise<string> {
  const piece = once(answer, 'data') as Promise<[Buffer]>;
  answer.resume();
  const [chunk] = await piece;
  answer.pause();
  return chunk.toString();
}

/** @returns how many bytes came, or `cut` where the connection broke before the end */
export async function rest(answer: IncomingMessage): Promise<number | 'cut'> {
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
  } catch {
    return 'cut';
  }
  return bytes;
}
