/** `POST /bff/backchannel`: the provider ends sessions (OpenID Connect Back-Channel Logout 1.0, section 2.5). */
import { epochSeconds } from '../../contract/units.ts';
import { empty } from '../../http/answers.ts';
import type { HttpResponse } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import { parseParameters, single } from '../../http/query.ts';
import { verifyLogoutToken, type LogoutOrder } from '../../oidc/logout-token.ts';
import { jtiHash, sidHash, subjectHash } from '../../refresh/references.ts';
import { StoreUnavailable } from '../../refresh/store.ts';
import { hashed } from '../../telemetry/log.ts';
import type { AuthContext } from './room.ts';

/** A logout token has one to two kilobytes. */
const largestBody = 16_384;

/** Longer than any logout token is accepted. */
const jtiSeconds = 3600;

function readToken({ request }: AuthContext): string | undefined {
  const [mediaType = ''] = (request.headers.get('content-type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return undefined;
  const parameters = parseParameters(request.body.toString('latin1'));
  const token = parameters && single(parameters, 'logout_token');
  return token?.kind === 'value' ? token.value : undefined;
}

/**
 * The rows last as long as a session that logged in before may. The token is marked as used after they are written: where
 * that fails the provider sends it again, and to end the same sessions twice does no harm.
 */
async function obey({ broker, now }: AuthContext, order: LogoutOrder): Promise<'first' | 'again'> {
  const { store, configuration } = broker;
  const { issuer, jti, issuedAt, sid, subject } = order;
  const until = epochSeconds(issuedAt);
  const expiresAt = epochSeconds(now + configuration.session.absolute);
  if (sid !== undefined) await store.revoke({ sid: sidHash(issuer, sid) }, until, expiresAt);
  else if (subject !== undefined) await store.revoke({ subject: subjectHash(issuer, subject) }, until, expiresAt);
  return store.useOnce('jti', jtiHash(issuer, jti), epochSeconds(now + jtiSeconds));
}

function refuse({ request, log }: AuthContext, reason: string): HttpResponse {
  log('error', 'backchannel_logout_failed', { reason });
  return problem('logout_token_invalid', { ref: request.requestId });
}

async function obeyInTime(context: AuthContext, order: LogoutOrder): Promise<HttpResponse> {
  const { log, request } = context;
  try {
    if ((await obey(context, order)) === 'again') return refuse(context, 'the token has been used before');
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    log('error', 'backchannel_logout_failed', { reason: 'store_unavailable' });
    return problem('store_unavailable', { ref: request.requestId });
  }
  const { sid, subject } = order;
  log('info', 'backchannel_logout', { by: sid === undefined ? 'sub' : 'sid', of: hashed(sid ?? subject ?? '') });
  return empty(200);
}

/** Where nobody remembers what was ended, the endpoint does not exist: answering 200 would be a lie. */
export async function backchannel(context: AuthContext): Promise<HttpResponse> {
  const { request, broker, now, log } = context;
  const ref = request.requestId;
  if (!broker.hasTable) return problem('not_found', { ref });
  if (request.body.length > largestBody) return problem('body_too_large', { ref });
  const token = readToken(context);
  if (token === undefined) return refuse(context, 'there is no logout_token in a form');
  const found = await broker.provider.metadata(now);
  if (found.kind !== 'known') {
    log('error', 'backchannel_logout_failed', { reason: found.reason });
    return problem('provider_unavailable', { ref });
  }
  const { provider } = broker.configuration;
  const verified = await verifyLogoutToken(token, broker.provider.keys(found.metadata), provider, now);
  if (verified.kind === 'unavailable') {
    log('error', 'backchannel_logout_failed', { reason: 'the keys cannot be fetched' });
    return problem('provider_unavailable', { ref });
  }
  return verified.kind === 'refused' ? refuse(context, verified.reason) : obeyInTime(context, verified.order);
}
