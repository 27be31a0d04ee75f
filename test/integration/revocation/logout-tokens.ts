/** Logout tokens as a provider makes them, and how they come to the broker (OpenID Connect Back-Channel Logout 1.0). */
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Signer } from '../../../infra/local/provider/provider.ts';
import { createBrowser, type Browser } from '../broker/browser.ts';
import { logIn } from '../broker/person.ts';
import type { Running } from '../broker/running.ts';
import { onGrant } from '../broker/tampering.ts';
import { send } from '../broker/wire.ts';

export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

export interface LogoutToken {
  /** In place of those of a token that ends all of alice's sessions; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly signer?: Signer;
}

/** Section 2.4, with a claim that nobody knows. */
export async function logoutToken(
  { provider }: Running,
  { claims, header, signer }: LogoutToken = {},
): Promise<string> {
  const all = {
    aud: 'token-broker',
    sub: 'auth0|alice',
    jti: randomUUID(),
    events: { [logoutEvent]: {} },
    ignored_claim: 'yes',
    ...claims,
  };
  return provider.sign(all, { typ: 'logout+jwt', ...header }, signer);
}

export interface Delivery {
  readonly method?: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** A request of the provider: no cookie, no header of a browser. */
export const deliver = async (
  { origin }: Running,
  token: string,
  {
    method = 'POST',
    contentType = 'application/x-www-form-urlencoded',
    body = new URLSearchParams({ logout_token: token }).toString(),
  }: Delivery = {},
): Promise<Response> =>
  send(new URL(`${origin}/bff/backchannel`), {
    method,
    headers: { 'content-type': contentType, 'content-length': String(Buffer.byteLength(body)) },
    body,
  });

/** A browser in which somebody has just logged in, and what the provider calls that session. */
export async function loggedInWithSid(
  broker: Running,
  username = 'alice',
): Promise<{
  readonly browser: Browser;
  readonly sid: string;
  readonly idToken: string;
  readonly accessToken: string;
}> {
  const seen = { idToken: '', accessToken: '' };
  broker.provider.faults.token = onGrant('authorization_code', (members) => {
    Object.assign(seen, { idToken: members['id_token'], accessToken: members['access_token'] });
    return members;
  });
  const browser = createBrowser();
  await logIn(browser, broker.origin, { username });
  delete broker.provider.faults.token;
  return { browser, sid: String(decodeJwt(seen.idToken)['sid']), ...seen };
}
