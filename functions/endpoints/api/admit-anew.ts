/** Admits a request for which the jar alone is not enough: something is missing there, has run out, or must be asked for. */
import type { RedemptionGroup } from '../../audience/groups.ts';
import { problem } from '../../http/problems.ts';
import { readApiToken } from '../../session/jar.ts';
import { standingOf } from '../../session/standing.ts';
import { activityCookies } from '../activity.ts';
import { readWithKeys, sessionProblem } from '../current-session.ts';
import { isFresh, refused, type Admission } from './admission.ts';
import { audienceProblem, renew } from './renew.ts';
import type { ApiContext } from './room.ts';
import { renewalCookies, unusableProblem, usableSession, type Usable } from './usable-session.ts';

type UsableSession = Extract<Usable, { kind: 'usable' }>;

async function admitWith(
  context: ApiContext,
  api: string,
  group: RedemptionGroup,
  { session, rules, healed }: UsableSession,
): Promise<Admission> {
  const { request, now } = context;
  const { identity, grant } = session;
  const standing = standingOf(session);
  const { reading } = await readWithKeys(context, (by) =>
    readApiToken(request.cookies, api, standing.binding, group.fingerprint, by),
  );
  if (reading.kind === 'unreadable') return refused(sessionProblem(context, reading));
  const mended = healed === undefined ? undefined : renewalCookies(context, identity, healed, new Set());
  const cookies = mended?.kind === 'fits' ? mended.cookies : [];
  const activity = await activityCookies(context, session);
  if (reading.kind === 'token' && isFresh(standing, api, reading.expiresAt, now)) {
    return { kind: 'admitted', token: reading.token, cookies: [...cookies, ...activity] };
  }
  const failure = grant.failures.get(api);
  if (failure !== undefined && failure.retryAt > now) {
    return refused(audienceProblem(context, api, failure.code, cookies));
  }
  const currentEndsAt = reading.kind === 'token' ? reading.expiresAt : undefined;
  const known = healed === undefined ? grant : undefined;
  const renewed = await renew(context, { identity, grant: known, group, currentEndsAt, rules });
  if (renewed.kind !== 'token') return refused(renewed.response);
  const token = renewed.token ?? (reading.kind === 'token' ? reading.token : undefined);
  return { kind: 'admitted', token, cookies: [...renewed.cookies, ...activity] };
}

/** @param api name of one that has an audience */
export async function admitAnew(context: ApiContext, api: string): Promise<Admission> {
  const usable = await usableSession(context);
  if (usable.kind !== 'usable') return refused(unusableProblem(context, usable));
  const group = context.broker.groupOf.get(api);
  if (group === undefined) return refused(problem('not_found', { ref: context.request.requestId }));
  return admitWith(context, api, group, usable);
}
