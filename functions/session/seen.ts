/** When a session was last used: a small cookie of its own, so that activity rewrites neither the identity nor the grant. */
import type { EpochSeconds } from '../contract/units.ts';
import { isText, isTime, parseObject } from './fields.ts';

/** The time of the last activity, tied to its session. */
export interface Seen {
  readonly binding: string;
  readonly at: EpochSeconds;
  readonly endsAt: EpochSeconds;
}

export const encodeSeen = ({ binding, at, endsAt }: Seen): Buffer =>
  Buffer.from(JSON.stringify({ session: binding, at, exp: endsAt }));

export function decodeSeen(plaintext: Buffer): Seen | undefined {
  const { session, at, exp } = parseObject(plaintext) ?? {};
  return isText(session) && isTime(at) && isTime(exp) ? { binding: session, at, endsAt: exp } : undefined;
}
