/**
 * Packs tokens into fewer bytes: the segments of a JWS or JWE as the bytes they stand for, wherever encoding these again
 * gives the identical text. Everything else stays text.
 */

/** A token as it lies in a plaintext: its end is the end of the plaintext. */
const asText = 0;
/** A JWE in compact form has five (RFC 7516, section 7.1). */
const mostSegments = 5;
const mostVarintBytes = 5;

/** @param value a whole number from 0 up to 2^32 - 1; seven bits per byte, lowest first (LEB128) */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

/** Where reading stands in a plaintext. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** @returns undefined when the bytes end too early or the number does not fit */
export function readVarint(cursor: Cursor): number | undefined {
  let value = 0;
  for (let index = 0; index < mostVarintBytes; index += 1) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) return undefined;
    cursor.at += 1;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  return undefined;
}

/** @returns where the next bytes begin; undefined when they end too early */
function take(cursor: Cursor, length: number): number | undefined {
  const start = cursor.at;
  if (start + length > cursor.bytes.length) return undefined;
  cursor.at = start + length;
  return start;
}

/** @returns undefined when the bytes end too early */
export function readBytes(cursor: Cursor, length: number): Buffer | undefined {
  const start = take(cursor, length);
  return start === undefined ? undefined : cursor.bytes.subarray(start, cursor.at);
}

/** @returns the text of the next bytes; undefined when they end too early */
export function readBase64url(cursor: Cursor, length: number): string | undefined {
  const start = take(cursor, length);
  return start === undefined ? undefined : cursor.bytes.toString('base64url', start, cursor.at);
}

/** @param token as the provider sent it */
export function packToken(token: string): Buffer {
  const texts = token.split('.');
  const segments = texts.map((text) => Buffer.from(text, 'base64url'));
  const returns = segments.every((bytes, index) => bytes.toString('base64url') === texts[index]);
  if (!returns || segments.length > mostSegments) return Buffer.concat([Buffer.from([asText]), Buffer.from(token)]);
  const lengths = segments.slice(0, -1).map((bytes) => varint(bytes.length));
  return Buffer.concat([Buffer.from([segments.length]), ...lengths, ...segments]);
}

/**
 * @param cursor where the token begins; it reaches to the end of the bytes
 * @returns the token, or undefined when the bytes hold none
 */
export function unpackToken(cursor: Cursor): string | undefined {
  const { bytes } = cursor;
  const layout = bytes[cursor.at];
  cursor.at += 1;
  if (layout === undefined || layout > mostSegments) return undefined;
  if (layout === asText) return bytes.toString('utf8', cursor.at);
  const lengths: number[] = [];
  while (lengths.length < layout - 1) {
    const length = readVarint(cursor);
    if (length === undefined) return undefined;
    lengths.push(length);
  }
  let token = '';
  for (const length of lengths) {
    const segment = readBase64url(cursor, length);
    if (segment === undefined) return undefined;
    token += `${segment}.`;
  }
  return token + bytes.toString('base64url', cursor.at);
}
