/** Which paths of the APIs are streamed, for which methods, and how large a streamed answer may be. */
import type { Configuration } from '../configuration/schema.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Answered, Send } from '../outgoing/send.ts';
import type { CanonicalPath } from './path.ts';
import { isMatched, parsePattern, segmentsOf } from './routes.ts';
import type { Match, Pattern } from './routes.ts';

/** The patterns by the name of the API. */
export type Streams = ReadonlyMap<string, readonly Pattern[]>;

export const createStreams = (apis: Configuration['apis']): Streams =>
  new Map(Object.entries(apis).map(([name, { stream }]) => [name, stream.map(parsePattern)]));

/** @param path the one that has this match */
export function isStreamed(streams: Streams, { route }: Match, path: CanonicalPath): boolean {
  const below = path.segments.slice(segmentsOf(route.api.path).length);
  return (streams.get(route.name) ?? []).some((pattern) => isMatched(pattern, below, path.trailingSlash));
}

/**
 * Behind a REST API an API's answers to every method it takes are streamed. At a function URL only what is read is: for a
 * body the client would have to send the hash, so that CloudFront can sign it.
 */
export const streamedMethods = ({ payload }: HttpRequest, { route }: Match): readonly string[] =>
  payload === '1.0' ? route.api.methods : ['GET', 'HEAD'];

/** Lambda takes no more of a streamed answer. */
const largestBody = 200 * 1024 * 1024;
/** The gateway reads 16 KB of what goes ahead of a body; cookies may be half of it, and the broker has headers of its own. */
const largestHead = 7 * 1024;

function isWithinLimits({ rawHeaders, arriving }: Answered): boolean {
  if (Buffer.byteLength(JSON.stringify(rawHeaders)) > largestHead) return false;
  return (arriving?.length ?? 0) <= largestBody;
}

/** Sends as it is told to, and takes no answer of which it is clear from its head that it cannot be passed on whole. */
export const withinLimits =
  (send: Send): Send =>
  async (call) => {
    const result = await send(call);
    if (result.kind === 'failed' || isWithinLimits(result)) return result;
    result.arriving?.message.destroy();
    return { kind: 'failed', reason: 'too_large', sent: true };
  };
