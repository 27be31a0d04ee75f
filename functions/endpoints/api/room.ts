/** What the fetch endpoints need beyond every other endpoint: which API a path belongs to, and what its token was had for. */
import type { Forwarding } from '../../proxy/forward.ts';
import type { Routes } from '../../proxy/routes.ts';
import type { Broker, Context } from '../context.ts';

export interface ApiBroker extends Broker {
  readonly routes: Routes;
  /** By API name; an API without an audience has none. */
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly send: Forwarding['send'];
}

export type ApiContext = Context<ApiBroker>;
