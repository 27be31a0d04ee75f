/** Ends a session: in the store, at the provider, and in the jar. What the provider does or does not do changes nothing here. */
import { endpoint } from '../../contract/wire.ts';
import { serializedBytes } from '../../http/cookies.ts';
import type { SetCookie } from '../../http/message.ts';
import { logoutUrl } from '../../oidc/logout-request.ts';
import { revokeRefreshToken } from '../../oidc/revocation.ts';
import { sessionRefOf } from '../../refresh/references.ts';
import { readHoldings } from '../../refresh/rows.ts';
import { StoreUnavailable } from '../../refresh/store.ts';
import type { Grant } from '../../session/grant.ts';
import type { Identity } from '../../session/identity.ts';
import { endSession } from '../../session/issue.ts';
import { readIdToken, returnCookie } from '../../session/logout.ts';
import type { ReadingRules } from '../../session/reading.ts';
import { reportDeletion } from '../../session/report.ts';
import { transactionDeletions } from '../../session/transactions.ts';
import { hashed } from '../../telemetry/log.ts';
import { logoutReturnUri, sealerOf } from '../context.ts';
import type { AuthContext } from './room.ts';

/** A session that somebody leaves. */
export interface Leaving {
  readonly identity: Identity;
  /** Left out where it is missing in the jar. */
  readonly grant: Grant | undefined;
  readonly rules: ReadingRules;
  /** Every session of this user ends, on every device. */
  readonly everywhere: boolean;
}

export interface Left {
  /** Where the browser goes next: the provider's logout, or the return URL. */
  readonly location: string;
  readonly cookies: readonly SetCookie[];
}

/** A logout waits no longer for the provider's revocation. */
const revocationMs = 2000;

const stateBytes = 16;

/** @param home the cookie that leads back from the provider, where there is one */
export function jarDeletions({ broker, request }: AuthContext, home: readonly SetCookie[] = []): readonly SetCookie[] {
  const report = broker.configuration.development ? [reportDeletion(broker.paths.base + endpoint.diagnostics)] : [];
  const alongside = [...home, ...transactionDeletions(request.cookies), ...report];
  return [...endSession(broker.layout, { alongside, setCookieBytes: serializedBytes }), ...alongside];
}

// --- in the store ---

async function write({ broker, now }: AuthContext, { identity, everywhere }: Leaving): Promise<number | undefined> {
  const { store } = broker;
  const ref = sessionRefOf(identity);
  const { row } = await store.read(ref);
  await store.bury(ref, { why: 'logout', at: now }, identity.endsAt);
  // The rows of the user's other sessions end with the longest session that may begin now.
  if (everywhere) await store.revoke({ subject: ref.subject }, now, identity.endsAt);
  return row?.generation;
}

/**
 * Remembers the end of the session, so that no jar brings it back.
 *
 * @returns the newest refresh token; the jar's may be older
 */
async function bury(context: AuthContext, leaving: Leaving): Promise<string | undefined> {
  const { broker, log } = context;
  const { identity, grant, rules } = leaving;
  try {
    const generation = await write(context, leaving);
    if (generation === undefined) return grant?.refreshToken;
    const newest = await readHoldings(broker, sessionRefOf(identity), generation, { identity, rules });
    return newest.kind === 'value' ? newest.value.refreshToken : grant?.refreshToken;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // The cookies go all the same: who wants to leave is not kept.
    log('error', 'store_unavailable', { during: 'logout' });
    return grant?.refreshToken;
  }
}

// --- at the provider ---

async function revoke({ broker, log, now }: AuthContext, refreshToken: string): Promise<void> {
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') return log('warn', 'revocation_failed', { reason: found.reason });
  const result = await revokeRefreshToken(await broker.provider.tokenEndpoint(found.metadata), refreshToken);
  if (result === 'failed') log('warn', 'revocation_failed', { reason: 'the provider did not accept it' });
}

async function revokeInTime(context: AuthContext, refreshToken: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      context.log('warn', 'revocation_failed', { reason: 'timeout' });
      resolve();
    }, revocationMs);
  });
  await Promise.race([revoke(context, refreshToken), late]);
  clearTimeout(timer);
}

/** @returns the provider's logout; `undefined` where it has none or cannot be reached */
async function providerLogout(context: AuthContext, { identity, rules }: Leaving): Promise<string | undefined> {
  const { broker, request, now } = context;
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') return undefined;
  return logoutUrl(broker.configuration.provider, found.metadata, {
    returnUri: logoutReturnUri(broker),
    state: broker.random(stateBytes).toString('base64url'),
    idToken: readIdToken(request.cookies, { identity }, rules),
    providerSid: identity.providerSid,
  });
}

/** @param returnUrl already allowed; where the browser ends up, by way of the provider's logout */
export async function leave(context: AuthContext, leaving: Leaving, returnUrl: string): Promise<Left> {
  const refreshToken = await bury(context, leaving);
  const location = await providerLogout(context, leaving);
  if (refreshToken !== undefined) await revokeInTime(context, refreshToken);
  const { everywhere, identity } = leaving;
  context.log('info', 'logout', { session: hashed(identity.sessionId), everywhere });
  const home = location === undefined ? [] : [returnCookie(returnUrl, sealerOf(context))];
  return { location: location ?? returnUrl, cookies: jarDeletions(context, home) };
}
