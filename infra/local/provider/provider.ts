/** A provider on this machine that behaves as Auth0 does, with handles for tests: what was asked, faults, keys. */
import type { EpochSeconds } from '../../../functions/contract/units.ts';

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

/** An API registered at the provider, by its audience. The audience must be an absolute URI. */
export interface ProviderApi {
  readonly audience: string;
  readonly scopes?: readonly string[];
  /** The token profile of RFC 9068 (`typ: at+jwt`, `client_id`, `jti`) in place of Auth0's own. */
  readonly rfc9068?: boolean;
  readonly format?: 'jwt' | 'opaque';
}

/** What can be switched while the provider runs. */
export interface Tenant {
  /** The audience of a request that names none. */
  defaultAudience: string | undefined;
  accessTokenLifetimeSeconds: number;
  /** Whether a refresh token can be redeemed for every registered API (multi-resource refresh tokens). */
  mrrt: boolean;
  /** Whether each use of a refresh token gives a new one; a second use of the old one then revokes the family. */
  rotation: boolean;
  /** For how long the refresh token used last still works (Auth0's "leeway"). */
  overlapSeconds: number;
  /** Whether discovery keeps `end_session_endpoint` to itself. */
  hideEndSession: boolean;
}

export interface ProviderOptions extends Partial<Tenant> {
  /** 0 (default): any free port. */
  readonly port?: number;
  /** Default: one client, `defaultClient`. */
  readonly clients?: readonly ProviderClient[];
  readonly apis?: readonly ProviderApi[];
  /** Pushed authorization requests (RFC 9126): default off. */
  readonly par?: 'off' | 'on' | 'required';
  /** Where signing keys, sessions and grants are kept between starts; default: nowhere. */
  readonly stateFile?: string;
}

export type Endpoint =
  'authorize' | 'token' | 'revoke' | 'jwks' | 'discovery' | 'par' | 'userinfo' | 'logout' | 'login';

/** One request as it arrived. For tests only: the parameters hold codes, secrets and tokens. */
export interface RecordedRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  /** Query and form parameters; of a repeated one every value. */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  readonly clientAuth: 'none' | 'basic' | 'post' | 'private_key_jwt' | 'bearer';
  readonly at: EpochSeconds;
  /** Set once it is answered. */
  status?: number;
}

/** An answer on its way out. Where `json` is present it is the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly body?: string;
  /** How long the answer is held back. */
  readonly delayMs?: number;
  /** The connection is reset in place of an answer. */
  readonly reset?: boolean;
}

/** Rewrites the answer that the real provider gave to this request. */
export type Fault = (answer: Answer, request: RecordedRequest) => Answer | Promise<Answer>;

/** What goes wrong on purpose; each is replaced or deleted while the provider runs. */
export interface Faults {
  /** Answers in place of the provider, which then never sees the request; `undefined` lets it pass. */
  before?: (request: RecordedRequest) => Answer | undefined | Promise<Answer | undefined>;
  token?: Fault;
  discovery?: Fault;
  jwks?: Fault;
  revoke?: Fault;
  /** The redirect back to the application: rewrite `headers.location`. */
  authorization?: Fault;
}

/** By which key a token is signed: the provider's, one it never published, none (`alg: none`), or a shared secret (HS256). */
export type Signer = 'current' | 'foreign' | 'none' | { readonly secret: string };

export interface Provider {
  /** With its trailing slash. */
  readonly issuer: string;
  readonly origin: string;
  readonly jwksUri: string;
  readonly tenant: Tenant;
  readonly requests: RecordedRequest[];
  readonly faults: Faults;
  /** Answers of 500 that nobody asked for: faults of the provider itself. */
  readonly failures: readonly Error[];
  /**
   * @param claims `iss`, `iat` and `exp` are filled in; a claim that is `undefined` is left out
   * @param header further members of the protected header
   */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
    signer?: Signer,
  ): Promise<string>;
  /** Publishes a new signing key beside the old ones, which stay published, and signs with it. Returns its `kid`. */
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

/** Starts the provider on 127.0.0.1. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  throw new Error(`the provider is not built yet (port ${options.port ?? 0})`);
}
