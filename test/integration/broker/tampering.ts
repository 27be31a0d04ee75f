/** What a provider might do to tokens and redirects, as faults of the one on this machine. Tokens are signed by its own key. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Answer, Fault, Provider, Signer } from '../../../infra/local/provider/provider.ts';

export type Claims = Readonly<Record<string, unknown>>;

export type Grant = 'authorization_code' | 'refresh_token';

/** Members of a token answer; one that is `undefined` is left out. */
export type Members = Readonly<Record<string, unknown>>;

export interface Change {
  /** Takes the place of a claim; `undefined` removes it. */
  readonly claims?: Claims | ((claims: Claims) => Claims);
  /** Further members of the protected header; `undefined` removes one. */
  readonly header?: Members;
  readonly signer?: Signer;
}

/** Rewrites the token answers of one grant. */
export const onGrant =
  (grant: Grant, change: (json: Members) => Members | Promise<Members>): Fault =>
  async (answer, { parameters }) =>
    parameters['grant_type'] === grant && answer.json !== undefined && answer.status === 200
      ? { ...answer, json: await change(answer.json) }
      : answer;

/** Applies one fault after the other. */
export const both =
  (first: Fault, second: Fault): Fault =>
  async (answer, request) =>
    second(await first(answer, request), request);

async function signAnew(provider: Provider, token: unknown, { claims, header, signer }: Change): Promise<string> {
  const before = decodeJwt(String(token));
  const { alg: _, ...protectedBefore } = decodeProtectedHeader(String(token));
  const changed = typeof claims === 'function' ? claims(before) : claims;
  return provider.sign({ ...before, ...changed }, { ...protectedBefore, ...header }, signer);
}

/** The provider's own access token with other claims. */
export const otherAccessToken = (provider: Provider, change: Change, grant: Grant = 'authorization_code'): Fault =>
  onGrant(grant, async (json) => ({ ...json, access_token: await signAnew(provider, json['access_token'], change) }));

/** The provider's own ID token with other claims, header or signature. */
export const otherIdToken = (provider: Provider, change: Change): Fault =>
  onGrant('authorization_code', async (json) => ({
    ...json,
    id_token: await signAnew(provider, json['id_token'], change),
  }));

/** The redirect back to the application with other parameters; `undefined` removes one. */
export const otherResponse =
  (parameters: Readonly<Record<string, string | readonly string[] | undefined>>): Fault =>
  (answer): Answer => {
    const url = new URL(answer.headers['location'] ?? '');
    for (const [name, value] of Object.entries(parameters)) {
      url.searchParams.delete(name);
      for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, one);
    }
    return { ...answer, headers: { ...answer.headers, location: url.href } };
  };

/** An error response to the login (RFC 6749, section 4.1.2.1). */
export const errorResponse = (error: string, description?: string): Fault =>
  otherResponse({ code: undefined, error, error_description: description });

const base64url = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** The shape of a JWE in its compact form (RFC 7516, section 3.1); nobody can decrypt it. */
export const jwe = (alg: string): string =>
  [base64url({ alg, enc: 'A256GCM' }), base64url('key'), base64url('iv'), base64url('text'), base64url('tag')].join(
    '.',
  );
