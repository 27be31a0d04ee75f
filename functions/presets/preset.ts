/**
 * The shape in which a provider is described as data: how it wants to be asked for a token, what comes back, how a
 * logout is spelled. Each provider has a file of its own beside this one; nothing here or there decides anything.
 */
import type { AudienceCode } from '../contract/wire.ts';

/** The providers that a configuration can name; `oidc` is any other, with everything said by hand. */
export const presetNames = ['auth0', 'entra', 'okta', 'cognito', 'keycloak', 'duende', 'google', 'oidc'] as const;
export type PresetName = (typeof presetNames)[number];

// --- asking for a token ---

/** The requests on which a wish for an audience can be spelled: to /authorize, and to /token by code or refresh token. */
export const legs = ['authorize', 'code', 'refresh'] as const;
export type Leg = (typeof legs)[number];

/** How the wish "a token for this API" is spelled. */
export type AudienceDialect =
  | {
      /** A parameter carries the audience. */
      readonly dialect: 'param';
      readonly name: string;
      readonly legs: readonly Leg[];
      /** Several audiences at /authorize: only the first is named, or the parameter is repeated, or its values are joined by spaces. */
      readonly several: 'one' | 'repeat' | 'space';
    }
  | {
      /** Scopes carry it. */
      readonly dialect: 'scope';
      /** One scope, with the placeholders `{audience}` and `{scope}`. */
      readonly template: string;
      /** What is asked for an API that has no scopes; left out: nothing. Never sent beside the scopes of another API. */
      readonly withoutScopes?: string;
      readonly legs: readonly Leg[];
    }
  /** Nothing is sent: the provider's own settings decide, and the answer is still checked. */
  | { readonly dialect: 'registration' };

export const secondAudienceWays = ['refresh', 'reauthorize', 'merged'] as const;
/**
 * How a token for a second API is had: by naming its audience in a refresh request, by another authorization request, or
 * not at all, because one token serves all of them.
 */
export type SecondAudience = (typeof secondAudienceWays)[number];

// --- what comes back ---

export const tokenFormats = ['jwt', 'encrypted', 'opaque'] as const;
/** `encrypted` and `opaque` tokens cannot be read and are accepted unverified; a JWT that comes instead is still checked in full. */
export type TokenFormat = (typeof tokenFormats)[number];

/** A media type as in `typ` (RFC 7515, section 4.1.9) without `application/`; `null` stands for a header without `typ`. */
export type TokenTyp = string | null;

/** What holds for every access token of a provider unless an API's `expect` says otherwise. */
export interface TokenShape {
  readonly format: TokenFormat;
  /** Whether `aud` names the API even if nothing was asked for; where not, the client claim and the scopes are checked instead. */
  readonly audienceWithoutAsking: boolean;
  /** `api://<GUID>` and the bare GUID are one audience. */
  readonly guidAudience: boolean;
  readonly typ: readonly TokenTyp[];
  /** Claims with exact values. */
  readonly claims: Readonly<Record<string, string>>;
  /** The claim that holds the client id. */
  readonly clientClaim: 'azp' | 'client_id' | 'cid';
  /** The claim that holds the granted scopes, as a space-separated string or an array. */
  readonly scopeClaim: 'scope' | 'scp';
  /** Key management algorithms (RFC 7516, section 4.1.1) of JWEs that are this provider's opaque tokens in disguise. */
  readonly opaqueJweAlgorithms: readonly string[];
}

// --- the login ---

export interface IssuerRule {
  /** `template`: discovery may publish an issuer with `{tenantid}`, which the `tid` claim of the ID token fills. */
  readonly compare: 'exact' | 'template';
  /** Only with `compare: 'template'`: the issuer of a tenant, with `{tenantid}`. */
  readonly template?: string;
  readonly trailingSlash: 'required' | 'absent' | 'either';
  /** Issuers of access tokens besides the ID token's own, with `{tenantid}`. */
  readonly furtherTokenIssuers: readonly string[];
  /** An issuer of this form cannot work: a regular expression, and the reason in one sentence. */
  readonly unsuitable?: { readonly pattern: string; readonly why: string };
}

export const clientAuthMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
export type ClientAuthMethod = (typeof clientAuthMethods)[number];

// --- the logout ---

export type LogoutDialect =
  | {
      /** OpenID Connect RP-Initiated Logout 1.0. Applies where the provider publishes the endpoint. */
      readonly dialect: 'end_session';
      /** `id_token_hint`, or `client_id`, or `client_id` and `logout_hint` with the provider's `sid`. Only the first needs the ID token. */
      readonly hint: 'id_token' | 'client_id' | 'client_id+sid';
      /** The metadata member that holds the endpoint; default `end_session_endpoint`. */
      readonly endpointMember?: string;
    }
  /** `<issuer>v2/logout?client_id&returnTo`; takes no `state`. */
  | { readonly dialect: 'auth0-v2' }
  /** `/logout?client_id&logout_uri` on the host of the authorization endpoint; takes no `state`. */
  | { readonly dialect: 'cognito' }
  /** The provider has no logout: the refresh token is revoked, the cookies go. */
  | { readonly dialect: 'local' }
  /** A URL with `{clientId}` and `{returnUrl}`, both percent-encoded when filled in. */
  | { readonly dialect: 'template'; readonly template: string };

/** What a logout token must look like (OpenID Connect Back-Channel Logout 1.0, section 2.4). */
export interface LogoutTokenRule {
  readonly typ: readonly TokenTyp[];
  readonly expRequired: boolean;
  /** The oldest `iat` that is accepted, in seconds before now. */
  readonly maxAgeSeconds: number;
}

// --- refusals ---

/** How the provider says, where it sends the browser back, that it issues no token for this audience. */
export interface AudienceRefusal {
  readonly error: string;
  /** How `error_description` begins; left out: in any way. */
  readonly description?: string;
}

/** An answer to a refresh that ends the session although it does not say `invalid_grant`. */
export interface RefusalShape {
  readonly status: number;
  /** `null`: the body is not JSON or has no `error`. */
  readonly error: string | null;
}

// --- the whole ---

export interface Preset {
  readonly name: PresetName;
  /** How people call the provider. */
  readonly title: string;
  /** Left out: the configuration has to say how an audience is asked for. */
  readonly audience?: AudienceDialect;
  readonly second: SecondAudience;
  readonly shape: TokenShape;
  readonly issuer: IssuerRule;
  /** In order of preference. An `end_session` that the provider does not publish is passed over. */
  readonly logout: readonly [LogoutDialect, ...LogoutDialect[]];
  /** Login parameters that the configuration may set or allow besides those of OpenID Connect. */
  readonly loginParameters: readonly string[];
  /** Sent with every authorization request. */
  readonly fixedParameters: Readonly<Record<string, string>>;
  /** Never sent, whoever asks for it. */
  readonly neverSend: readonly string[];
  /** The first is the default. */
  readonly clientAuth: readonly [ClientAuthMethod, ...ClientAuthMethod[]];
  /** The `aud` of a client assertion (RFC 7523, section 3). */
  readonly assertionAudience: 'issuer' | 'token_endpoint';
  /** Whether a refresh token needs the scope `offline_access`, does without, or the provider refuses the scope (then it is never sent). */
  readonly offlineAccess: 'needed' | 'optional' | 'refused';
  readonly audienceRefusals: readonly AudienceRefusal[];
  /** What ends a session at its refresh, besides `invalid_grant`. */
  readonly definiteRefusals: readonly RefusalShape[];
  readonly logoutToken: LogoutTokenRule;
  /** Signature algorithms of ID and logout tokens that are accepted; asymmetric ones only. */
  readonly idTokenAlgorithms: readonly [string, ...string[]];
  /** What to do about a refused token, in one sentence, where this provider needs another answer than all the others. */
  readonly advice: Readonly<Partial<Record<AudienceCode, string>>>;
}
