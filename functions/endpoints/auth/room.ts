/** What the login endpoints need beyond every other endpoint: the provider, and how its answers are told to a person. */
import { problems, type ProblemCode } from '../../contract/wire.ts';
import type { RedemptionGroup } from '../../audience/groups.ts';
import type { Way } from '../../audience/dialects.ts';
import { redirect } from '../../http/answers.ts';
import type { HttpResponse, SetCookie } from '../../http/message.ts';
import { errorPage } from '../../http/pages.ts';
import { frontPage } from '../../http/return-url.ts';
import type { Provider } from '../../oidc/provider.ts';
import type { RefreshRoom } from '../../refresh/room.ts';
import type { SessionStore } from '../../refresh/store.ts';
import { addressOf, type Broker, type Context } from '../context.ts';

export type Sharing = Pick<RefreshRoom, 'store' | 'way' | 'loginGroup' | 'nowMs' | 'random' | 'pause' | 'newHolder'>;

export interface AuthBroker extends Broker {
  readonly provider: Provider;
  /** The provider with newly read credentials, because it refused those at hand; `undefined` where there are no others. */
  renewProvider(): Promise<Provider | undefined>;
  readonly way: Way;
  /** APIs that share a token, in the order of the configuration. */
  readonly groups: readonly RedemptionGroup[];
  readonly store: SessionStore;
  /** What it takes to change a session that other instances may be changing as well. */
  readonly sharing: Sharing;
}

export type AuthContext = Context<AuthBroker>;

/** A login that ends here. */
export interface LoginFailure {
  readonly code: ProblemCode;
  /** What happened and what to do, without a value of any token. */
  readonly detail?: string;
  /** For the log alone. */
  readonly reason?: string;
  readonly cookies?: readonly SetCookie[];
}

/** The configured error page with `code` and `ref`, or a page of our own. */
export function loginFailed(context: AuthContext, failure: LoginFailure): HttpResponse {
  const { request, broker, log } = context;
  const { code, detail, reason, cookies = [] } = failure;
  log(problems[code] >= 500 ? 'error' : 'warn', 'login_failed', { code, reason, detail });
  const { errorPage: configured } = broker.configuration.login;
  if (configured !== undefined) {
    const target = new URL(configured, frontPage(broker.configuration));
    target.searchParams.set('code', code);
    target.searchParams.set('ref', request.requestId);
    return redirect(target.href, cookies);
  }
  const links = [
    { href: addressOf(broker, 'login'), text: 'Try again' },
    ...(broker.configuration.development
      ? [{ href: addressOf(broker, 'diagnostics'), text: 'What was asked and what came back' }]
      : []),
    { href: frontPage(broker.configuration), text: 'Back to the application' },
  ];
  return errorPage(code, { ref: request.requestId, detail, cookies, links });
}
