/**
 * A provider that answers as fast as it can, or exactly as slowly as it is told, with tokens of a given size: what is
 * measured is the broker. It checks nothing; the tests run against one that does.
 */
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, readBody, shut } from '../../../infra/local/loopback.ts';

export interface Provider {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** How long each token request took from its arrival to its answer, in milliseconds. */
  readonly tokenRequestsMs: number[];
  /** Requests of any kind. */
  requests: number;
  /** How long a token answer is held back. */
  delayMs: number;
  accessTokenSeconds: number;
  /** How long the newest access token is, in characters. */
  tokenCharacters: number;
  /** @param location where a login leads @returns the query with which the provider sends the browser back */
  authorize(location: string): string;
  close(): Promise<void>;
}

/** What is remembered of a login, and later of its refresh token. */
interface Granted {
  readonly audience: string;
  readonly scope: string;
  readonly nonce: string;
}

/** The length that access tokens have, in characters, give or take two. */
const wantedCharacters = 1024;

const kid = 'bench';
const clientId = 'token-broker';

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(key: KeyObject, claims: object): string {
  const input = `${encoded({ alg: 'RS256', typ: 'JWT', kid })}.${encoded(claims)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(key, 'base64url')}`;
}

/** Fills a JWT up until it has the length that is wanted, give or take two characters. */
function signToLength(key: KeyObject, claims: object, characters: number): string {
  const missing = characters - sign(key, { ...claims, fill: '' }).length;
  return sign(key, { ...claims, fill: 'x'.repeat(Math.max(0, Math.round((missing * 3) / 4))) });
}

const now = (): number => Math.floor(Date.now() / 1000);

export async function startProvider(): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, Granted>();
  const grants = new Map<string, Granted>();

  function accessToken({ audience, scope }: Granted): string {
    const claims = {
      iss: provider.issuer,
      sub: 'auth0|alice',
      aud: audience,
      azp: clientId,
      scope,
      iat: now(),
      exp: now() + provider.accessTokenSeconds,
    };
    const token = signToLength(privateKey, claims, wantedCharacters);
    provider.tokenCharacters = token.length;
    return token;
  }

  const idToken = ({ nonce }: Granted): string =>
    sign(privateKey, {
      iss: provider.issuer,
      sub: 'auth0|alice',
      aud: clientId,
      nonce,
      iat: now(),
      exp: now() + 36_000,
      sid: 'provider-session',
      name: 'Alice Example',
      email: 'alice@example.com',
      picture: 'https://www.example.com/portraits/alice.png',
    });

  function tokens(form: URLSearchParams): object | undefined {
    const code = form.get('code');
    const found = code === null ? grants.get(form.get('refresh_token') ?? '') : codes.get(code);
    if (found === undefined) return undefined;
    const granted = { ...found, audience: form.get('audience') ?? found.audience };
    const refreshToken = `v1.${randomBytes(32).toString('base64url')}`;
    grants.set(refreshToken, found);
    return {
      access_token: accessToken(granted),
      token_type: 'Bearer',
      expires_in: provider.accessTokenSeconds,
      scope: granted.scope,
      refresh_token: refreshToken,
      id_token: idToken(granted),
    };
  }

  async function answerTo(request: IncomingMessage): Promise<object | undefined> {
    const arrivedAt = performance.now();
    const body = await readBody(request);
    if (request.url === '/.well-known/openid-configuration') return metadata(provider.issuer);
    if (request.url === '/jwks')
      return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] };
    if (request.url !== '/token') return {};
    const answer = tokens(new URLSearchParams(body.toString()));
    const left = provider.delayMs - (performance.now() - arrivedAt);
    if (left > 0) await sleep(left);
    provider.tokenRequestsMs.push(performance.now() - arrivedAt);
    return answer;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    provider.requests += 1;
    const answer = await answerTo(request);
    const [status, json] = answer === undefined ? [400, { error: 'invalid_grant' }] : [200, answer];
    const text = JSON.stringify(json);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const origin = await listen(server);
  const provider: Provider = {
    issuer: `${origin}/`,
    tokenEndpoint: `${origin}/token`,
    jwksUri: `${origin}/jwks`,
    tokenRequestsMs: [],
    requests: 0,
    delayMs: 0,
    accessTokenSeconds: 300,
    tokenCharacters: 0,
    authorize(location) {
      const { searchParams: asked } = new URL(location);
      const code = randomBytes(24).toString('base64url');
      codes.set(code, {
        audience: asked.get('audience') ?? '',
        scope: asked.get('scope') ?? '',
        nonce: asked.get('nonce') ?? '',
      });
      return new URLSearchParams({ code, state: asked.get('state') ?? '', iss: provider.issuer }).toString();
    },
    close: async () => shut(server),
  };
  return provider;
}

const metadata = (issuer: string): object => ({
  issuer,
  authorization_endpoint: `${issuer}authorize`,
  token_endpoint: `${issuer}token`,
  jwks_uri: `${issuer}jwks`,
  revocation_endpoint: `${issuer}revoke`,
  end_session_endpoint: `${issuer}logout`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  authorization_response_iss_parameter_supported: true,
});
