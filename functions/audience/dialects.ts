/** Spells the wish for an API's token as a provider wants it: the exact scope and parameters of each request. */
import type { Provider } from '../configuration/schema.ts';
import { presets } from '../presets/presets.ts';
import type { AudienceDialect, Leg, Preset, SecondAudience } from '../presets/preset.ts';

/** How one provider is asked, preset and configuration taken together. */
export interface Way {
  readonly dialect: AudienceDialect;
  readonly second: SecondAudience;
  readonly fixedParameters: Preset['fixedParameters'];
  readonly neverSend: Preset['neverSend'];
  readonly offlineAccess: Preset['offlineAccess'];
}

/** What a token is wanted for. */
export interface Asked {
  readonly audience: string;
  /** As the configuration writes them, before a template is applied. */
  readonly scopes: readonly string[];
}

export interface Wish {
  /** Left out where no API has an audience: the login alone is wanted. */
  readonly asked?: Asked;
  /** What tokens of the same session are or will be wanted for, `asked` not among them. */
  readonly further: readonly Asked[];
  /** The configuration's `scopes`. */
  readonly openidScopes: readonly string[];
}

export type Parameter = readonly [name: string, value: string];

export interface Spelled {
  readonly leg: Leg;
  /** Space-separated; left out where the request carries no `scope`. */
  readonly scope: string | undefined;
  /** Besides `scope`. A name may occur more than once. */
  readonly parameters: readonly Parameter[];
  /** Whether the provider has been told the audience, so that a token for another one is a substitution. */
  readonly namesAudience: boolean;
}

/** Carry the audience, and so are nobody else's to set. */
const audienceParameters: readonly string[] = ['audience', 'resource'];

const joined = (scopes: readonly string[]): string | undefined =>
  scopes.length === 0 ? undefined : [...new Set(scopes)].join(' ');

const scopesOf = (wishes: readonly Asked[]): string[] => wishes.flatMap(({ scopes }) => scopes);

/** A second audience that needs a login of its own is consented to there. */
const company = (way: Way, wish: Wish): readonly Asked[] => (way.second === 'reauthorize' ? [] : wish.further);

const openidScopes = (way: Way, wish: Wish): readonly string[] =>
  way.offlineAccess === 'refused' ? wish.openidScopes.filter((scope) => scope !== 'offline_access') : wish.openidScopes;

/** What RFC 6749, section 6, lets a refresh ask for later: the login asks for the scopes of all APIs. */
const plainScope = (way: Way, wish: Wish): string | undefined =>
  joined([...openidScopes(way, wish), ...(wish.asked?.scopes ?? []), ...scopesOf(company(way, wish))]);

// --- dialect `param` ---

type ParamDialect = Extract<AudienceDialect, { dialect: 'param' }>;

function audienceValues(way: Way, dialect: ParamDialect, leg: Leg, wish: Wish): string[] {
  if (wish.asked === undefined) return [];
  if (leg !== 'authorize' || dialect.several === 'one') return [wish.asked.audience];
  const all = [...new Set([wish.asked, ...company(way, wish)].map(({ audience }) => audience))];
  return dialect.several === 'space' ? [all.join(' ')] : all;
}

function spellParam(way: Way, dialect: ParamDialect, leg: Leg, wish: Wish): Omit<Spelled, 'leg'> {
  const sent = !way.neverSend.includes(dialect.name);
  const carries = (candidate: Leg) => sent && wish.asked !== undefined && dialect.legs.includes(candidate);
  // A refresh for one of several APIs is narrowed to its scopes; with a single API the provider's default is right.
  const narrowed = way.second === 'refresh' && wish.asked !== undefined && wish.further.length > 0;
  const refreshScope = narrowed ? joined([...openidScopes(way, wish), ...scopesOf([wish.asked])]) : undefined;
  return {
    scope: leg === 'authorize' ? plainScope(way, wish) : leg === 'refresh' ? refreshScope : undefined,
    parameters: carries(leg)
      ? audienceValues(way, dialect, leg, wish).map((value): Parameter => [dialect.name, value])
      : [],
    namesAudience: carries(leg) || (leg === 'code' && carries('authorize')),
  };
}

// --- dialect `scope` ---

type ScopeDialect = Extract<AudienceDialect, { dialect: 'scope' }>;

const fill = (template: string, audience: string, scope: string): string =>
  template.replaceAll('{audience}', () => audience).replaceAll('{scope}', () => scope);

function templated({ template, withoutScopes }: ScopeDialect, { audience, scopes }: Asked): string[] {
  if (scopes.length === 0 && withoutScopes !== undefined) return [fill(withoutScopes, audience, '')];
  return template.includes('{scope}')
    ? scopes.map((scope) => fill(template, audience, scope))
    : [fill(template, audience, ''), ...scopes];
}

/**
 * Whose scopes go with the login's own to /authorize. Entra lets one consent cover several APIs, but refuses `.default`
 * beside any other API's scope; an API asked by `.default` relies on the permissions of its registration instead. The
 * token requests that follow name one API each, because Entra issues a token for one only.
 */
function consentedWith(way: Way, dialect: ScopeDialect, asked: Asked, wish: Wish): readonly Asked[] {
  if (dialect.withoutScopes === undefined) return company(way, wish);
  return asked.scopes.length === 0 ? [] : company(way, wish).filter(({ scopes }) => scopes.length > 0);
}

function spellScope(way: Way, dialect: ScopeDialect, leg: Leg, wish: Wish): Omit<Spelled, 'leg'> {
  const { asked } = wish;
  const openid = openidScopes(way, wish);
  const carries = (candidate: Leg) => asked !== undefined && dialect.legs.includes(candidate);
  const namesAudience =
    dialect.template.includes('{audience}') && (carries(leg) || (leg === 'code' && carries('authorize')));
  if (asked === undefined || !carries(leg)) {
    return { scope: leg === 'authorize' ? joined(openid) : undefined, parameters: [], namesAudience };
  }
  const together = leg === 'authorize' ? [asked, ...consentedWith(way, dialect, asked, wish)] : [asked];
  return {
    scope: joined([...openid, ...together.flatMap((one) => templated(dialect, one))]),
    parameters: [],
    namesAudience,
  };
}

// --- all dialects ---

function spellDialect(way: Way, leg: Leg, wish: Wish): Omit<Spelled, 'leg'> {
  if (way.dialect.dialect === 'param') return spellParam(way, way.dialect, leg, wish);
  if (way.dialect.dialect === 'scope') return spellScope(way, way.dialect, leg, wish);
  return { scope: leg === 'authorize' ? plainScope(way, wish) : undefined, parameters: [], namesAudience: false };
}

/**
 * Adds login parameters of the configuration and of the request. One that the wish already carries, that carries an
 * audience, or that the provider must never see, is left out.
 *
 * @param parameters in order of precedence: of two with one name the first stays
 */
export function withParameters(way: Way, spelled: Spelled, parameters: readonly Parameter[]): Spelled {
  const taken = new Set([...way.neverSend, ...audienceParameters, ...spelled.parameters.map(([name]) => name)]);
  const added = parameters.filter(([name]) => !taken.has(name) && taken.add(name));
  return { ...spelled, parameters: [...spelled.parameters, ...added] };
}

/** @param provider the configuration's; its `audience` and `second` stand in for the preset's own */
export function wayOf(provider: Pick<Provider, 'preset' | 'audience' | 'second'>): Way {
  const preset = presets[provider.preset];
  // Without any dialect nothing is sent, and what comes back is still checked.
  const dialect = provider.audience ?? preset.audience ?? { dialect: 'registration' };
  return {
    dialect,
    second: provider.second ?? (dialect.dialect === 'registration' ? 'merged' : preset.second),
    fixedParameters: preset.fixedParameters,
    neverSend: preset.neverSend,
    offlineAccess: preset.offlineAccess,
  };
}

/**
 * @param leg `authorize` for the authorization request, `code` and `refresh` for the two token requests
 * @returns exactly what the request carries for the wish, besides what every request of its kind carries
 */
export function spell(way: Way, leg: Leg, wish: Wish): Spelled {
  const spelled = { leg, ...spellDialect(way, leg, wish) };
  return leg === 'authorize' ? withParameters(way, spelled, Object.entries(way.fixedParameters)) : spelled;
}
