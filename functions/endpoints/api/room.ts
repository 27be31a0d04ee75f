/** What the fetch endpoints need beyond every other endpoint: which API a path belongs to, and what its token was had for. */
import type { Forwarding } from '../../proxy/forward.ts';
import type { Routes } from '../../proxy/routes.ts';
import type { RedemptionGroup } from '../../audience/groups.ts';
import type { Refreshing } from '../../refresh/refreshing.ts';
import type { Standings } from '../../session/standing.ts';
import type { Broker, Context } from '../context.ts';

export interface ApiBroker extends Broker {
  readonly routes: Routes;
  /** APIs that share a token, in the order of the configuration. */
  readonly groups: readonly RedemptionGroup[];
  /** By API name; an API without an audience is in none. */
  readonly groupOf: ReadonlyMap<string, RedemptionGroup>;
  /** Loaded with the first token that has run out. */
  refreshing(): Promise<Refreshing>;
  /** What was found out about sessions whose cookies have been opened before. */
  readonly standings: Standings;
  readonly send: Forwarding['send'];
}

export type ApiContext = Context<ApiBroker>;
