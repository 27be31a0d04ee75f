/** Tokens as providers make them, unsigned but in form, and the guarantee in the circumstances of a login at Auth0. */
import type { Circumstances } from '../../../functions/audience/checks.ts';
import { expectedOf, type Expected } from '../../../functions/audience/expectation.ts';
import type { TokenOfApi } from '../../../functions/audience/groups.ts';
import { hold, type TokenAnswer, type Verdict } from '../../../functions/audience/guarantee.ts';
import type { Provider } from '../../../functions/configuration/schema.ts';
import { epochSeconds } from '../../../functions/contract/units.ts';

export const now = epochSeconds(1_800_000_000);
export const issuer = 'https://tenant.eu.auth0.com/';
export const orders = 'https://orders.example.com';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Claims of a token that satisfies the API `orders`. */
export const goodClaims = { iss: issuer, aud: orders, sub: 'alice', exp: now + 3600, scope: 'openid read:orders' };

export const jwt = (claims: unknown = goodClaims, header: unknown = { alg: 'RS256', typ: 'JWT' }): string =>
  `${part(header)}.${part(claims)}.c2lnbmF0dXJl`;

export const jwe = (alg: string): string => `${part({ alg, enc: 'A256GCM' })}.a2V5.aXY.Y2lwaGVydGV4dA.dGFn`;

export const opaque = 'HC7vb2rZ_opaque-5t4q';

export const answerWith = (accessToken: string | undefined, rest: TokenAnswer = {}): TokenAnswer => ({
  ...(accessToken === undefined ? {} : { accessToken }),
  tokenType: 'Bearer',
  expiresIn: 3600,
  ...rest,
});

export const expectOf = (
  api: Partial<TokenOfApi> = {},
  provider: Pick<Provider, 'preset' | 'audience'> = { preset: 'auth0' },
): Expected => expectedOf({ clientId: 'broker', ...provider }, { audience: orders, scopes: ['read:orders'], ...api });

/** A login that named the audience. */
export const asked: Circumstances = {
  now,
  spelled: { leg: 'code', scope: undefined, parameters: [], namesAudience: true },
  issuer,
};

/** A login that sent nothing: dialect `registration`. */
export const unasked: Circumstances = { ...asked, spelled: { ...asked.spelled, namesAudience: false } };

/** Holds a token answer with this access token against the API `orders` at Auth0, or what is said instead. */
export const judge = (
  accessToken: string | undefined,
  {
    expected = expectOf(),
    circumstances = asked,
    answer = {},
  }: { expected?: Expected; circumstances?: Circumstances; answer?: TokenAnswer } = {},
): Verdict => hold(answerWith(accessToken, answer), expected, circumstances);

export const codeOf = (verdict: Verdict): string => (verdict.kind === 'satisfied' ? 'satisfied' : verdict.code);

export const causeOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.cause : '');

export const fixOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.fix : '');
