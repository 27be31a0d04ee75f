/** The last audience report of this browser: what the diagnostics page shows on a development stage. */
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { Cookies, SetCookie } from '../http/message.ts';
import { openCandidates, sealChunks } from './chunks.ts';
import { isTime, parseObject } from './fields.ts';
import type { JsonValue } from './fields.ts';
import type { ReadingRules } from './reading.ts';
import type { Sealer } from './sealing.ts';

const lifetimeSeconds = seconds(3600);
const mostBytes = 2048;

/**
 * @param report says what was asked and what came back; never a token
 * @param path of the diagnostics page, for example `/bff/diagnostics`
 * @returns undefined when the cookie would exceed 2 KB
 */
export function reportCookie(report: JsonValue, path: string, sealer: Sealer): SetCookie | undefined {
  const plaintext = Buffer.from(JSON.stringify({ exp: sealer.now + lifetimeSeconds, report }));
  const [value = ''] = sealChunks(cookie.report, 'report', plaintext, sealer);
  if (`${cookie.report}=${value}`.length > mostBytes) return undefined;
  return { name: cookie.report, value, path, sameSite: 'Strict', maxAgeSeconds: lifetimeSeconds };
}

/** @returns the report; undefined when there is none of this browser */
export function readReport(cookies: Cookies, rules: ReadingRules): JsonValue | undefined {
  for (const opened of openCandidates(cookies, cookie.report, 'report', rules.ring)) {
    const { exp, report } = (opened.kind === 'opened' && parseObject(opened.plaintext)) || {};
    if (isTime(exp) && exp > rules.now) return report;
  }
  return undefined;
}

/** Deletes the report. */
export const reportDeletion = (path: string): SetCookie => ({
  name: cookie.report,
  value: '',
  path,
  sameSite: 'Strict',
  maxAgeSeconds: seconds(0),
});
