/** Which APIs can share a token, and what a token was had for. Nothing here knows a provider. */
import { createHash } from 'node:crypto';
import type { Api } from '../configuration/schema.ts';
import type { Asked, Wish } from './dialects.ts';

/** An API as far as its token is concerned. */
export type TokenOfApi = Pick<Api, 'audience' | 'scopes' | 'expect'>;

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
