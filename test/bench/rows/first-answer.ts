/** What a cold instance takes until its first answer, beyond what the runtime itself takes. */
import type { Finding, Row } from '../finding.ts';
import { fetchEvent, navigationEvent } from '../parts/events.ts';
import { startInstance, timeFirstAnswer } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';
import type { Stage } from '../parts/stage.ts';
import { interleave } from '../statistics.ts';

const path = '/api/orders/open';

async function cookiesOf({ product, provider }: Stage): Promise<(path: string) => string> {
  const auth = await startInstance(product('auth'));
  const jar = await logIn(auth, provider);
  await auth.close();
  return (at) => jar.header(at);
}

/** Per round, what one took more than the other. */
const beyond = (values: readonly number[], empty: readonly number[]): number[] =>
  values.map((value, round) => value - (empty[round] ?? Number.NaN));

export const firstAnswer: Row = {
  name: 'first-answer',
  title: 'Cold: start of the process to the first answer, without what an empty handler takes',
  measure: async ({ runs }) =>
    withStage(async (stage): Promise<readonly Finding[]> => {
      const { product, baseline } = stage;
      const cookies = await cookiesOf(stage);
      const call = fetchEvent(path, cookies(path));
      const user = fetchEvent('/bff/user', cookies('/bff/user'));
      const login = navigationEvent('/bff/login');
      const times = await interleave(runs, {
        empty: async () => timeFirstAnswer(baseline('empty'), call, 204),
        passThrough: async () => timeFirstAnswer(baseline('pass-through'), call, 200),
        api: async () => timeFirstAnswer(product('api'), call, 200),
        user: async () => timeFirstAnswer(product('api'), user, 200),
        login: async () => timeFirstAnswer(product('auth'), login, 302),
        emptyTls: async () => timeFirstAnswer(baseline('empty', { tls: true }), call, 204),
        passThroughTls: async () => timeFirstAnswer(baseline('pass-through', { tls: true }), call, 200),
        apiTls: async () => timeFirstAnswer(product('api', { tls: true }), call, 200),
      });
      const passThrough = { what: 'the pass-through handler', measured: beyond(times.passThrough, times.empty) };
      const unit = 'ms';
      return [
        {
          what: 'api call, parameters and API by http',
          unit,
          measured: beyond(times.api, times.empty),
          against: passThrough,
          budget: { of: 'ratio', atMost: 1.5, kind: 'timed' },
        },
        {
          what: 'api call, parameters and API by TLS',
          unit,
          measured: beyond(times.apiTls, times.emptyTls),
          against: {
            what: 'the pass-through handler, API by TLS',
            measured: beyond(times.passThroughTls, times.emptyTls),
          },
          budget: { of: 'figure', atMost: 45, kind: 'timed' },
        },
        {
          what: '/bff/user, parameters by http',
          unit,
          measured: beyond(times.user, times.empty),
          against: passThrough,
        },
        {
          what: '/bff/login, parameters and metadata by http',
          unit,
          measured: beyond(times.login, times.empty),
          against: passThrough,
        },
      ];
    }),
};
