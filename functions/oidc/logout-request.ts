/** The logout request as each kind of provider wants it spelled (OpenID Connect RP-Initiated Logout 1.0 and others). */
import type { ServerMetadata } from 'openid-client';
import type { Configuration } from '../configuration/schema.ts';
import type { LogoutDialect } from '../presets/preset.ts';
import { needsIdToken, presets } from '../presets/presets.ts';
import { isWebAddress } from './metadata.ts';

/** What a logout request can say. */
export interface LogoutRequest {
  /** The one address registered at the provider to return to. */
  readonly returnUri: string;
  readonly state: string;
  readonly idToken?: string | undefined;
  /** The provider's own session id. */
  readonly providerSid?: string | undefined;
}

interface LogoutFacts extends LogoutRequest {
  readonly issuer: string;
  readonly clientId: string;
}

type Settings = Configuration['provider'];
type EndSession = Extract<LogoutDialect, { dialect: 'end_session' }>;

function withParameters(address: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

function endSessionEndpoint(dialect: EndSession, metadata: ServerMetadata): string | undefined {
  const address = metadata[dialect.endpointMember ?? 'end_session_endpoint'];
  return typeof address === 'string' && isWebAddress(address) ? address : undefined;
}

function endSession(dialect: EndSession, metadata: ServerMetadata, facts: LogoutFacts): string | undefined {
  const address = endSessionEndpoint(dialect, metadata);
  if (address === undefined) return undefined;
  return withParameters(address, {
    id_token_hint: dialect.hint === 'id_token' ? facts.idToken : undefined,
    logout_hint: dialect.hint === 'client_id+sid' ? facts.providerSid : undefined,
    client_id: facts.clientId,
    post_logout_redirect_uri: facts.returnUri,
    state: facts.state,
  });
}

/** @returns the first way that this provider can be asked in; `undefined` where it has no logout */
function chosen({ logout, preset }: Settings, metadata: ServerMetadata): LogoutDialect | undefined {
  const dialects = logout === undefined ? presets[preset].logout : [logout];
  const first = dialects.find(
    (one) => one.dialect !== 'end_session' || endSessionEndpoint(one, metadata) !== undefined,
  );
  return first?.dialect === 'local' ? undefined : first;
}

/** Whether a session has to keep its ID token, the biggest thing it could hold, for its logout. */
export function wantsIdToken(settings: Settings, metadata: ServerMetadata): boolean {
  const dialect = chosen(settings, metadata);
  return dialect !== undefined && needsIdToken(dialect);
}

function spell(dialect: LogoutDialect, metadata: ServerMetadata, facts: LogoutFacts): string | undefined {
  const { clientId, returnUri } = facts;
  switch (dialect.dialect) {
    case 'end_session':
      return endSession(dialect, metadata, facts);
    case 'auth0-v2':
      return withParameters(new URL('v2/logout', facts.issuer).href, { client_id: clientId, returnTo: returnUri });
    case 'cognito': {
      const { authorization_endpoint: login } = metadata;
      if (login === undefined) return undefined;
      return withParameters(new URL('/logout', login).href, { client_id: clientId, logout_uri: returnUri });
    }
    case 'template':
      return dialect.template
        .replace('{clientId}', () => encodeURIComponent(clientId))
        .replace('{returnUrl}', () => encodeURIComponent(returnUri));
    case 'local':
      return undefined;
  }
}

/** @returns an absolute URL to send the browser to; `undefined` where the provider has no logout */
export function logoutUrl(settings: Settings, metadata: ServerMetadata, request: LogoutRequest): string | undefined {
  const dialect = chosen(settings, metadata);
  const { issuer, clientId } = settings;
  return dialect && spell(dialect, metadata, { ...request, issuer, clientId });
}
