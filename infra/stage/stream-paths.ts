/** The paths that are streamed, in the form of CloudFront's path patterns, and whether the stage's gateway can lead there. */
import type { StageParameters } from './parameters.ts';
import { PackagingError } from './problems.ts';

interface Sketch {
  readonly apis?: Readonly<
    Record<string, { readonly path?: unknown; readonly stream?: unknown; readonly methods?: unknown }>
  >;
}

const sketchOf = (configuration: unknown): [name: string, api: NonNullable<Sketch['apis']>[string]][] =>
  Object.entries(((configuration ?? {}) as Sketch).apis ?? {});

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);

/** @param configuration of a stage, with its references to parameters filled in; nothing else is taken for granted */
export function streamPaths(configuration: unknown): readonly string[] {
  return sketchOf(configuration).flatMap(([, { path, stream }]) =>
    isText(path) && Array.isArray(stream) ? (stream as unknown[]).filter(isText).map((pattern) => path + pattern) : [],
  );
}

/** As CloudFront compares: letter by letter as it was sent, `*` for anything. */
export const isAtPattern = (path: string, pattern: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

/** Only a REST API hands other methods than these to the function that streams. */
const isRead = (methods: unknown): boolean =>
  !isTextList(methods) || methods.includes('GET') || methods.includes('HEAD');

/** A segment of a path at a REST API: of what paths may have here, all but the tilde. */
const isResourcePath = (path: string): boolean => !path.includes('~');

function restFaults([name, { path, stream = [] }]: ReturnType<typeof sketchOf>[number]): readonly string[] {
  if (Array.isArray(stream) && stream.length === 0) return [];
  if (!isText(path)) return [`apis.${name}.path must be written out: the REST API's streamed paths are made of it.`];
  if (!isTextList(stream)) return [`apis.${name}.stream must be written out: each is a resource of the REST API.`];
  const found = stream.find((pattern) => !isResourcePath(path + pattern));
  return found === undefined ? [] : [`apis.${name}.stream: no resource of a REST API can have "~" in its path.`];
}

function urlFaults([name, { stream, methods }]: ReturnType<typeof sketchOf>[number]): readonly string[] {
  const isStreamed = stream !== undefined && !(Array.isArray(stream) && stream.length === 0);
  if (!isStreamed || isRead(methods)) return [];
  return [`apis.${name}.stream: of an API without GET and HEAD nothing is streamed, but behind a REST API.`];
}

/**
 * @param configuration of the stage, its references as they are
 * @throws PackagingError where the stage's gateway cannot lead a streamed path to its function
 */
export function checkStreams(
  stage: string,
  { gateway, basePath, callbackPath }: Pick<StageParameters, 'gateway' | 'basePath' | 'callbackPath'>,
  configuration: unknown,
): void {
  const faults = sketchOf(configuration).flatMap(gateway === 'rest' ? restFaults : urlFaults);
  const problems = faults.map((fault) => `config/${stage}.jsonc: ${fault}`);
  if (gateway === 'rest' && ![basePath, callbackPath].every(isResourcePath)) {
    problems.push(
      `config/${stage}.params.yml: basePath and callbackPath: no resource of a REST API can have "~" in its path.`,
    );
  }
  if (problems.length > 0) throw new PackagingError(problems);
}
