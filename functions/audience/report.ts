/**
 * The development report: per API what was asked, what came back, which check failed and what to do. It travels in a
 * cookie of at most 2 KB and holds no token.
 */
import type { AudienceCode } from '../contract/wire.ts';
import { epochSeconds, type EpochSeconds } from '../contract/units.ts';
import type { Spelled, Way, Wish } from './dialects.ts';
import type { Observed, Verdict } from './guarantee.ts';

export interface ReportEntry {
  readonly api: string;
  readonly asked: {
    readonly leg: Spelled['leg'];
    readonly dialect: Way['dialect']['dialect'];
    /** Names only: of those sent on this leg, `scope` among them. */
    readonly parameters: readonly string[];
    readonly audience?: string;
    readonly scope?: string;
  };
  readonly came: Observed;
  /** `unverified`: accepted, but nobody could look into it. */
  readonly result: 'satisfied' | 'unverified' | AudienceCode;
  readonly cause?: string;
  readonly fix?: string;
}

export interface Report {
  readonly at: EpochSeconds;
  /** The newest first. */
  readonly entries: readonly ReportEntry[];
  /** How many entries did not fit. */
  readonly omitted: number;
}

/** In bytes of JSON. */
export const longestReport = 2048;

/** What one grant brought for one API. */
export function entryOf(api: string, way: Way, wish: Wish, spelled: Spelled, verdict: Verdict): ReportEntry {
  const names = spelled.parameters.map(([name]) => name);
  return {
    api,
    asked: {
      leg: spelled.leg,
      dialect: way.dialect.dialect,
      parameters: [...new Set(spelled.scope === undefined ? names : ['scope', ...names])],
      ...(wish.asked === undefined ? {} : { audience: wish.asked.audience }),
      ...(spelled.scope === undefined ? {} : { scope: spelled.scope }),
    },
    came: verdict.observed,
    ...(verdict.kind === 'satisfied'
      ? { result: verdict.verified ? 'satisfied' : 'unverified' }
      : { result: verdict.code, cause: verdict.cause, fix: verdict.fix }),
  };
}

/** The newest entry of each API stays. */
export function addToReport(report: Report | undefined, entry: ReportEntry, at: EpochSeconds): Report {
  const others = (report?.entries ?? []).filter(({ api }) => api !== entry.api);
  return { at, entries: [entry, ...others], omitted: report?.omitted ?? 0 };
}

// --- fitting into the cookie ---

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** Every text cut to a length and every list to five; the shape stays. */
function shorten<T>(value: T, length: number): T;
function shorten(value: unknown, length: number): unknown {
  if (typeof value === 'string') return cut(value, length);
  if (Array.isArray(value)) return value.slice(0, 5).map((one: unknown) => shorten(one, length));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shorten<unknown>(member, length)]));
}

const lengths = [400, 160, 80] as const;

/** Refusals are what a report is read for. */
const dropLast = ({ at, entries, omitted }: Report): Report => {
  const passed = entries.findLastIndex(({ fix }) => fix === undefined);
  const dropped = passed === -1 ? entries.length - 1 : passed;
  return { at, entries: entries.filter((_, index) => index !== dropped), omitted: omitted + 1 };
};

/** @returns JSON of at most `longestReport` bytes: first texts are cut, then entries dropped, those without a fault first */
export function encodeReport(report: Report): string {
  for (const length of lengths) {
    const text = JSON.stringify({ ...report, entries: report.entries.map((entry) => shorten(entry, length)) });
    if (Buffer.byteLength(text) <= longestReport) return text;
  }
  return encodeReport(dropLast(report));
}

/** @returns `undefined` for anything that `encodeReport` did not write */
export function decodeReport(text: string): Report | undefined {
  try {
    const value = JSON.parse(text) as Partial<Report> | null;
    if (typeof value?.at !== 'number' || typeof value.omitted !== 'number' || !Array.isArray(value.entries)) {
      return undefined;
    }
    return { at: epochSeconds(value.at), entries: value.entries as readonly ReportEntry[], omitted: value.omitted };
  } catch {
    return undefined;
  }
}
