/** What the store is told of a login: that its transaction is used, the new session, and the end of the one before. */
import { epochSeconds } from '../../contract/units.ts';
import { revokeRefreshToken } from '../../oidc/revocation.ts';
import type { TokenEndpoint } from '../../oidc/token-request.ts';
import { loginHash, sessionRefOf } from '../../refresh/references.ts';
import { readHoldings } from '../../refresh/rows.ts';
import { sealHoldings, type Holdings } from '../../session/holdings.ts';
import type { Identity, SessionKeys } from '../../session/identity.ts';
import type { Transaction } from '../../session/transactions.ts';
import { sealerOf } from '../context.ts';
import type { AuthContext } from './room.ts';

/** A transaction's cookie may be copied, and its deletion withheld, for as long as the transaction lasts. */
const transactionSeconds = 900;

/** @returns false for every callback of one login but the first */
export async function isFirstUse({ broker }: AuthContext, { state, startedAt }: Transaction): Promise<boolean> {
  const expiresAt = epochSeconds(startedAt + transactionSeconds);
  return (await broker.store.useOnce('login', loginHash(state), expiresAt)) === 'first';
}

const isSameOwner = (one: Identity, other: Identity): boolean =>
  one.issuer === other.issuer && one.subject === other.subject;

/**
 * The session that the browser had at `/bff/login` ends. Its refresh token is revoked only where it was somebody else's:
 * both logins of one user may share a grant, and a revocation would end it for both.
 */
async function supersede(
  context: AuthContext,
  seen: SessionKeys,
  identity: Identity,
  endpoint: TokenEndpoint,
): Promise<void> {
  const { broker, now, log } = context;
  const ref = sessionRefOf({ ...identity, sessionId: seen.sessionId });
  const { row } = await broker.store.read(ref);
  await broker.store.bury(ref, { why: 'superseded', at: now }, identity.endsAt);
  if (row === undefined) return;
  const rules = { ring: broker.ring, now, unknownKey: 'absent' } as const;
  const holdings = await readHoldings(broker, ref, row.generation, { identity: { ...identity, ...seen }, rules });
  if (holdings.kind !== 'value' || isSameOwner(holdings.value.identity, identity)) return;
  const { refreshToken } = holdings.value;
  if (refreshToken === undefined) return;
  if ((await revokeRefreshToken(endpoint, refreshToken)) === 'failed')
    log('warn', 'revocation_failed', { during: 'login' });
}

/** Before any cookie is set: a session that the store does not know could not be ended by anybody. */
export async function keepSession(
  context: AuthContext,
  { seenSession }: Transaction,
  { identity, holdings }: { readonly identity: Identity; readonly holdings: Holdings },
  endpoint: TokenEndpoint,
): Promise<void> {
  const { store } = context.broker;
  const ref = sessionRefOf(identity);
  await store.create(ref, identity.endsAt);
  await store.putTokens(ref, holdings.generation, sealHoldings(holdings, sealerOf(context)), identity.endsAt);
  if (seenSession !== undefined) await supersede(context, seenSession, identity, endpoint);
}
