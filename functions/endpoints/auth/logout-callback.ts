/** `GET /bff/logout/callback`: the one address registered at the provider; the way home after its logout. */
import { redirect } from '../../http/answers.ts';
import type { HttpResponse } from '../../http/message.ts';
import { isPrefetch } from '../../http/navigation.ts';
import { problem } from '../../http/problems.ts';
import { frontPage } from '../../http/return-url.ts';
import { readReturnUrl, returnDeletion } from '../../session/logout.ts';
import type { Context } from '../context.ts';

/** The provider's `state`, or its lack, changes nothing: where to go lies in a cookie of our own. */
export function logoutCallback({ request, broker, now }: Context): HttpResponse {
  if (isPrefetch(request)) return problem('prefetch_refused', { ref: request.requestId });
  const returnUrl = readReturnUrl(request.cookies, { ring: broker.ring, now, unknownKey: 'absent' });
  return redirect(returnUrl ?? frontPage(broker.configuration), [returnDeletion]);
}
