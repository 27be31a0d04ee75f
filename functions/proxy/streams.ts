/** Which paths of the APIs are streamed. */
import type { Configuration } from '../configuration/schema.ts';
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
