/** That a request has used its session, for the jar. */
import type { SetCookie } from '../http/message.ts';
import { isSeenDue, type LiveSession } from '../session/lifetimes.ts';
import { sealerOf, type Context } from './context.ts';

/** @returns nothing while a recent request has said it already */
export async function activityCookies(context: Context, session: LiveSession): Promise<readonly SetCookie[]> {
  const { idle } = context.broker.configuration.session;
  if (!isSeenDue(session.lastActiveAt, context.now, idle)) return [];
  const { seenCookie } = await import('../session/seen-cookie.ts');
  const seen = seenCookie(session, idle, sealerOf(context));
  return seen === undefined ? [] : [seen];
}
