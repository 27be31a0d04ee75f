/** The paths which a CDN leads to the function that streams, in the form of CloudFront's path patterns. */

interface Sketch {
  readonly apis?: Readonly<Record<string, { readonly path?: unknown; readonly stream?: unknown }>>;
}

/** @param configuration of a stage, with its references to parameters filled in; nothing else is taken for granted */
export function streamPaths(configuration: unknown): readonly string[] {
  const { apis = {} } = (configuration ?? {}) as Sketch;
  return Object.values(apis).flatMap(({ path, stream }) =>
    typeof path === 'string' && Array.isArray(stream)
      ? (stream as unknown[]).filter((pattern) => typeof pattern === 'string').map((pattern) => path + pattern)
      : [],
  );
}

/** As CloudFront compares: letter by letter as it was sent, `*` for anything. */
export const isAtPattern = (path: string, pattern: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
