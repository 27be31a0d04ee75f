/** What a logout needs: the ID token that some providers ask back, and the way home from the provider. */
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { EpochSeconds } from '../contract/units.ts';
import type { Cookies, SetCookie } from '../http/message.ts';
import { ambiguousName, openCandidates, openCookie, sealChunks } from './chunks.ts';
import { isText, isTime, parseObject } from './fields.ts';
import { bindingOf } from './identity.ts';
import type { LiveSession } from './lifetimes.ts';
import type { ReadingRules } from './reading.ts';
import { packToken, readBytes, readVarint, unpackToken, varint } from './packing.ts';
import type { Sealer } from './sealing.ts';

/** An ID token that will be the `id_token_hint` (OpenID Connect RP-Initiated Logout 1.0, section 2). */
export interface IdTokenHint {
  readonly binding: string;
  readonly endsAt: EpochSeconds;
  readonly token: string;
}

const returnSeconds = seconds(300);

export function encodeIdToken({ binding, endsAt, token }: IdTokenHint): Buffer {
  const json = Buffer.from(JSON.stringify({ session: binding, exp: endsAt }));
  return Buffer.concat([varint(json.length), json, packToken(token)]);
}

export function decodeIdToken(plaintext: Buffer): IdTokenHint | undefined {
  const cursor = { bytes: plaintext, at: 0 };
  const length = readVarint(cursor);
  const json = length === undefined ? undefined : readBytes(cursor, length);
  const { session, exp } = (json && parseObject(json)) ?? {};
  const token = json && unpackToken(cursor);
  return isText(session) && isTime(exp) && token !== undefined ? { binding: session, endsAt: exp, token } : undefined;
}

/** @returns the session's ID token; undefined when there is none, then the provider is asked without a hint */
export function readIdToken(
  cookies: Cookies,
  session: Pick<LiveSession, 'identity'>,
  rules: ReadingRules,
): string | undefined {
  const binding = bindingOf(session.identity);
  return openCandidates(cookies, cookie.idToken, 'idt', rules.ring)
    .map((one) => (one.kind === 'opened' ? decodeIdToken(one.plaintext) : undefined))
    .find((hint) => hint?.binding === binding && hint.endsAt > rules.now)?.token;
}

/** Remembers where to go after the provider's logout. It is Lax: the browser comes back from another site. */
export function returnCookie(returnUrl: string, sealer: Sealer): SetCookie {
  const plaintext = Buffer.from(JSON.stringify({ url: returnUrl, exp: sealer.now + returnSeconds }));
  const [value = ''] = sealChunks(cookie.logoutReturn, 'return', plaintext, sealer);
  return { name: cookie.logoutReturn, value, path: '/', sameSite: 'Lax', maxAgeSeconds: returnSeconds };
}

/** Deletes the return URL. */
export const returnDeletion: SetCookie = {
  name: cookie.logoutReturn,
  value: '',
  path: '/',
  sameSite: 'Lax',
  maxAgeSeconds: seconds(0),
};

/** @returns where to go after the provider's logout; undefined when it is not known (any more) */
export function readReturnUrl(cookies: Cookies, rules: ReadingRules): string | undefined {
  if (ambiguousName(cookies, [cookie.logoutReturn])) return undefined;
  const opened = openCookie(cookies, cookie.logoutReturn, 'return', rules.ring);
  if (opened?.kind !== 'opened') return undefined;
  const { url, exp } = parseObject(opened.plaintext) ?? {};
  return isText(url) && isTime(exp) && exp > rules.now ? url : undefined;
}
