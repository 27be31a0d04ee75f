/** Signature Version 4 for the JSON protocols of AWS. */
import aws4 from 'aws4';
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

/**
 * @param nowMs milliseconds since the epoch
 * @returns the headers to send besides `Host` and `Content-Length`
 */
export function sign(request: Unsigned, credentials: Credentials, nowMs: number): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': request.contentType,
    'x-amz-target': request.target,
    'x-amz-date': new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const signed = aws4.sign(
    {
      service: request.service,
      region: request.region,
      method: 'POST',
      path: '/',
      headers: { host: request.host, 'content-length': Buffer.byteLength(request.body), ...headers },
      body: request.body,
    },
    { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
  );
  return { ...headers, authorization: String(signed.headers?.['Authorization']) };
}
