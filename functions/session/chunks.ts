/** Lays a sealed value into one to three cookies and finds it there again, whatever else the browser sends under these names. */
import type { Cookies } from '../http/message.ts';
import { chunksOf, mostChunks, open, seal, sealedLength } from './sealing.ts';
import type { Opened, Plain, Purpose, Sealer } from './sealing.ts';
import type { KeyRing } from './keyring.ts';

/** Bytes of a chunk with its name; browsers drop cookies whose name and value exceed 4,096. */
const chunkBytes = 4000;
/** Values of one name that are tried where a sibling domain can plant some. */
const mostValues = 4;

/** The names that a value may occupy. */
export const chunkNames = (name: string): readonly string[] =>
  Array.from({ length: mostChunks }, (_, index) => (index === 0 ? name : `${name}.${index}`));

/**
 * @param name the cookie's name
 * @returns the chunks in order; more than three when the value is too large for cookies
 */
export function sealChunks(name: string, purpose: Purpose, plaintext: Buffer, sealer: Sealer): readonly string[] {
  const plain: Plain = { purpose, name, plaintext };
  const room = chunkBytes - `${name}.0=`.length;
  const isWhole = sealedLength(plain, 1, sealer) <= room;
  const count = isWhole ? 1 : Math.ceil(sealedLength(plain, mostChunks, sealer) / room);
  const text = seal(plain, count, sealer);
  return Array.from({ length: count }, (_, index) => text.slice(index * room, (index + 1) * room));
}

/** Every way to put one value of each chunk together, few and bounded. */
function combinations(cookies: Cookies, name: string, first: string): readonly string[] {
  const count = chunksOf(first);
  if (count === 1) return [first];
  const further = chunkNames(name).slice(1, count);
  return further.reduce<readonly string[]>(
    (texts, chunk) => {
      const values = cookies.all(chunk).slice(0, mostValues);
      return texts.flatMap((text) => values.map((value) => text + value));
    },
    [first],
  );
}

/**
 * @param names every chunk's name, under none of which anybody but this host can set a cookie
 * @returns the first that occurs twice: then nobody can say which value is ours
 */
export const ambiguousName = (cookies: Cookies, names: readonly string[]): string | undefined =>
  names.find((name) => cookies.all(name).length > 1);

/**
 * Opens what lies under a name that only this host can set.
 *
 * @returns undefined when there is no such cookie
 */
export function openCookie(cookies: Cookies, name: string, purpose: Purpose, ring: KeyRing): Opened | undefined {
  const [first] = cookies.all(name);
  if (first === undefined) return undefined;
  const [text] = combinations(cookies, name, first);
  return text === undefined ? { kind: 'invalid' } : open(text, purpose, name, ring);
}

/** Opens what lies under a name that a sibling domain can set as well: every one of up to four values. */
export function openCandidates(cookies: Cookies, name: string, purpose: Purpose, ring: KeyRing): readonly Opened[] {
  const opened: Opened[] = [];
  for (const first of cookies.all(name).slice(0, mostValues)) {
    for (const text of combinations(cookies, name, first)) opened.push(open(text, purpose, name, ring));
  }
  return opened;
}
