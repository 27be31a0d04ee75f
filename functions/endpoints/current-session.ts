/** The session of a request, and what is answered when there is none that may be used. */
import type { ProblemCode } from '../contract/wire.ts';
import type { HttpResponse } from '../http/message.ts';
import { problem } from '../http/problems.ts';
import { readSession, type SessionReading } from '../session/jar.ts';
import type { ReadingRules, Unreadable } from '../session/reading.ts';
import { addressOf, type Context } from './context.ts';

/** As much of a reading as an answer needs. */
export type DeadSession = { readonly kind: Exclude<SessionReading['kind'], 'live' | 'unreadable'> } | Unreadable;

export interface CurrentSession {
  readonly session: SessionReading;
  /** By which the session's other cookies are to be read. */
  readonly rules: ReadingRules;
}

const mayBeNewKey = (reading: { readonly kind: string } | Unreadable): boolean =>
  reading.kind === 'unreadable' && 'reason' in reading && reading.reason === 'unknown_key';

/**
 * Reads with the keys at hand, and once more with newly read ones where a cookie names a key that is not among them:
 * another instance may have sealed it with a newer ring (it counts as retired only when the ring read just now lacks it).
 */
export async function readWithKeys<T extends { readonly kind: string }>(
  { broker, now }: Context,
  read: (rules: ReadingRules) => T,
): Promise<{ readonly reading: T; readonly rules: ReadingRules }> {
  const rules: ReadingRules = { ring: broker.ring, now, unknownKey: 'unreadable' };
  const reading = read(rules);
  if (!mayBeNewKey(reading)) return { reading, rules };
  const ring = await broker.rereadKeys();
  if (ring === undefined) return { reading, rules };
  const newRules: ReadingRules = { ring, now, unknownKey: 'absent' };
  return { reading: read(newRules), rules: newRules };
}

/** A session of another issuer was made under another configuration: its tokens are not what is asked for now. */
const isOfThisProvider = ({ broker }: Context, reading: SessionReading): boolean =>
  !('identity' in reading) || reading.identity.issuer === broker.configuration.provider.issuer;

export async function currentSession(context: Context): Promise<CurrentSession> {
  const { idle } = context.broker.configuration.session;
  const { cookies } = context.request;
  const { reading, rules } = await readWithKeys(context, (by) => readSession(cookies, { ...by, idleSeconds: idle }));
  return { session: isOfThisProvider(context, reading) ? reading : { kind: 'absent' }, rules };
}

const codes = {
  absent: 'login_required',
  expired: 'session_expired',
  over: 'session_over',
  grantless: 'session_over',
  unreadable: 'session_unreadable',
  ambiguous: 'cookies_ambiguous',
} as const satisfies Record<DeadSession['kind'], ProblemCode>;

/** The problem with which a fetch endpoint answers; only what a login cures names one. */
export function sessionProblem(context: Context, session: DeadSession): HttpResponse {
  const code = codes[session.kind];
  if (session.kind === 'unreadable' || session.kind === 'ambiguous') {
    context.log('warn', 'cookie_rejected', {
      code,
      ...(session.kind === 'unreadable' ? { reason: session.reason } : {}),
    });
  } else if (session.kind !== 'absent') {
    context.log('info', 'session_ended', { code });
  }
  return problem(code, {
    ref: context.request.requestId,
    loginUrl: addressOf(context.broker, 'login'),
  });
}
