/**
 * What every door does around its endpoints: reads the event, the configuration and the keys, answers what needs no
 * endpoint, and turns whatever goes wrong into an answer that gives nothing away.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parameterReader, readEnvironment, type Environment } from './configuration/environment.ts';
import type { Configuration, Packaged } from './configuration/schema.ts';
import { createConfigurationSource, type ConfigurationSource, type Loaded } from './configuration/source.ts';
import { epochSeconds } from './contract/units.ts';
import { endpoint } from './contract/wire.ts';
import type { Broker, Context } from './endpoints/context.ts';
import { withHeaders } from './http/answers.ts';
import { corsHeaders } from './http/cors.ts';
import type { InvocationContext } from './http/event-parts.ts';
import { formatOf, readEvent, type EventFormat, type EventResult } from './http/events.ts';
import type { HttpRequest, HttpResponse } from './http/message.ts';
import { wantsHtml } from './http/navigation.ts';
import { isProblem, problem } from './http/problems.ts';
import { parseKeyRing, type KeyRing } from './session/keyring.ts';
import { createLog, type Log } from './telemetry/log.ts';

/** What a door is made with beside the configuration. */
export interface Tools {
  readonly environment: Environment;
  /** Reads the parameters again, because the provider refuses the client's credentials; the configuration as it is then. */
  readonly rereadConfiguration: () => Promise<Configuration | undefined>;
}

/** What distinguishes one door from another. */
export interface Door<Room extends Broker> {
  /** Makes what its endpoints need; called again only when a parameter has changed. */
  furnish(broker: Broker, tools: Tools): Room;
  serve(context: Context<Room>): HttpResponse | Promise<HttpResponse>;
}

export type Handler<Result = EventResult> = (event: unknown, context: InvocationContext) => Promise<Result>;

/** Makes an answer what the runtime takes; without a request where the event is none. */
export type Write<Result> = (response: HttpResponse, format: EventFormat, request?: HttpRequest) => Result;

type Ready = Extract<Loaded, { kind: 'ready' }>;

const ringParameter = 'cookie-keys';

function readPackaged(location: URL): Packaged {
  return JSON.parse(readFileSync(location, 'utf8')) as Packaged;
}

/** Only names and places in our own code: a message may quote what was parsed. */
function logFailure(log: Log, error: unknown): void {
  const isError = error instanceof Error;
  const frames = isError ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  log('error', 'internal_error', {
    name: isError ? error.name : typeof error,
    at: frames.slice(0, 6).map((frame) => frame.trim().replace(/\(?file:\/\/\S*\//, '(')),
  });
}

const layoutOf = ({ apis }: Configuration, { paths }: Packaged): Broker['layout'] => ({
  logoutPath: paths.base + endpoint.logout,
  apis: Object.entries(apis).flatMap(([name, { audience, path }]) => (audience === undefined ? [] : [{ name, path }])),
});

const isSame = (left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean =>
  left === right || (left.size === right.size && [...left].every(([name, value]) => right.get(name) === value));

const ringOf = (loaded: Ready) => parseKeyRing(loaded.parameters.get(ringParameter) ?? '');

/** Keeps a room as long as the parameters that it was made of. */
function createRooms<Room extends Broker>(
  door: Door<Room>,
  packaged: Packaged,
  source: ConfigurationSource,
  environment: Environment,
) {
  let made: { readonly room: Room; readonly of: ReadonlyMap<string, string> } | undefined;

  const rereadKeys = async (): Promise<KeyRing | undefined> => {
    const loaded = await source.reread();
    const parsed = loaded.kind === 'ready' ? ringOf(loaded) : undefined;
    return parsed?.kind === 'ring' ? parsed.ring : undefined;
  };

  const tools: Tools = {
    environment,
    rereadConfiguration: async () => {
      const loaded = await source.reread();
      return loaded.kind === 'ready' ? loaded.configuration : undefined;
    },
  };

  /** @returns the reason where the key ring cannot be used */
  return (loaded: Ready): Room | string => {
    if (made !== undefined && isSame(made.of, loaded.parameters)) return made.room;
    const parsed = ringOf(loaded);
    if (parsed.kind === 'invalid') return parsed.reason;
    const { configuration } = loaded;
    const { paths } = packaged;
    const layout = layoutOf(configuration, packaged);
    const hasTable = environment.tableName !== undefined;
    const broker = { configuration, paths, layout, ring: parsed.ring, random: randomBytes, hasTable, rereadKeys };
    const room = door.furnish(broker, tools);
    made = { room, of: loaded.parameters };
    return room;
  };
}

function unready(request: HttpRequest, loaded: Exclude<Loaded, Ready>, log: Log): HttpResponse {
  const ref = request.requestId;
  if (loaded.kind === 'unavailable') {
    log('error', 'configuration_unavailable', { reason: loaded.reason });
    return problem('configuration_unavailable', { ref });
  }
  const problems = loaded.problems.map(({ path, message }) => `${path}: ${message}`);
  log('error', 'configuration_invalid', { problems });
  return problem('configuration_invalid', { ref, detail: 'The operator finds the reasons in the log.' });
}

/** A person gets a page. Few answers are one, so that what makes it is loaded with the first of them. */
async function present(request: HttpRequest, response: HttpResponse): Promise<HttpResponse> {
  if (!isProblem(response) || !wantsHtml(request)) return response;
  const isPage = response.headers.some(([name, value]) => name === 'content-type' && value.startsWith('text/html'));
  return isPage ? response : (await import('./http/pages.ts')).asPage(response);
}

/**
 * @param location of the configuration that lies in the package
 * @returns the handler of a function, its parameters read already where they could be
 */
export async function openDoorFor<Room extends Broker, Result>(
  door: Door<Room>,
  location: URL,
  write: Write<Result>,
): Promise<Handler<Result>> {
  const packaged = readPackaged(location);
  const environment = readEnvironment();
  const source = createConfigurationSource({
    packaged,
    prefix: environment.parameterPrefix,
    readParameters: parameterReader(environment),
  });
  const roomFor = createRooms(door, packaged, source, environment);

  /** Keys that cannot be used are read again soon, because somebody will have put other ones in their place. */
  const laterRoom = async (reason: string): Promise<Room | string> => {
    const again = await source.reread();
    return again.kind === 'ready' ? roomFor(again) : reason;
  };

  const answer = async (request: HttpRequest, nowMs: number, log: Log): Promise<HttpResponse> => {
    const loaded = await source.load();
    if (loaded.kind !== 'ready') return unready(request, loaded, log);
    if (loaded.stale) log('warn', 'configuration_stale', { readAt: loaded.readAt });
    const { configuration } = loaded;
    if (request.method === 'OPTIONS') return (await import('./http/preflight.ts')).preflight(request, configuration);
    const found = roomFor(loaded);
    const room = typeof found === 'string' ? await laterRoom(found) : found;
    if (typeof room === 'string') {
      log('error', 'key_ring_invalid', { reason: room });
      return problem('configuration_invalid', { ref: request.requestId });
    }
    const response = await door.serve({ request, broker: room, now: epochSeconds(nowMs / 1000), log });
    await source.settle();
    return withHeaders(response, corsHeaders(request, room.configuration));
  };

  // Init must not fail: what could not be read now is read with the first request.
  await source.load();

  return async (event, context) => {
    const nowMs = Date.now();
    const log = createLog(context.awsRequestId);
    const format = await formatOf(event);
    const read = readEvent(format, event, context, nowMs);
    if (read.kind === 'malformed') {
      log('warn', 'request_malformed', { reason: read.reason });
      return write(problem(read.code, { ref: context.awsRequestId }), format);
    }
    const { request } = read;
    try {
      return write(await present(request, await answer(request, nowMs, log)), format, request);
    } catch (error) {
      logFailure(log, error);
      return write(problem('internal_error', { ref: context.awsRequestId }), format, request);
    }
  };
}

/** As `openDoorFor`, for the events and results of every gateway that takes an answer whole. */
export const openDoor = async <Room extends Broker>(door: Door<Room>, location: URL): Promise<Handler> =>
  openDoorFor(door, location, (response, { resultOf }) => resultOf(response));
