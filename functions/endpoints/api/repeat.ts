/**
 * An API that refuses a token which should be good: one renewal and one repetition, for requests that may be sent twice.
 * A 403 is the API's decision about the user, and no other token would change it.
 */
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { forward, type Forwarded } from '../../proxy/forward.ts';
import type { Match } from '../../proxy/routes.ts';
import type { Grant } from '../../session/grant.ts';
import { currentSession } from '../current-session.ts';
import type { Admitted } from './admission.ts';
import { renew } from './renew.ts';
import type { ApiContext } from './room.ts';

type Held = NonNullable<Admitted['held']>;

/** What takes the place of the API's first answer. */
export type Repeated =
  | { readonly kind: 'forwarded'; readonly forwarded: Forwarded; readonly cookies: readonly SetCookie[] }
  | { readonly kind: 'ended'; readonly response: HttpResponse };

/**
 * A token that was issued just now is not refused for its age, so that another one would be refused as well. How old a
 * token is shows where it came with the newest grant; an older one is older than that.
 */
function isYoung(held: Held, { generation, sealedAt, tokens }: Grant, api: string, now: number): boolean {
  const times = tokens.get(api);
  const marginSeconds = times === undefined ? 0 : times.endsAt - times.refreshAt;
  return held.generation >= generation && now - sealedAt < marginSeconds;
}

/** @returns undefined where the API's first answer stands */
export async function repeat(context: ApiContext, match: Match, admitted: Admitted): Promise<Repeated | undefined> {
  const { request, broker, now, log } = context;
  const { held, token } = admitted;
  const { name } = match.route;
  const group = broker.groupOf.get(name);
  if (!held || !token || !group) return undefined;
  const { session, rules } = await currentSession(context);
  if (session.kind !== 'live' || isYoung(held, session.grant, name, now)) return undefined;
  const renewed = await renew(context, {
    identity: session.identity,
    grant: session.grant,
    group,
    currentEndsAt: held.expiresAt,
    refusedToken: token,
    rules,
  });
  if (renewed.kind === 'token') {
    if (renewed.token === undefined || renewed.token === token) return undefined;
    const { publicOrigin } = broker.configuration;
    const forwarding = { send: broker.send, token: renewed.token, publicOrigin, nowMs: Date.now, log };
    return { kind: 'forwarded', forwarded: await forward(request, match, forwarding), cookies: renewed.cookies };
  }
  // What passes is no reason to hide what the API has said.
  return renewed.response.status === 503 ? undefined : { kind: 'ended', response: renewed.response };
}
