/**
 * Answers through the response stream of a function whose replies are streamed.
 * https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
import type { Writable } from 'node:stream';
import type { HttpResponse } from '../http/message.ts';
import { resultOfPayload2 } from '../http/payload-2.ts';
import { relay } from '../outgoing/relay.ts';
import type { RelayEnd } from '../outgoing/relay.ts';

/** `awslambda.HttpResponseStream.from`: status, headers and cookies go ahead of what is written to the stream. */
export type WithPrelude = (stream: Writable, prelude: Record<string, unknown>) => Writable;

/** An answer, and what goes ahead of its body. */
export interface Prepared {
  readonly response: HttpResponse;
  readonly prelude: Readonly<Record<string, unknown>>;
  /** To HEAD nothing else is sent. */
  readonly isHead: boolean;
}

/** Of one connection, and the front's own to write. */
const ofTheConnection: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** RFC 9110, section 8.6: these have no body, and say nothing about its length. */
const hasBody = (status: number): boolean => status !== 204 && status !== 304;

function preludeOf(response: HttpResponse, isHead: boolean): Prepared['prelude'] {
  const { status, body, arriving } = response;
  let headers = response.headers.filter(([name]) => !ofTheConnection.has(name));
  // A length tells clients that nothing more comes, even where the front is late to say so.
  if (arriving === undefined && !isHead && hasBody(status)) {
    headers = headers.filter(([name]) => name !== 'content-length');
    headers.push(['content-length', String(Buffer.byteLength(body))]);
  }
  const { headers: joined, cookies } = resultOfPayload2({ status, headers, cookies: response.cookies, body: '' });
  return { statusCode: status, headers: joined, cookies };
}

/** @throws TypeError when a cookie cannot be written safely; what was still arriving has then been destroyed */
export function prepare(response: HttpResponse, isHead: boolean): Prepared {
  try {
    return { response, isHead, prelude: preludeOf(response, isHead) };
  } catch (error) {
    response.arriving?.bytes.destroy();
    throw error;
  }
}

/** An event stream is taken up again by its client, wherever it ended; half a file must not pass for a whole one. */
const mayEndAnywhere = ({ headers }: HttpResponse): boolean =>
  headers.some(([name, value]) => name === 'content-type' && /^text\/event-stream\b/i.test(value));

/**
 * Every streamed reply is begun here. The runtime sends the prelude from within the first write alone: without one,
 * even of nothing, an empty answer would lose its status, headers and cookies.
 *
 * @param stream of the runtime
 * @param endsAtMs when a body that is still arriving is given up, in milliseconds since the epoch
 * @returns how it came to its end; where it is `cut`, the stream is still open and must be made to fail
 */
export async function reply(
  { response, prelude, isHead }: Prepared,
  stream: Writable,
  withPrelude: WithPrelude,
  endsAtMs: number,
): Promise<{ readonly how: RelayEnd; readonly cut: boolean }> {
  const { body, arriving } = response;
  const opened = withPrelude(stream, prelude);
  // Begun before anything is written: the first bytes, which may be there already, then leave together with the prelude.
  const ending =
    arriving && relay(arriving.bytes, opened, { silenceMs: arriving.silenceMs, endsAtMs }, arriving.length);
  opened.write('');
  if (ending === undefined) {
    opened.end(isHead ? '' : body);
    return { how: 'complete', cut: false };
  }
  const how = await ending;
  if (how === 'complete' || how === 'left') return { how, cut: false };
  const cut = !mayEndAnywhere(response);
  if (!cut) opened.end();
  return { how, cut };
}
