/** Puts together what a refresh needs. The hot function imports this file when the first token has run out. */
import { epochSeconds } from './contract/units.ts';
import { withNewestCredentials } from './credentials.ts';
import type { Tools } from './door.ts';
import type { Broker } from './endpoints/context.ts';
import { createProvider, type Provider } from './oidc/provider.ts';
import { revokeRefreshToken } from './oidc/revocation.ts';
import { redeemRefreshToken } from './oidc/token-request.ts';
import { send } from './outgoing/send.ts';
import { createRefreshing, type Refreshing } from './refresh/refreshing.ts';
import type { Redemption, RefreshRoom } from './refresh/room.ts';
import { openSharing } from './sharing.ts';

type Redeem = RefreshRoom['redeem'];

/** A second try with newly read credentials begins only so early that both end within the limit of a redemption. */
const latestSecondTryMs = 3000;

const now = () => epochSeconds(Date.now() / 1000);

function redeemerOf(provider: Provider): Redeem {
  return async (refreshToken, session, parameters): Promise<Redemption> => {
    const found = await provider.metadata(now());
    if (found.kind !== 'known') return { kind: 'unknown', reason: found.reason };
    return redeemRefreshToken(await provider.tokenEndpoint(found.metadata), refreshToken, session, parameters);
  };
}

/** A client secret that was rotated is in the parameters already: they are read once more before anybody gives up. */
function redeemerOfClient(provider: Provider, tools: Tools): Redeem {
  const redeem = redeemerOf(provider);
  return async (...wish) => {
    const startedAtMs = Date.now();
    const result = await redeem(...wish);
    if (result.kind !== 'client_refused' || Date.now() - startedAtMs > latestSecondTryMs) return result;
    const renewed = await withNewestCredentials(provider, tools);
    return renewed === undefined ? result : redeemerOf(renewed)(...wish);
  };
}

async function revoke(provider: Provider, refreshToken: string): Promise<void> {
  const found = await provider.metadata(now());
  if (found.kind === 'known') await revokeRefreshToken(await provider.tokenEndpoint(found.metadata), refreshToken);
}

export function openRefreshing({ configuration }: Broker, tools: Tools): Refreshing {
  const { provider: settings, apis, scopes } = configuration;
  const provider = createProvider(settings, send);
  return createRefreshing({
    ...openSharing(tools.environment, configuration),
    provider: settings,
    apis,
    openidScopes: scopes,
    redeem: redeemerOfClient(provider, tools),
    revoke: (refreshToken) => revoke(provider, refreshToken),
  });
}
