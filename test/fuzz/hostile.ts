/** What an attacker sends: texts, paths, header names and events made of the pieces on which readers have stumbled. */
import * as fc from 'fast-check';

/** @param text words between blanks and ends of lines */
export const namesIn = (text: string): string[] => text.trim().split(/\s+/);

/** Rarely something as long as the limits allow, and beyond: nothing but one piece, over and over. */
const endless = (piece: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(piece, fc.integer({ min: 1000, max: 9000 })).map(([text, times]) => text.repeat(times).slice(0, 50_000));

const madeOf = (piece: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 60, arbitrary: fc.array(piece, { maxLength }).map((pieces) => pieces.join('')) },
    { weight: 1, arbitrary: endless(piece) },
  );

export const anyText = fc.string({ unit: 'binary', maxLength: 12 });

const percentEncoded = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }))
  .map(([byte, times]) => `%${'25'.repeat(times)}${byte.toString(16).padStart(2, '0')}`);

/** What some server cuts off, or takes for nothing: behind two dots it makes them the folder above. */
const cutOff = namesIn(
  '; ? # . %3b %3f %23 %2e %20 %00 %09 %0a %253b %253F %2523 %2520 %25253f %c2%a0 %e3%80%80 \\ / /..',
);

const pathPieces = namesIn(`
  / / . .. /.. /../ %2e %2E%2e %2f %5c \\ % %25 25 2e %00 %c0%ae %e0%80%af %u002e ; %3b ? %3f # %23 %20 @ : +
  。 ． ／ %ef%bc%8f a orders ~ //evil.example
`);

const pathPiece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...pathPieces, ' ', '\t', '\ufffd', '\u2028') },
  { weight: 2, arbitrary: percentEncoded },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('.', '..', '..'), fc.constantFrom(...cutOff)).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: anyText },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);

/** Any path, most of them below the one that is given. */
export const pathBelow = (start: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(
        ...Array.from({ length: 4 }, () => [start, `${start}/`, `${start}/x/`]).flat(),
        `${start}x`,
        '/',
        '',
      ),
      fc.oneof(madeOf(pathPiece, 2), madeOf(pathPiece, 2), madeOf(pathPiece, 8)),
    )
    .map((parts) => parts.join(''));

export const query = madeOf(
  fc.oneof(
    fc.constantFrom(
      'a=1',
      '&',
      '=',
      '?',
      '#',
      '%23',
      '%0d%0a',
      '/../',
      '..',
      ';',
      '+',
      ' ',
      '\r\n',
      'url=//evil.example',
    ),
    fc.webQueryParameters(),
    anyText,
  ),
  6,
);

/** Writes a name in another way that a careless reader takes for the same. */
const disguises: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('k', '\u212a'),
  (name) => `${name} `,
  (name) => `${name}\t`,
  (name) => ` ${name}`,
  (name) => `${name}:`,
  (name) => `${name}\r\n${name}`,
  (name) => `${name}\u0000`,
];

export const disguised = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...names), fc.constantFrom(...disguises)).map(([name, disguise]) => disguise(name));

/** A name with only its case changed, which is the same name to everybody. */
export const inAnyCase = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...disguises.slice(1, 4)))
    .map(([name, disguise]) => disguise(name));

/** What a parser of HTTP lets through as a name and as a value. */
export const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,16}$/);
export const fieldValue = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,24}$/);

/** The `Cookie` header: names that are protected, and what may hide them. */
export const cookieHeader = madeOf(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        '__Host-Http-s=',
        '__Host-s',
        '=',
        ';',
        '; ',
        ';;',
        ' ',
        '\t',
        '\u00a0',
        '"',
        ',',
        '$Version=1',
        '%3b',
        'a=b',
        'a=b; ',
        '=c',
        '\u0000',
        '\ud800',
        '\r\n',
      ),
    },
    { weight: 1, arbitrary: anyText },
  ),
  24,
);

const junk = fc.oneof(
  fc.constantFrom<unknown>([null], ['a=b', null], { a: [null] }, { a: {} }),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    [],
    {},
    '',
    0,
    -1,
    Number.MAX_VALUE,
    5e-324,
    true,
    [null],
    [[]],
    '[object Object]',
  ),
);

/** Any value of JSON, most of them with the fields of an event holding something else than promised. */
export function eventLike(wellFormed: fc.Arbitrary<object>, fields: readonly string[]): fc.Arbitrary<unknown> {
  const changes = fc.dictionary(fc.constantFrom(...fields), junk, { maxKeys: 2 });
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(wellFormed, changes).map((parts): object => Object.assign({}, ...parts)) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...fields, '__proto__', 'constructor'), junk) },
    { weight: 1, arbitrary: junk },
  );
}
