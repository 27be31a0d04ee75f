/** Looks for secrets in an answer, in plain sight and behind the encodings that occur in text. */
import { cookie } from '../../../functions/contract/wire.ts';
import { parseKeyRing } from '../../../functions/session/keyring.ts';
import { open, type Purpose } from '../../../functions/session/sealing.ts';
import type { Browser } from './browser.ts';
import type { Exchange } from './own-answers.ts';

/** Shorter ones would be found by chance. */
const shortest = 16;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

const withoutPercents = (text: string): string =>
  Buffer.from(
    text.replaceAll(/%[\da-f]{2}/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16))),
    'latin1',
  ).toString('utf8');

const withoutEntities = (text: string): string =>
  text
    .replaceAll(/&(amp|lt|gt|quot);/g, (_, name: string) => entities[name] ?? '')
    .replaceAll(/&#(x?)([\da-f]+);/gi, (_, x: string, digits: string) =>
      String.fromCodePoint(Number.parseInt(digits, x === '' ? 10 : 16)),
    );

const withoutEscapes = (text: string): string => text.replaceAll(/\\(["\\/])/g, '$1');

/** Everything that could be base64 or base64url, decoded. */
const withoutBase64 = (text: string): string =>
  [...text.matchAll(/[\w+/-]{16,}/g)].map(([run]) => Buffer.from(run, 'base64').toString('latin1')).join('\n');

const decoders = [withoutPercents, withoutEntities, withoutEscapes, withoutBase64];

/** The text, and what it is when one or two encodings are taken off. */
function readings(text: string): readonly string[] {
  const once = decoders.map((decode) => decode(text));
  return [text, ...once, ...once.flatMap((one) => decoders.map((decode) => decode(one)))];
}

/** A token says something in each of its parts. */
const partsOf = (secret: string): readonly string[] =>
  /^[\w-]+(?:\.[\w-]*){2,}$/.test(secret) ? [secret, ...secret.split('.').slice(1)] : [secret];

/** @returns the first characters of each secret that can be read out of the text */
export function readableIn(text: string, secrets: Iterable<string>): readonly string[] {
  const all = readings(text).join('\n');
  return [...secrets]
    .flatMap(partsOf)
    .filter((part) => part.length >= shortest && all.includes(part))
    .map((part) => `${part.slice(0, 12)}…`);
}

/** The provider has to be told these, and the browser carries them there. */
const ofTheRequest = ['state', 'nonce', 'code_challenge'];

function withoutRequest(location: string): string {
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  if (url.pathname === '/authorize') for (const name of ofTheRequest) url.searchParams.delete(name);
  return url.href;
}

/** Status line, headers and body, without the cookies, which are sealed. */
export function textOf({ answer, text }: Pick<Exchange, 'answer' | 'text'>): string {
  const headers = [...answer.headers].flatMap(([name, value]) => {
    if (name === 'set-cookie') return [];
    return [`${name}: ${name === 'location' ? withoutRequest(value) : value}`];
  });
  return [`${String(answer.status)} ${answer.statusText}`, ...headers, '', text].join('\n');
}

/** What each cookie whose plaintext is JSON is sealed for, and under which name. */
const sealedAs: readonly (readonly [pattern: RegExp, purpose: Purpose, name: string])[] = [
  [/^__Host-Http-bff$/, 'session', cookie.session],
  [/^__Host-Http-bff-login-/, 'login', cookie.loginPrefix],
];

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/**
 * @param cookieKeys the ring
 * @returns every cookie of the broker, and of those that hold secrets of their own the plaintext and what it consists of
 */
export function cookieSecrets({ jar }: Pick<Browser, 'jar'>, cookieKeys: string): readonly string[] {
  const parsed = parseKeyRing(cookieKeys);
  if (parsed.kind === 'invalid') throw new Error(parsed.reason);
  return jar.flatMap(({ name, value }) => {
    const [, purpose, sealedName] = sealedAs.find(([pattern]) => pattern.test(name)) ?? [];
    if (purpose === undefined || sealedName === undefined) return [value];
    const opened = open(value, purpose, sealedName, parsed.ring);
    if (opened.kind !== 'opened') throw new Error(`${name} does not open: ${opened.kind}`);
    const text = opened.plaintext.toString();
    // The page is told the claims, and the provider at a logout the name of its own session.
    const { claims: _claims, iss: _iss, sub: _sub, sid: _sid, ...own } = JSON.parse(text) as Record<string, unknown>;
    return [value, text, ...textsIn(own).filter((one) => !one.startsWith('http') && !one.startsWith('/'))];
  });
}
