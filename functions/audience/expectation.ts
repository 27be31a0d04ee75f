/** What must hold for an API's access token. */
import type { Provider } from '../configuration/schema.ts';
import { presets } from '../presets/presets.ts';
import type { Preset, TokenFormat, TokenTyp } from '../presets/preset.ts';
import { wayOf } from './dialects.ts';
import type { TokenOfApi } from './groups.ts';

/** Everything a token of one API is held against: the preset's rule with the API's `expect` in its place. */
export interface Expected {
  readonly format: TokenFormat;
  /** Audiences of which the token must carry one; empty: no audience is checked. */
  readonly audiences: readonly string[];
  readonly onlyAudience: boolean;
  /** Left out: the issuer of the session, or what the preset holds for the same. */
  readonly issuers: readonly string[] | undefined;
  readonly typ: readonly TokenTyp[];
  readonly claims: Readonly<Record<string, string | number | boolean>>;
  /** All of them must be granted. */
  readonly scopes: readonly string[];
  readonly preset: Preset;
}

type ProviderOfToken = Pick<Provider, 'preset' | 'audience' | 'clientId'>;

const guidAtEnd = /^api:\/\/(?:[^/]+\/)*([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;
const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** An Application ID URI ends with the API's client id, unless somebody chose another name. */
function guidForms(audience: string): readonly string[] {
  const inside = guidAtEnd.exec(audience)?.[1];
  if (inside !== undefined) return [audience, inside.toLowerCase()];
  return guid.test(audience) ? [audience, audience.toLowerCase(), `api://${audience}`] : [audience];
}

function audiencesOf(preset: Preset, asksNothing: boolean, { audience, expect }: TokenOfApi): readonly string[] {
  if (expect?.aud !== undefined) return expect.aud;
  if (audience === undefined || (asksNothing && !preset.shape.audienceWithoutAsking)) return [];
  return preset.shape.guidAudience ? guidForms(audience) : [audience];
}

/**
 * The preset's rule for tokens, with what the API's `expect` says in place of it. Where no audience is checked, the
 * client's own name is, and the API's scopes must be granted, because they alone tell its tokens from another API's.
 */
export function expectedOf(provider: ProviderOfToken, api: TokenOfApi): Expected {
  const preset = presets[provider.preset];
  const { shape } = preset;
  const { expect } = api;
  const audiences = audiencesOf(preset, wayOf(provider).dialect.dialect === 'registration', api);
  const unbound = audiences.length === 0;
  return {
    format: expect?.format ?? shape.format,
    audiences,
    onlyAudience: expect?.onlyAudience ?? false,
    issuers: expect?.issuer,
    typ: expect?.typ ?? shape.typ,
    claims: { ...(unbound ? { [shape.clientClaim]: provider.clientId } : {}), ...shape.claims, ...expect?.claims },
    scopes: expect?.scopes ?? (unbound ? api.scopes : []),
    preset,
  };
}
