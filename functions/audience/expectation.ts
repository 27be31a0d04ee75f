/** What must hold for an API's access token, and which APIs can share one. */
import { createHash } from 'node:crypto';
import type { Api, Provider } from '../configuration/schema.ts';
import { presets } from '../presets/presets.ts';
import type { Preset, TokenFormat, TokenTyp } from '../presets/preset.ts';
import { wayOf, type Asked, type Wish } from './dialects.ts';

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

/** An API as far as its token is concerned. */
export type TokenOfApi = Pick<Api, 'audience' | 'scopes' | 'expect'>;

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

// --- APIs that share a token ---

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain | undefined };

/** The same text for the same meaning: every list here is a set, and keys come in any order. */
function canonical(value: Plain): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${[...new Set(value.map(canonical))].sort().join()}]`;
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}:${canonical(member)}`],
  );
  return `{${members.sort().join()}}`;
}

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);

/**
 * What a token was had for, short enough to lie beside it: a stored token whose API has another fingerprint belongs to an
 * older configuration.
 *
 * @returns six bytes in base64url
 */
export function fingerprint({ audience, scopes, expect }: TokenOfApi): string {
  const meaning = canonical({ audience, scopes, expect: expect ?? {} });
  return createHash('sha256').update(meaning).digest().subarray(0, 6).toString('base64url');
}

/** APIs of one audience, with one set of scopes and one expectation: a single token serves them. */
export interface RedemptionGroup {
  readonly fingerprint: string;
  /** Names, in the order of the configuration. */
  readonly apis: readonly [string, ...string[]];
  readonly asked: Asked;
}

/**
 * @param apis the configuration's
 * @returns in the order of the configuration; an API without an audience, all of it anonymous, is in none
 */
export function redemptionGroups(apis: Readonly<Record<string, TokenOfApi>>): readonly RedemptionGroup[] {
  const groups = new Map<string, RedemptionGroup>();
  for (const [name, api] of Object.entries(apis)) {
    if (api.audience === undefined) continue;
    const mark = fingerprint(api);
    const known = groups.get(mark);
    groups.set(mark, {
      fingerprint: mark,
      apis: known === undefined ? [name] : [...known.apis, name],
      asked: known?.asked ?? { audience: api.audience, scopes: api.scopes },
    });
  }
  return [...groups.values()];
}

/**
 * The wish for one API's token, in the company of all others of the session.
 *
 * @param api a name in `groups`; left out where no API has an audience
 */
export function wishFor(
  groups: readonly RedemptionGroup[],
  api: string | undefined,
  openidScopes: readonly string[],
): Wish {
  const own = groups.find(({ apis }) => api !== undefined && apis.includes(api));
  const further = groups.filter((group) => group !== own).map(({ asked }) => asked);
  return { ...(own === undefined ? {} : { asked: own.asked }), further, openidScopes };
}
