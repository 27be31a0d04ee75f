/** Whether a request goes on to its API, and with which token. */
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import type { ApiToken } from '../../session/api-token.ts';
import type { Standing } from '../../session/standing.ts';

export interface Admitted {
  readonly kind: 'admitted';
  /** Left out on anonymous paths. */
  readonly token: string | undefined;
  /** What the jar says of the token; left out where it was renewed for this request. */
  readonly held?: Pick<ApiToken, 'generation' | 'expiresAt'>;
  /** What has been renewed, and that the session is in use. */
  readonly cookies: readonly SetCookie[];
}

export type Admission = Admitted | { readonly kind: 'refused'; readonly response: HttpResponse };

export const refused = (response: HttpResponse): Admission => ({ kind: 'refused', response });

/** The jar's token is good until its margin begins; what the grant says of it is as old as the grant. */
export const isFresh = ({ refreshAt }: Standing, api: string, expiresAt: number, now: number): boolean =>
  (refreshAt.get(api) ?? expiresAt) > now && expiresAt > now;
