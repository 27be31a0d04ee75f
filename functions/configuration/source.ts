/**
 * Holds the configuration of a running instance. Nothing runs between invocations, so each request brings along the
 * reading that has become due. Ages are told by the wall clock, because the timers of a frozen instance stand still.
 */
import { epochSeconds, type EpochSeconds } from '../contract/units.ts';
import type { ParametersResult } from '../aws/ssm.ts';
import type { Problem } from './problem.ts';
import { parameterNames } from './references.ts';
import { resolveConfiguration } from './resolve.ts';
import type { Configuration, Packaged } from './schema.ts';

/**
 * Reads parameters by their short names, with at most a second per try.
 *
 * @param withinMs no try begins later than this many milliseconds after the first; 0 is one try
 */
export type ReadParameters = (names: readonly string[], withinMs: number) => Promise<ParametersResult>;

export type Loaded =
  | {
      readonly kind: 'ready';
      readonly configuration: Configuration;
      /** Values by short name. */
      readonly parameters: ReadonlyMap<string, string>;
      readonly readAt: EpochSeconds;
      /** Older than it should be, because the parameters cannot be read at the moment. */
      readonly stale: boolean;
    }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export interface ConfigurationSource {
  /** What this request works with; never rejects. Ask once per request: the answer changes as a whole. */
  load(): Promise<Loaded>;
  /** Gives a reading that runs beside this request its time, before the request is answered. */
  settle(): Promise<void>;
  /**
   * Reads anew because something did not fit: an unknown key id, a client secret that the provider refuses.
   *
   * @returns `unavailable` unless the parameters have been read within the last ten seconds; then what does not fit is wrong
   */
  reread(): Promise<Loaded>;
}

/** Starts a timer and gives back how to stop it. */
export type StartTimer = (ms: number, fire: () => void) => () => void;

export interface SourceOptions {
  readonly packaged: Packaged;
  /** What comes before a parameter's short name in its full one: `/token-broker/dev`. */
  readonly prefix: string;
  readonly readParameters: ReadParameters;
  readonly nowMs?: () => number;
  readonly startTimer?: StartTimer;
}

const freshMs = 5 * 60_000;
const usableMs = 15 * 60_000;
const settleMs = 300;

/** After the first try a last one begins in time to end within five seconds. */
const firstLoadMs = 4_000;
const tryMs = 1_000;

/** How long a reading that failed, found something invalid, or was asked for out of turn is not repeated. */
const pauseMs = { failure: 5_000, invalid: 5_000, reread: 10_000 };

interface Reading {
  readonly startedAtMs: number;
  /** When it has ended at the latest, unless the instance was frozen meanwhile. */
  readonly endsAtMs: number;
  readonly done: Promise<void>;
}

const isWithin = (spanMs: number, sinceMs: number, nowMs: number): boolean =>
  nowMs >= sinceMs && nowMs - sinceMs < spanMs;

const startTimerOfThisProcess: StartTimer = (ms, fire) => {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
};

/** One per instance of a function. */
export function createConfigurationSource({
  packaged,
  prefix,
  readParameters,
  nowMs = Date.now,
  startTimer = startTimerOfThisProcess,
}: SourceOptions): ConfigurationSource {
  const names = parameterNames(packaged.configuration);
  let current: { readonly found: Exclude<Loaded, { kind: 'unavailable' }>; readonly readAtMs: number } | undefined;
  let failure: { readonly reason: string; readonly atMs: number } | undefined;
  let reading: Reading | undefined;

  const accept = async (parameters: ReadonlyMap<string, string>, readAtMs: number): Promise<void> => {
    const resolved = await resolveConfiguration(packaged, parameters, prefix);
    // A reading that was overtaken while the instance was frozen brings old values.
    if (current !== undefined && current.readAtMs > readAtMs) return;
    const found =
      resolved.kind === 'invalid'
        ? resolved
        : { ...resolved, parameters, readAt: epochSeconds(readAtMs / 1000), stale: false };
    current = { found, readAtMs };
    failure = undefined;
  };

  const fail = (reason: string, startedAtMs: number): void => {
    if (reading === undefined || reading.startedAtMs === startedAtMs) failure = { reason, atMs: nowMs() };
  };

  const readOnce = async (startedAtMs: number, withinMs: number): Promise<void> => {
    try {
      const result = await readParameters(names, withinMs);
      if (result.kind === 'read') await accept(result.values, startedAtMs);
      else fail(result.reason, startedAtMs);
    } catch {
      fail('internal', startedAtMs);
    }
  };

  /** Joins a reading under way, but not one that a freeze has cut off from its answer. */
  const read = (withinMs: number): Promise<void> => {
    const startedAtMs = nowMs();
    if (reading !== undefined && startedAtMs >= reading.startedAtMs && startedAtMs < reading.endsAtMs)
      return reading.done;
    const started: Reading = {
      startedAtMs,
      endsAtMs: startedAtMs + withinMs + tryMs,
      done: readOnce(startedAtMs, withinMs).finally(() => {
        if (reading === started) reading = undefined;
      }),
    };
    reading = started;
    return started.done;
  };

  const answer = (): Loaded => {
    if (current === undefined) return { kind: 'unavailable', reason: failure?.reason ?? 'internal' };
    const { found, readAtMs } = current;
    const isStale = found.kind === 'ready' && !isWithin(usableMs, readAtMs, nowMs());
    return isStale ? { ...found, stale: true } : found;
  };

  return {
    async load() {
      const now = nowMs();
      if (current === undefined) {
        await read(firstLoadMs);
      } else if (failure === undefined || !isWithin(pauseMs.failure, failure.atMs, now)) {
        const [sparedMs, servedMs] =
          current.found.kind === 'ready' ? [freshMs, usableMs] : [pauseMs.invalid, pauseMs.invalid];
        if (!isWithin(servedMs, current.readAtMs, now)) await read(0);
        else if (!isWithin(sparedMs, current.readAtMs, now)) void read(0);
      }
      return answer();
    },

    async settle() {
      const running = reading;
      if (running === undefined) return;
      await new Promise<void>((resolve) => {
        const stop = startTimer(settleMs, resolve);
        void running.done.finally(() => {
          stop();
          resolve();
        });
      });
    },

    async reread() {
      const lastMs = failure?.atMs ?? current?.readAtMs;
      if (reading !== undefined || lastMs === undefined || !isWithin(pauseMs.reread, lastMs, nowMs())) await read(0);
      return failure === undefined ? answer() : { kind: 'unavailable', reason: failure.reason };
    },
  };
}
