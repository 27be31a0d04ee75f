/** Writes a session into cookies and takes it out again: what a completed login sets, what a logout deletes. */
import { cookie } from '../contract/wire.ts';
import { seconds } from '../contract/units.ts';
import type { SetCookie } from '../http/message.ts';
import { encodeApiToken } from './api-token.ts';
import type { ApiToken } from './api-token.ts';
import { chunkNames, sealChunks } from './chunks.ts';
import { encodeGrant } from './grant.ts';
import type { NewGrant } from './grant.ts';
import { bindingOf, encodeIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { encodeIdToken } from './logout.ts';
import type { Purpose, Sealer } from './sealing.ts';

/** Where the cookies of a deployment lie. */
export interface JarLayout {
  /** For example `/bff/logout`. */
  readonly logoutPath: string;
  /** Every API that has an audience, whether this login brought a token for it or not. */
  readonly apis: readonly { readonly name: string; readonly path: string }[];
}

/** A completed login. */
export interface NewSession {
  readonly identity: Identity;
  readonly grant: NewGrant;
  /** By API name; an API that the layout lacks gets no cookie. */
  readonly tokens: ReadonlyMap<string, ApiToken>;
  /** Only where the provider's logout needs it. */
  readonly idToken?: string;
}

/** What a session's cookies must share their room with. */
export interface Surroundings {
  /** Cookies that the same answer sets besides. */
  readonly alongside: readonly SetCookie[];
  /** @returns the bytes of this cookie's `Set-Cookie` value */
  readonly setCookieBytes: (cookie: SetCookie) => number;
  /** Whether the store holds all of it, so that the jar can do with a part; left out: it does not. */
  readonly hasStore?: boolean;
}

export type Issued =
  | { readonly kind: 'fits'; readonly cookies: readonly SetCookie[] }
  /** How many bytes the largest request, or the answer, would have had, and how many it may have. */
  | { readonly kind: 'too_large'; readonly bytes: number; readonly limit: number };

/** What an HTTP API accepts as request line and headers together. */
const requestBytes = 10_240;
/** Login transactions under way. */
const transactionBytes = 2048;
/** What the browser and the edge add by themselves. */
const otherHeaderBytes = 3072;
const ownBytes = requestBytes - transactionBytes - otherHeaderBytes;
const answerBytes = 8192;
/** The seen cookie comes later and must fit as well. */
const seenBytes = 256;

const deletion = (name: string, path: string): SetCookie => ({
  name,
  value: '',
  path,
  sameSite: 'Strict',
  maxAgeSeconds: seconds(0),
});

const sentBytes = (cookies: readonly SetCookie[]): number =>
  cookies.reduce((sum, { name, value }) => (value === '' ? sum : sum + `${name}=${value}; `.length), 0);

/** Deletes every name under which a chunk may lie, from the given one on. */
const deletions = (name: string, path: string, from = 0): readonly SetCookie[] =>
  chunkNames(name)
    .slice(from)
    .map((chunk) => deletion(chunk, path));

interface Value {
  readonly name: string;
  readonly path: string;
  readonly purpose: Purpose;
  /** Left out: there is nothing to store, and what lies there is deleted. */
  readonly plaintext?: Buffer;
}

/**
 * Cookies end with the session in the browser too, and never later: a cookie without an age would die with the browser
 * on a phone that puts it to sleep, and live on where the browser restores its tabs.
 */
function valueCookies(
  { name, path, purpose, plaintext }: Value,
  identity: Identity,
  sealer: Sealer,
): readonly SetCookie[] {
  const maxAgeSeconds = seconds(Math.max(identity.endsAt - sealer.now, 0));
  const values = plaintext ? sealChunks(name, purpose, plaintext, sealer) : [];
  const written = values.map((value, index): SetCookie => ({
    name: index ? `${name}.${index}` : name,
    value,
    path,
    sameSite: 'Strict',
    maxAgeSeconds,
  }));
  return [...written, ...deletions(name, path, values.length)];
}

function valuesOf(session: NewSession, { apis, logoutPath }: JarLayout, sealer: Sealer): readonly Value[] {
  const { identity, grant, tokens, idToken } = session;
  const binding = bindingOf(identity);
  const bound = { ...grant, sealedAt: sealer.now, binding, endsAt: identity.endsAt };
  return [
    { name: cookie.session, path: '/', purpose: 'session', plaintext: encodeIdentity(identity) },
    { name: cookie.grant, path: '/', purpose: 'grant', plaintext: encodeGrant(bound) },
    ...apis.map(({ name, path }): Value => {
      const token = tokens.get(name);
      const where = { name: cookie.apiTokenPrefix + name, path, purpose: 'at' } as const;
      return token ? { ...where, plaintext: encodeApiToken({ ...token, binding }) } : where;
    }),
    {
      name: cookie.idToken,
      path: logoutPath,
      purpose: 'idt',
      ...(idToken !== undefined && { plaintext: encodeIdToken({ binding, endsAt: identity.endsAt, token: idToken }) }),
    },
  ];
}

/** The bytes of the own cookies in the largest request: those at `/` and those at one more path. */
function largestRequest(cookies: readonly SetCookie[]): number {
  const paths = new Set(cookies.map(({ path }) => path));
  const sizes = [...paths].map((path) => sentBytes(cookies.filter((one) => one.path === '/' || one.path === path)));
  return Math.max(0, ...sizes) + seenBytes;
}

function seal(session: NewSession, layout: JarLayout, sealer: Sealer, around: Surroundings): Issued {
  const values = valuesOf(session, layout, sealer);
  const cookies = [
    ...values.flatMap((value) => valueCookies(value, session.identity, sealer)),
    deletion(cookie.seen, '/'),
  ];
  const request = largestRequest(cookies);
  if (request > ownBytes) return { kind: 'too_large', bytes: request, limit: ownBytes };
  const answer = [...cookies, ...around.alongside].reduce((sum, one) => sum + around.setCookieBytes(one), 0);
  if (answer > answerBytes) return { kind: 'too_large', bytes: answer, limit: answerBytes };
  return { kind: 'fits', cookies };
}

/** The same session with ever less of it in the jar: without the tokens from the last API upwards, then without the refresh token. */
function* lighter(session: NewSession, { apis }: JarLayout): Generator<NewSession> {
  const tokens = new Map(session.tokens);
  for (const { name } of apis.toReversed()) {
    if (tokens.delete(name)) yield { ...session, tokens: new Map(tokens) };
  }
  const { refreshToken, ...grant } = session.grant;
  if (refreshToken !== undefined) yield { ...session, tokens, grant: { ...grant, refreshTokenInStore: true } };
}

/**
 * Seals a completed login into cookies. It deletes, unseen, every chunk that it does not write and the token of every API
 * for which there is none now, because the browser withholds the cookies of an earlier session from the callback. What
 * does not fit stays in the store, where there is one.
 */
export function issueSession(session: NewSession, layout: JarLayout, sealer: Sealer, around: Surroundings): Issued {
  const whole = seal(session, layout, sealer, around);
  if (whole.kind === 'fits' || around.hasStore !== true) return whole;
  for (const part of lighter(session, layout)) {
    const issued = seal(part, layout, sealer, around);
    if (issued.kind === 'fits') return issued;
  }
  return whole;
}

/**
 * Writes what has changed of a session that the browser has: its grant, and the tokens of some APIs. It deletes nothing,
 * for its answer may arrive after a later one; a value says itself how many chunks it has.
 *
 * @param apis names of those whose tokens are new to this jar
 */
export function renewSession(
  session: NewSession,
  apis: ReadonlySet<string>,
  layout: JarLayout,
  sealer: Sealer,
  around: Surroundings,
): Issued {
  const issued = issueSession(session, layout, sealer, around);
  if (issued.kind === 'too_large') return issued;
  const written = [cookie.grant, ...[...apis].map((api) => cookie.apiTokenPrefix + api)];
  const names = new Set(written.flatMap(chunkNames));
  return { kind: 'fits', cookies: issued.cookies.filter(({ name, value }) => value !== '' && names.has(name)) };
}

/**
 * Deletes everything that belongs to a session, at every path, seen or unseen. Where an answer cannot hold all of it, the
 * further chunks, which mean nothing alone, are left behind.
 */
export function endSession({ apis, logoutPath }: JarLayout, around: Surroundings): readonly SetCookie[] {
  const places: readonly (readonly [name: string, path: string])[] = [
    [cookie.session, '/'],
    [cookie.grant, '/'],
    [cookie.seen, '/'],
    [cookie.idToken, logoutPath],
    ...apis.map(({ name, path }) => [cookie.apiTokenPrefix + name, path] as const),
  ];
  const firstChunks = places.map(([name, path]) => deletion(name, path));
  const furtherChunks = places.flatMap(([name, path]) => (name === cookie.seen ? [] : deletions(name, path, 1)));
  const kept: SetCookie[] = [];
  let bytes = around.alongside.reduce((sum, one) => sum + around.setCookieBytes(one), 0);
  for (const one of [...firstChunks, ...furtherChunks]) {
    bytes += around.setCookieBytes(one);
    if (bytes <= answerBytes || kept.length < firstChunks.length) kept.push(one);
  }
  return kept;
}

/**
 * Writes the token of one group into a session that the browser does not show: its grant stays as it is, for the jar's own
 * may be newer than anything that is known here.
 *
 * @param apis names of those that share the token
 */
export function tokenCookies(
  { identity, tokens }: Pick<NewSession, 'identity' | 'tokens'>,
  apis: ReadonlySet<string>,
  layout: JarLayout,
  sealer: Sealer,
): readonly SetCookie[] {
  const binding = bindingOf(identity);
  return layout.apis.flatMap(({ name, path }) => {
    const token = apis.has(name) ? tokens.get(name) : undefined;
    if (token === undefined) return [];
    const value = { name: cookie.apiTokenPrefix + name, path, purpose: 'at' } as const;
    return valueCookies({ ...value, plaintext: encodeApiToken({ ...token, binding }) }, identity, sealer);
  });
}

/** Deletes the grant alone: where no store remembers a dead session, one without its grant is over. */
export const grantDeletions = (): readonly SetCookie[] => deletions(cookie.grant, '/');
