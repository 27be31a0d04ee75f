/**
 * A provider on this machine that behaves as Auth0 does, with handles for tests: what was asked of it, faults to inject,
 * keys to rotate. Everything runs in this process.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider as OidcProvider } from 'oidc-provider';
import { systemClock } from '../../../functions/contract/units.ts';
import { listen, readBody, shut } from '../loopback.ts';
import { rewriteAuthorization, rewriteToken } from './audience.ts';
import { createAuth0 } from './auth0.ts';
import { faulty } from './faults.ts';
import type { Faults } from './faults.ts';
import { openKeys } from './keys.ts';
import type { Signer } from './keys.ts';
import { endpointOf, isForm, recorded, replay } from './requests.ts';
import type { Endpoint, RecordedRequest } from './requests.ts';
import { auth0Routes } from './routes.ts';
import { openStateFile, readState } from './state.ts';
import { createStorage } from './storage.ts';

export type { Answer, Fault, Faults } from './faults.ts';
export type { Signer } from './keys.ts';
export type { Endpoint, RecordedRequest } from './requests.ts';

/** An application registered at the provider. All URLs are exact. */
export interface ProviderClient {
  readonly id: string;
  /** For `client_secret_basic` and `client_secret_post`; either is accepted, as Auth0 does. */
  readonly secret?: string;
  /** Public keys for `private_key_jwt`; where present the client must use it. */
  readonly publicKeys?: readonly Readonly<Record<string, unknown>>[];
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly backchannelLogoutUri?: string;
}

/** An API registered at the provider, by its audience. */
export interface ProviderApi {
  readonly audience: string;
  readonly scopes?: readonly string[];
  /** The token profile of RFC 9068 (`typ: at+jwt`, `client_id`, `jti`) in place of Auth0's own. */
  readonly rfc9068?: boolean;
  /** Default: `jwt`. */
  readonly format?: 'jwt' | 'opaque';
}

/** What can be switched while the provider runs. */
export interface Tenant {
  /** The audience of a request that names none; default: none. */
  defaultAudience: string | undefined;
  /** Default: a day, as Auth0. */
  accessTokenLifetimeSeconds: number;
  /** Whether a refresh token can be redeemed for every registered API (multi-resource refresh tokens); default: no. */
  mrrt: boolean;
  /** Whether each use of a refresh token gives a new one, and a second use ends its family; default: yes. */
  rotation: boolean;
  /** For how long the refresh token used last still works (Auth0's "overlap period"); default: 0. */
  overlapSeconds: number;
  /** Whether discovery keeps `end_session_endpoint` to itself; default: no. */
  hideEndSession: boolean;
}

export interface ProviderOptions extends Partial<Tenant> {
  /** 0 (default): any free port. */
  readonly port?: number;
  /** Default: one client, `defaultClient`. */
  readonly clients?: readonly ProviderClient[];
  /** Default: none, so that every audience is unknown. */
  readonly apis?: readonly ProviderApi[];
  /** Pushed authorization requests (RFC 9126); default: off. */
  readonly par?: 'off' | 'on' | 'required';
  /** Where signing keys, sessions and grants are kept between starts; default: nowhere. */
  readonly stateFile?: string;
}

/** One logout token that was sent, and why it did not arrive. */
export interface LogoutDelivery {
  readonly clientId: string;
  readonly sid: string;
  readonly error?: string;
}

export interface Provider {
  /** With its trailing slash. */
  readonly issuer: string;
  readonly origin: string;
  readonly jwksUri: string;
  readonly tenant: Tenant;
  /** The newest ten thousand. */
  readonly requests: RecordedRequest[];
  /** The recorded requests to one endpoint. */
  requestsTo(endpoint: Endpoint): RecordedRequest[];
  readonly faults: Faults;
  readonly logoutDeliveries: readonly LogoutDelivery[];
  /** Answers of 500 that no fault was set for. */
  readonly failures: readonly Error[];
  /**
   * @param claims `iss`, `iat` and `exp` are filled in; one that is given as `undefined` is left out
   * @param header further members of the protected header
   */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
    signer?: Signer,
  ): Promise<string>;
  /** Publishes a new signing key beside the old ones and signs with it. Returns its `kid`. */
  rotateKeys(): Promise<string>;
  close(): Promise<void>;
}

/** The application that is registered where the caller names none: the broker on http://localhost:3000. */
export const defaultClient: ProviderClient = {
  id: 'token-broker',
  secret: 'secret-of-the-one-machine-stack',
  redirectUris: ['http://localhost:3000/bff/callback'],
  postLogoutRedirectUris: ['http://localhost:3000/bff/logout/callback'],
};

const mostRecorded = 10_000;

const tenantOf = (options: ProviderOptions): Tenant => ({
  defaultAudience: options.defaultAudience,
  accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 86_400,
  mrrt: options.mrrt ?? false,
  rotation: options.rotation ?? true,
  overlapSeconds: options.overlapSeconds ?? 0,
  hideEndSession: options.hideEndSession ?? false,
});

function rewrite(
  endpoint: Endpoint | undefined,
  parameters: URLSearchParams,
  tenant: Tenant,
  options: ProviderOptions,
) {
  if (endpoint === 'authorize' || endpoint === 'par') rewriteAuthorization(parameters, tenant, options.apis ?? []);
  if (endpoint === 'token') rewriteToken(parameters, tenant, options.apis ?? []);
}

/** Starts the provider on 127.0.0.1. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const tenant = tenantOf(options);
  const before = readState(options.stateFile);
  const keys = await openKeys(before.keys);
  const cookieKeys = before.cookieKeys ?? [randomBytes(32).toString('base64url')];
  const storage = createStorage({
    entries: before.entries ?? [],
    overlapSeconds: () => tenant.overlapSeconds,
    changed: () => state.changed(),
  });
  const state = openStateFile(options.stateFile, () => ({ keys: keys.all, cookieKeys, entries: storage.entries() }));

  const requests: RecordedRequest[] = [];
  const faults: Faults = {};
  const logoutDeliveries: LogoutDelivery[] = [];
  const failures: Error[] = [];
  const byMessage = new WeakMap<IncomingMessage, RecordedRequest>();
  const ended = new AbortController();

  function note(request: RecordedRequest | undefined, message: IncomingMessage, response: ServerResponse): void {
    if (request === undefined) return;
    byMessage.set(message, request);
    requests.push(request);
    if (requests.length > mostRecorded) requests.shift();
    response.on('finish', () => {
      request.status = response.statusCode;
    });
  }

  const requestOf = (message: IncomingMessage) => byMessage.get(message);

  /** oidc-provider reads its keys once, so that a new key means a new one, with the same memory. */
  function build(): OidcProvider {
    const built = createAuth0({
      issuer,
      keys,
      cookieKeys,
      tenant,
      adapter: (model) => storage.adapter(model),
      clients: options.clients ?? [defaultClient],
      apis: options.apis ?? [],
      par: options.par ?? 'off',
    });
    built.use(faulty(faults, origin, requestOf, ended.signal));
    built.use(auth0Routes(built, { origin, issuer, keys, tenant, requestOf: (context) => requestOf(context.req) }));
    built.on('server_error', (_context: unknown, error: Error) => failures.push(error));
    built.on('error', (error: Error) => failures.push(error));
    built.on('backchannel.success', (_context: unknown, client: { clientId: string }, _sub: string, sid: string) =>
      logoutDeliveries.push({ clientId: client.clientId, sid }),
    );
    built.on(
      'backchannel.error',
      (_context: unknown, error: Error, client: { clientId: string }, _sub: string, sid: string) =>
        logoutDeliveries.push({ clientId: client.clientId, sid, error: error.message }),
    );
    return built;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const endpoint = endpointOf(url.pathname);
    const body = await readBody(request);
    const form = new URLSearchParams(isForm(request) ? body.toString('utf8') : '');
    const entry = endpoint === undefined ? undefined : recorded(endpoint, request, url, form);

    rewrite(endpoint, url.searchParams, tenant, options);
    rewrite(endpoint, form, tenant, options);
    const rewritten = isForm(request) ? Buffer.from(form.toString()) : body;
    const copy = replay(request, `${url.pathname}${url.search}`, rewritten);
    note(entry, copy, response);
    await current.callback()(copy, response);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const origin = await listen(server, options.port);
  const issuer = `${origin}/`;
  let current = build();
  state.flush();

  return {
    issuer,
    origin,
    jwksUri: `${origin}/.well-known/jwks.json`,
    tenant,
    requests,
    requestsTo: (endpoint) => requests.filter((request) => request.endpoint === endpoint),
    faults,
    logoutDeliveries,
    failures,
    sign(claims, header = {}, signer = 'current') {
      const now = systemClock();
      const filled = { iss: issuer, iat: now, exp: now + 300, ...claims };
      return keys.sign(JSON.parse(JSON.stringify(filled)) as Record<string, unknown>, header, signer);
    },
    async rotateKeys() {
      const kid = await keys.rotate();
      current = build();
      state.changed();
      return kid;
    },
    async close() {
      ended.abort();
      await shut(server);
      state.flush();
    },
  };
}
