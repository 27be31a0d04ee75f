/** What to do when the provider refuses the broker's own credentials: a secret that was rotated is in the parameters already. */
import type { Configuration } from './configuration/schema.ts';
import type { Tools } from './door.ts';
import { createProvider, type Provider } from './oidc/provider.ts';
import { send } from './outgoing/send.ts';

const isSameClient = (left: Configuration['provider'], right: Configuration['provider']): boolean =>
  JSON.stringify([left.clientId, left.clientAuth]) === JSON.stringify([right.clientId, right.clientAuth]);

/**
 * @param provider that refused its client
 * @returns the same provider with the credentials of this moment; `undefined` where they are no others
 */
export async function withNewestCredentials(
  provider: Provider,
  { rereadConfiguration }: Tools,
): Promise<Provider | undefined> {
  const configuration = await rereadConfiguration();
  if (configuration === undefined || isSameClient(configuration.provider, provider.settings)) return undefined;
  return createProvider(configuration.provider, send);
}
