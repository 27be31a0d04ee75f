/** `GET /bff/diagnostics`, on a development stage: per API what was asked, what came back, which check failed, what to do. */
import { decodeReport } from '../../audience/report.ts';
import { diagnosticsPage } from '../../http/diagnostics-page.ts';
import type { HttpResponse } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import { readReport } from '../../session/report.ts';
import { readWithKeys } from '../current-session.ts';
import type { ApiContext } from './room.ts';

export async function diagnostics(context: ApiContext): Promise<HttpResponse> {
  const { request, broker } = context;
  if (!broker.configuration.development) return problem('not_found', { ref: request.requestId });
  const { reading } = await readWithKeys(context, (rules) => ({
    kind: 'report',
    report: readReport(request.cookies, rules),
  }));
  return diagnosticsPage(decodeReport(JSON.stringify(reading.report ?? null)));
}
