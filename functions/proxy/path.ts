/**
 * The path of a request, taken apart once. The same segments decide the route and are what the API receives, and whatever
 * a server further on could read in another way than we do is refused.
 */
import type { HttpRequest } from '../http/message.ts';

/** A path that can be read in one way only. */
export interface CanonicalPath {
  readonly kind: 'path';
  /** Decoded; none is empty. */
  readonly segments: readonly string[];
  readonly trailingSlash: boolean;
  /** The segments as they are sent, after one slash each, and the slash at the end where there was one. */
  readonly encoded: string;
}

/** Fit for a log line: none repeats what was sent. */
export type PathRefusal =
  | 'not_absolute'
  | 'empty_segment'
  | 'dot_segment'
  | 'separator'
  | 'control_character'
  | 'encoding_invalid'
  | 'encoded_twice';

export type PathReading = CanonicalPath | { readonly kind: 'refused'; readonly reason: PathRefusal };

/** Most paths: nothing to decode, nothing to encode, and no segment begins with a dot. */
const plain = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\/?$/;

/**
 * What stands for itself in a segment (RFC 3986, section 3.3) but for `+` and `;`: a server that reads forms takes one for
 * a space, one that knows path parameters cuts at the other.
 */
const encodedByUs = /[^A-Za-z0-9\-._~!$&'()*,=:@]+/g;

/** C0, DEL and C1. */
const controls = /\p{Cc}/u;
const separators = /[/\\]/;
const delimiters = /[?#]/;
/**
 * `..;x` is `..` to servers that cut path parameters off, `..?x` and `..#x` are to those that decode before they look for
 * the query, and spaces at the end are nothing to some file systems.
 */
const dots = /^\.\.?(?:[\s;?#]|%2[03]|%3[bf]|$)/i;

/**
 * After one decoding, escapes are left: the segment was encoded twice. Only escapes of punctuation pass, because no number
 * of further decodings turns them into a dot, a separator, a control character or another escape.
 */
const dangerousEscape = /%(?!2[0-46-9a-d]|3[a-f]|40|5[bd-f]|60|7[b-e])[0-9a-f]{2}/i;

/** @returns undefined where an escape is incomplete, or the bytes are not UTF-8 in its shortest form (RFC 3629, section 3) */
function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** @param text a segment after one decoding */
function refusalOf(text: string): PathRefusal | undefined {
  if (text === '') return 'empty_segment';
  if (separators.test(text)) return 'separator';
  if (controls.test(text)) return 'control_character';
  if (dots.test(text)) return 'dot_segment';
  if (dangerousEscape.test(text)) return 'encoded_twice';
  // What a gateway puts in the place of bytes that it could not decode.
  return !text.isWellFormed() || text.includes('\ufffd') ? 'encoding_invalid' : undefined;
}

const refused = (reason: PathRefusal): PathReading => ({ kind: 'refused', reason });

/** @param text without lone surrogates */
const encode = (text: string): string => text.replace(encodedByUs, encodeURIComponent);

/**
 * Reads a path in time linear in its length.
 *
 * @param request `encoded` paths are decoded once; in a `decoded` one every character stands for itself, and separators
 *   that the client had encoded cannot be told from others
 */
export function readPath({ path, pathEncoding }: Pick<HttpRequest, 'path' | 'pathEncoding'>): PathReading {
  if (!path.startsWith('/')) return refused('not_absolute');
  const trailingSlash = path.length > 1 && path.endsWith('/');
  const raw = path === '/' ? [] : path.slice(1, trailingSlash ? -1 : undefined).split('/');
  if (plain.test(path)) return { kind: 'path', segments: raw, trailingSlash, encoded: path };
  if (pathEncoding === 'encoded' && delimiters.test(path)) return refused('encoding_invalid');

  const segments: string[] = [];
  let encoded = '';
  for (const segment of raw) {
    const text = pathEncoding === 'encoded' ? decode(segment) : segment;
    if (text === undefined) return refused('encoding_invalid');
    const reason = refusalOf(text);
    if (reason !== undefined) return refused(reason);
    segments.push(text);
    encoded += `/${encode(text)}`;
  }
  return { kind: 'path', segments, trailingSlash, encoded: trailingSlash || encoded === '' ? `${encoded}/` : encoded };
}
