/**
 * Seals a value into a compact JWE (RFC 7516, section 7.1; `dir` with `A256GCM`, RFC 7518, sections 4.5 and 5.3) and opens it again. Purpose and
 * cookie name are bound by the key, the format, the purpose and the number of chunks by the protected header.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../contract/units.ts';
import type { KeyRing, RingKey } from './keyring.ts';

/** What a sealed value is for. A value sealed for one purpose opens for no other. */
export type Purpose = 'session' | 'grant' | 'at' | 'seen' | 'idt' | 'return' | 'report' | 'login' | 'tokens' | 'step';

/** @param bytes how many */
export type RandomBytes = (bytes: number) => Buffer;

/** What sealing needs besides the value. */
export interface Sealer {
  readonly ring: KeyRing;
  readonly now: EpochSeconds;
  readonly random: RandomBytes;
}

/** What is sealed, and where it will lie. */
export interface Plain {
  readonly purpose: Purpose;
  /** The name of the cookie or row, or the constant part of it; never a text that a request chose. */
  readonly name: string;
  readonly plaintext: Buffer;
  /** What nobody but the browser keeps: then the ring alone opens nothing. */
  readonly secret?: Buffer;
}

/** What became of a sealed value. Only `opened` was authenticated; the others say what its header claims. */
export type Opened =
  | { readonly kind: 'opened'; readonly plaintext: Buffer; readonly version: number }
  | { readonly kind: 'unknown_key'; readonly kid: string }
  | { readonly kind: 'newer_format'; readonly version: number }
  | { readonly kind: 'invalid' };

interface Header {
  readonly kid: string;
  readonly version: number;
  readonly purpose: string;
  readonly chunks: number;
  /** The additional authenticated data: the header's own text (RFC 7516, section 5.1, step 14). */
  readonly aad: Buffer;
}

/** What a header says before anything has been authenticated. */
type ReadHeader = Header | Exclude<Opened, { kind: 'opened' | 'unknown_key' }>;

/** How each format that can be opened labels its keys. */
const keyLabels: ReadonlyMap<number, string> = new Map([[1, 'token-broker cookie 1']]);
const newestFormat = Math.max(...keyLabels.keys());
/** A release seals what the release before it can open, so that a roll-back finds no value it cannot read. */
const sealingFormat = 1;

/** A value is cut into at most this many cookies. */
export const mostChunks = 3;

const ivBytes = 12;
const tagBytes = 16;
/** The one text of so many bytes: no padding, no other alphabet, no loose bits (RFC 4648, section 3.5). */
const ivText = /^[\w-]{16}$/;
const tagText = /^[\w-]{21}[AQgw]$/;
const compactParts = 5;
const cipher = 'aes-256-gcm';
const headerFields: ReadonlySet<string> = new Set(['alg', 'enc', 'kid', 'v', 'p', 'n']);
const invalid: Opened & { readonly kind: 'invalid' } = { kind: 'invalid' };

/** Headers of values that have been opened, by their text; the few that occur are decoded once. */
const headers = new Map<string, Header>();
const mostHeaders = 64;

const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3);

/** @returns undefined unless the text is the one text of its bytes */
function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function derivedKey(
  key: RingKey,
  version: number,
  { purpose, name, secret }: Omit<Plain, 'plaintext'>,
): KeyObject | undefined {
  const label = keyLabels.get(version);
  if (label === undefined) return undefined;
  const derived = key.derive(`${label}\0${purpose}\0${name}`);
  return secret === undefined ? derived : createSecretKey(createHmac('sha256', derived).update(secret).digest());
}

const headerText = (kid: string, purpose: Purpose, chunks: number): string => {
  const fields = { alg: 'dir', enc: 'A256GCM', kid, v: sealingFormat, p: purpose };
  return Buffer.from(JSON.stringify(chunks > 1 ? { ...fields, n: chunks } : fields)).toString('base64url');
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(decodeBase64url(text)?.toString() ?? '');
  } catch {
    return undefined;
  }
}

function parseHeader(text: string): ReadHeader {
  const header = parseJson(text);
  if (typeof header !== 'object' || header === null) return invalid;
  const { alg, enc, kid, v, p, n = 1 } = header as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(v)) return invalid;
  const version = v as number;
  if (version > newestFormat) return { kind: 'newer_format', version };
  if (alg !== 'dir' || enc !== 'A256GCM' || typeof kid !== 'string' || typeof p !== 'string') return invalid;
  if (!Number.isInteger(n) || (n as number) < 1 || (n as number) > mostChunks) return invalid;
  if (!Object.keys(header).every((field) => headerFields.has(field))) return invalid;
  return { kid, version, purpose: p, chunks: n as number, aad: Buffer.from(text) };
}

/** The header of a sealed value or of its first chunk. */
const readHeader = (text: string): ReadHeader => headers.get(text) ?? parseHeader(text);

/** The key is a text of its own: a slice would keep the whole cookie in memory. */
function remember(header: Header): void {
  if (headers.size >= mostHeaders) headers.clear();
  headers.set(header.aad.toString(), header);
}

/**
 * @param first a sealed value, or the first of its chunks
 * @returns how many chunks it says there are; 1 where it says nothing that can be used
 */
export function chunksOf(first: string): number {
  const header = readHeader(first.slice(0, first.indexOf('.')));
  return 'kind' in header ? 1 : header.chunks;
}

/** @returns how many characters `seal` will give, without sealing */
export function sealedLength(value: Plain, chunks: number, { ring, now }: Sealer): number {
  const header = headerText(ring.sealingAt(now).kid, value.purpose, chunks).length;
  const parts = [ivBytes, value.plaintext.length, tagBytes].reduce(
    (sum, bytes) => sum + base64urlLength(bytes),
    header,
  );
  return parts + compactParts - 1;
}

/**
 * @param chunks how many cookies the text will be cut into
 * @returns a compact JWE
 */
export function seal(value: Plain, chunks: number, { ring, now, random }: Sealer): string {
  const { purpose, plaintext } = value;
  const ringKey = ring.sealingAt(now);
  const key = derivedKey(ringKey, sealingFormat, value);
  if (!key) throw new Error('the sealing format has no key label');
  const header = headerText(ringKey.kid, purpose, chunks);
  const iv = random(ivBytes);
  const sealing = createCipheriv(cipher, key, iv, { authTagLength: tagBytes });
  sealing.setAAD(Buffer.from(header, 'ascii'));
  const ciphertext = Buffer.concat([sealing.update(plaintext), sealing.final()]);
  const tag = sealing.getAuthTag();
  return `${header}..${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`;
}

/** @returns undefined unless every byte is the one that was sealed */
function decrypt(key: KeyObject, aad: Buffer, iv: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | undefined {
  // Without authTagLength, node would accept a tag cut down to four bytes.
  const opening = createDecipheriv(cipher, key, iv, { authTagLength: tagBytes });
  opening.setAAD(aad);
  opening.setAuthTag(tag);
  const plaintext = opening.update(ciphertext);
  try {
    opening.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/**
 * Opens a compact JWE made by `seal`, or by any JOSE library with the same key and header.
 *
 * @param text the whole value, chunks put together
 * @param purpose and `name` what it was sealed for; anything else is `invalid`
 */
export function open(text: string, purpose: Purpose, name: string, ring: KeyRing, secret?: Buffer): Opened {
  const parts = text.split('.', compactParts + 1);
  const [headerPart = '', encryptedKey, ivPart = '', ciphertextPart = '', tagPart = ''] = parts;
  const header = readHeader(headerPart);
  if ('kind' in header) return header;
  if (parts.length !== compactParts || encryptedKey !== '' || header.purpose !== purpose) return invalid;
  if (!ivText.test(ivPart) || !tagText.test(tagPart)) return invalid;
  const ciphertext = decodeBase64url(ciphertextPart);
  if (!ciphertext) return invalid;
  const ringKey = ring.find(header.kid);
  if (!ringKey) return { kind: 'unknown_key', kid: header.kid };
  const key = derivedKey(ringKey, header.version, secret ? { purpose, name, secret } : { purpose, name });
  const [iv, tag] = [Buffer.from(ivPart, 'base64url'), Buffer.from(tagPart, 'base64url')];
  const plaintext = key && decrypt(key, header.aad, iv, ciphertext, tag);
  if (!plaintext) return invalid;
  if (!headers.has(headerPart)) remember(header);
  return { kind: 'opened', plaintext, version: header.version };
}
