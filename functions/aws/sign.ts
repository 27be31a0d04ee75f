/** Signature Version 4 for the JSON protocols of AWS, which leave most of it constant. */
import { createHmac, createSecretKey, hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Credentials } from './credentials.ts';

/** What is signed: always a `POST` to `/`, as the JSON protocols have it. */
export interface Unsigned {
  readonly service: string;
  readonly region: string;
  /** The `Host` header of the request as it will be sent. */
  readonly host: string;
  /** For example `AmazonSSM.GetParameters`. */
  readonly target: string;
  readonly contentType: string;
  readonly body: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

const sha256 = (text: string): string => hash('sha256', text, 'hex');
const hmac = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Derived keys by what they are derived of. They hold for one day, one region and one service. */
const keys = new Map<string, KeyObject>();
const mostKeys = 8;

function signingKey(secret: string, scope: string): KeyObject {
  const of = `${secret} ${scope}`;
  const known = keys.get(of);
  if (known !== undefined) return known;
  const first = createSecretKey(`AWS4${secret}`, 'utf8');
  const key = scope.split('/').reduce((last, part) => createSecretKey(hmac(last, part)), first);
  if (keys.size >= mostKeys) keys.clear();
  keys.set(of, key);
  return key;
}

/** @param headers lower-case name → value, sorted by name */
function canonicalRequest(headers: Readonly<Record<string, string>>, names: string, body: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return ['POST', '/', '', lines.join(''), names, sha256(body)].join('\n');
}

/**
 * @param nowMs milliseconds since the epoch
 * @returns the headers to send besides `Host` and `Content-Length`
 */
export function sign(request: Unsigned, credentials: Credentials, nowMs: number): Record<string, string> {
  const { service, region, host, target, contentType, body } = request;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const date = new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const amz = {
    'x-amz-date': date,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    'x-amz-target': target,
  };
  const length = String(Buffer.byteLength(body));
  const signed = { 'content-length': length, 'content-type': contentType, host, ...amz };
  const names = Object.keys(signed).join(';');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, date, scope, sha256(canonicalRequest(signed, names, body))].join('\n');
  const signature = hmac(signingKey(secretAccessKey, scope), toSign).toString('hex');
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { 'content-type': contentType, ...amz, authorization };
}
