/** An API that wants the user authenticated more strongly, or more recently, than the session is (RFC 9470). */
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { problem } from '../../http/problems.ts';
import type { Challenge } from '../../proxy/challenge.ts';
import { sealStepUp, type StepUp } from '../../session/step-up.ts';
import { addressOf, sealerOf } from '../context.ts';
import { pageOf } from './calling-page.ts';
import type { ApiContext } from './room.ts';

/** RFC 9470, section 3: `max_age` is a count of seconds. */
function wishOf(api: string, challenge: Challenge): StepUp {
  const acrValues = challenge.get('acr_values');
  const maxAge = challenge.get('max_age');
  return {
    api,
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAge !== undefined && /^\d{1,9}$/.test(maxAge) ? { maxAge: Number(maxAge) } : {}),
  };
}

/** The refusal as a page can act on it: what is wanted, and a login that asks for exactly that and comes back. */
export function stepUpProblem(
  context: ApiContext,
  api: string,
  challenge: Challenge,
  cookies: readonly SetCookie[],
): HttpResponse {
  const { request, broker, log } = context;
  const wish = wishOf(api, challenge);
  const query = new URLSearchParams({ step_up: sealStepUp(wish, sealerOf(context)), returnUrl: pageOf(context) });
  log('info', 'proxy_denied', { api, code: 'step_up_required' });
  return problem('step_up_required', {
    ref: request.requestId,
    cookies,
    loginUrl: `${addressOf(broker, 'login')}?${query.toString()}`,
    extra: {
      ...(wish.acrValues === undefined ? {} : { acr_values: wish.acrValues }),
      ...(wish.maxAge === undefined ? {} : { max_age: wish.maxAge }),
    },
  });
}
