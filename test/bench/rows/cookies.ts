/** What a session of a 1 KB access token weighs: each cookie, and all of those that one request carries. */
import { cookie } from '../../../functions/contract/wire.ts';
import type { Finding, Row } from '../finding.ts';
import { startInstance } from '../parts/instance.ts';
import { logIn } from '../parts/person.ts';
import { withStage } from '../parts/stage.ts';

const ofApi = `${cookie.apiTokenPrefix}orders`;

const bytesOf = (what: string, bytes: number): Finding => ({ what, unit: 'bytes', measured: [bytes] });

export const cookies: Row = {
  name: 'cookies',
  title: 'Cookies of a session whose access token has 1 KB',
  measure: async () =>
    withStage(async ({ product, provider }): Promise<readonly Finding[]> => {
      const auth = await startInstance(product('auth', { table: true }));
      const jar = await logIn(auth, provider);
      await auth.close();
      const sent = jar.header('/api/orders/open');
      const lengths = new Map(
        sent.split('; ').map((pair) => {
          const equals = pair.indexOf('=');
          return [pair.slice(0, equals), pair.length - equals - 1] as const;
        }),
      );
      return [
        {
          what: `${ofApi}, its value`,
          unit: 'bytes',
          measured: [lengths.get(ofApi) ?? Number.NaN],
          against: { what: 'the raw token', measured: [provider.tokenCharacters] },
          budget: { of: 'difference', atMost: 160, kind: 'exact' },
        },
        ...[cookie.session, cookie.grant].map((name) => bytesOf(`${name}, its value`, lengths.get(name) ?? Number.NaN)),
        bytesOf('Cookie header of an API call', sent.length),
        bytesOf('Cookie header of /bff/user', jar.header('/bff/user').length),
      ];
    }),
};
