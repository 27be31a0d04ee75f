/** From the start of a process until it asks for its first event, under the runtime interface client. */
import type { Finding, Row } from '../finding.ts';
import { timeInit } from '../parts/instance.ts';
import { withStage } from '../parts/stage.ts';
import { interleave } from '../statistics.ts';

export const init: Row = {
  name: 'init',
  title: 'Init: start of the process to the first request for an event',
  measure: async ({ runs }) =>
    withStage(async ({ product, baseline }): Promise<readonly Finding[]> => {
      const times = await interleave(runs, {
        empty: async () => timeInit(baseline('empty')),
        api: async () => timeInit(product('api')),
        apiCode: async () => timeInit(product('api', { parameters: false })),
        auth: async () => timeInit(product('auth')),
      });
      const against = { what: 'an empty handler', measured: times.empty };
      const unit = 'ms';
      return [
        {
          what: 'api, its code alone',
          unit,
          measured: times.apiCode,
          against,
          budget: { of: 'ratio', atMost: 1.25, kind: 'timed' },
          note: 'without credentials, so that no parameter is asked for',
        },
        { what: 'api, parameters read by http on this machine', unit, measured: times.api, against },
        { what: 'auth, parameters read by http on this machine', unit, measured: times.auth, against },
      ];
    }),
};
