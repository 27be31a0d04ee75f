/** Keeps what the diagnostics page shows of a login, on a development stage alone. */
import { spell } from '../../audience/dialects.ts';
import { wishFor } from '../../audience/groups.ts';
import { addToReport, encodeReport, entryOf, type Report } from '../../audience/report.ts';
import { endpoint } from '../../contract/wire.ts';
import type { SetCookie } from '../../http/message.ts';
import type { JsonValue } from '../../session/fields.ts';
import { reportCookie } from '../../session/report.ts';
import { sealerOf } from '../context.ts';
import type { Collected } from './collect-tokens.ts';
import type { AuthContext } from './room.ts';

/** @returns at most one cookie; none outside development */
export function reportCookies(context: AuthContext, { outcomes }: Collected): readonly SetCookie[] {
  const { broker, now } = context;
  const { configuration, way, groups, paths } = broker;
  if (!configuration.development) return [];
  let report: Report | undefined;
  for (const [group, outcome] of outcomes) {
    if (outcome.kind === 'pending') continue;
    for (const api of group.apis) {
      const wish = wishFor(groups, api, configuration.scopes);
      const isOfLogin = way.second === 'merged' || group.apis.includes(configuration.login.api ?? '');
      const leg = isOfLogin ? 'authorize' : 'refresh';
      report = addToReport(report, entryOf(api, way, wish, spell(way, leg, wish), outcome), now);
    }
  }
  if (report === undefined) return [];
  const cookie = reportCookie(
    JSON.parse(encodeReport(report)) as JsonValue,
    paths.base + endpoint.diagnostics,
    sealerOf(context),
  );
  return cookie === undefined ? [] : [cookie];
}
