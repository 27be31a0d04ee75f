/** What the two doors to the APIs are furnished with: the one that answers whole, and the one that streams. */
import { redemptionGroups } from './audience/groups.ts';
import type { Tools } from './door.ts';
import type { ApiBroker } from './endpoints/api/room.ts';
import type { Broker } from './endpoints/context.ts';
import { createRoutes } from './proxy/routes.ts';
import type { Refreshing } from './refresh/refreshing.ts';
import { createStandings } from './session/standing.ts';

/** @param send how the APIs are asked */
export function furnishApis(broker: Broker, tools: Tools, send: ApiBroker['send']): ApiBroker {
  const { apis } = broker.configuration;
  const groups = redemptionGroups(apis);
  const groupOf = new Map(groups.flatMap((group) => group.apis.map((name) => [name, group])));
  let opened: Promise<Refreshing> | undefined;
  const refreshing = async (): Promise<Refreshing> => {
    opened ??= import('./refreshing.ts').then(({ openRefreshing }) => openRefreshing(broker, tools));
    return opened;
  };
  return { ...broker, routes: createRoutes(apis), groups, groupOf, refreshing, standings: createStandings(), send };
}
