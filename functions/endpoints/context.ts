/** What every endpoint is given: the request, and what the configuration of this moment makes of the broker. */
import type { Configuration, Paths } from '../configuration/schema.ts';
import type { EpochSeconds } from '../contract/units.ts';
import { endpoint } from '../contract/wire.ts';
import type { HttpRequest } from '../http/message.ts';
import type { JarLayout } from '../session/issue.ts';
import type { KeyRing } from '../session/keyring.ts';
import type { RandomBytes, Sealer } from '../session/sealing.ts';
import type { Log } from '../telemetry/log.ts';

/** The broker as one configuration makes it. It is made once and serves many requests. */
export interface Broker {
  readonly configuration: Configuration;
  readonly paths: Paths;
  readonly ring: KeyRing;
  readonly layout: JarLayout;
  readonly random: RandomBytes;
  /** Whether this stage has a table, so that what one instance knows all of them know. */
  readonly hasTable: boolean;
  /** Reads the key ring again, because a cookie names a key that it lacks; `undefined` when that did not work. */
  rereadKeys(): Promise<KeyRing | undefined>;
}

/** One request on its way through an endpoint. */
export interface Context<Room extends Broker = Broker> {
  readonly request: HttpRequest;
  readonly broker: Room;
  readonly now: EpochSeconds;
  readonly log: Log;
}

export const sealerOf = ({ broker, now }: Context): Sealer => ({ ring: broker.ring, random: broker.random, now });

/** Absolute where a page of another origin has to find it. */
export function addressOf({ configuration, paths }: Broker, name: keyof typeof endpoint): string {
  const { publicOrigin, appOrigins } = configuration;
  const isOneOrigin = appOrigins.every((origin) => origin === publicOrigin);
  return `${isOneOrigin ? '' : publicOrigin}${paths.base}${endpoint[name]}`;
}

/** The addresses that are registered at the provider; never made of what a request says. */
export const redirectUri = ({ configuration, paths }: Broker): string => configuration.publicOrigin + paths.callback;
export const logoutReturnUri = ({ configuration, paths }: Broker): string =>
  configuration.publicOrigin + paths.base + endpoint.logoutCallback;
